# lib.sh - what the scripts share: packages, where to build. Sourced, never run.

# say TEXT: one line for people, on stderr.
say() { printf '%s\n' "== $*" >&2; }

# need_packages NAME...: installs the Debian packages that are missing, when this is a Debian where we
# may (root, or sudo without a password). Returns 1 when some are still missing afterwards.
need_packages() {
  command -v dpkg-query >/dev/null 2>&1 || return 0 # not Debian: configure will say what it lacks
  missing=
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ]; then
    as_root=
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=sudo
  else
    say "missing packages:$missing (run: apt-get install$missing)"
    return 1
  fi
  say "installing$missing"
  # shellcheck disable=SC2086
  {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
      $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
  } >&2 || { say "could not install$missing"; return 1; }
}

# What the build itself needs, what the fast tests add, what the full run adds.
build_packages="autoconf automake libtool make gcc libc6-dev pkg-config"
sound_packages="libsndfile1-dev"
test_packages="libcmocka-dev g++ mandoc python3 python3-numpy"
full_packages="ccache clang musl-tools valgrind gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user sox
  python3-mido python3-scipy python3-torch python3-sklearn python3-h5py python3-onnx libonnx-testdata chromium"

# The tools that exports are for, and what opens them without a screen (tests/exports).
export_packages="praat sonic-visualiser xvfb python3-pandas python3-jsonschema python3-mido"

# cpu_seconds: reads what `times` says, gives the seconds that children have used (comparable where the machine is shared).
cpu_seconds() { awk 'NR == 2 { n = split($0, t, /[ ms]+/); printf "%.0f", t[1] * 60 + t[2] + t[3] * 60 + t[4] }'; }

# find_build: sets BUILD, where the program is built (what the environment says, else build/, else the sources themselves), and work, where studies put
# what they make; says so and ends where nothing is built.
find_build() {
  [ -n "${BUILD-}" ] || BUILD=$top/build
  [ -f "$BUILD/Makefile" ] || [ ! -f "$top/Makefile" ] || [ "$BUILD" != "$top/build" ] || BUILD=$top
  work=$BUILD
  [ "$BUILD" != "$top" ] || work=$top/build
  [ -f "$BUILD/Makefile" ] || { say "nothing is built in $BUILD: run scripts/demo, or ./configure && make, or say where by BUILD=FOLDER"; exit 1; }
}

jobs=$(nproc 2>/dev/null || echo 2)

# configured DIR ARGS...: a build directory at DIR, configured with ARGS unless it was already.
configured() {
  dir=$1
  shift
  [ -x "$top/configure" ] && [ -z "$(find "$top/configure.ac" "$top/Makefile.am" "$top/m4" -newer "$top/configure" -name '*.[am][cm4]*' | head -1)" ] ||
    (cd "$top" && ./autogen.sh) >&2 || return 1
  mkdir -p "$dir"
  [ -f "$dir/Makefile" ] || (cd "$dir" && "$top/configure" -q "$@") >&2
}

# in_parts COMMAND...: PARTS (1) of it at once, each told its own by --part K/PARTS, on one thread (FluidSynth would start one per core, and spin); fails when one of them does
in_parts() {
  parts=${PARTS:-1} k=0 pids=
  while [ $k -lt "$parts" ]; do
    OMP_NUM_THREADS=1 nice -n 5 "$@" --part "$k/$parts" &
    pids="$pids $!" k=$((k + 1))
  done
  for p in $pids; do wait "$p" || return 1; done
}
