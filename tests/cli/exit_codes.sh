#!/bin/sh
# exit_codes.sh - every documented exit code, and the table of bad inputs: one clear line, no crash, nothing half-written.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$demo/song.wav model=$demo/demo.aus

# -- 2: bad usage
$auscult >out 2>err
check "no command: exit 2, and the overview on stderr" test $? = 2 -a -s err -a ! -s out
exits 2 "unknown command" frobnicate
exits 2 "unknown option" predict "$song" -m "$model" --frobnicate
exits 2 "no operand" predict -m "$model"
exits 2 "too many operands" explain "$song" "$song" -m "$model"
exits 2 "no model" predict "$song"
exits 2 "two models" predict "$song" -m "$model" --model-cmd cat
exits 2 "value missing" predict "$song" -m
exits 2 "not a number" predict "$song" -m "$model" --top ten
exits 2 "number out of range" explain "$song" -m "$model" --seed -1
exits 2 "unknown choice" explain "$song" -m "$model" --surrogate linear
exits 2 "no such target" explain "$song" -m "$model" --target trombone
exits 2 "target index out of range" explain "$song" -m "$model" --target 5
exits 2 "bad segments" explain "$song" -m "$model" --segments 3,2,1
exits 2 "bad tiles" explain "$song" -m "$model" --method slime --tiles 4
exits 2 "bad samples" explain "$song" -m "$model" --samples some
exits 2 "stems and separator" explain "$song" -m "$model" --stems "$demo/stems" --separator hpss
exits 2 "stems with slime" explain "$song" -m "$model" --method slime --stems "$demo/stems"
exits 2 "separate without --out" separate "$song"
exits 2 "model alone" model
exits 2 "l2i alone" l2i
exits 2 "a word that l2i does not have" l2i sing
exits 0 "l2i --help" l2i --help
check "it lists what there is" test "$(grep -c '^  l2i ' out)" = 4
exits 2 "model run without --out" model run "$model"
exits 2 "model run without input" model run "$model" --out run
exits 2 "model embed to a bad symbol" model embed "$model" --out w.c --symbol 1x
exits 2 "help on nothing" help frobnicate

# -- 3: unreadable or invalid input
: >empty.wav
head -c 1000 "$song" >truncated.wav
head -c 30 "$song" >header.wav
cp "$song" magic.wav
printf 'JUNK' | dd of=magic.wav conv=notrunc 2>/dev/null
# RIFF WAVE fmt: PCM, 0 channels
printf 'RIFF\050\000\000\000WAVEfmt \020\000\000\000\001\000\000\000\200\076\000\000\000\175\000\000\002\000\020\000data\004\000\000\000\000\000\000\000' >zero_channels.wav
# float32 with one NaN
printf 'RIFF\050\000\000\000WAVEfmt \020\000\000\000\003\000\001\000\200\076\000\000\000\372\000\000\004\000\040\000data\004\000\000\000\000\000\300\177' >nan.wav
printf 'RIFF\044\000\000\000WAVEfmt \020\000\000\000\001\000\001\000\200\076\000\000\000\175\000\000\002\000\020\000data\000\000\000\000' >no_samples.wav
exits 3 "no such audio" predict nowhere.wav -m "$model"
for f in empty truncated header magic zero_channels nan no_samples; do
  [ $f = truncated ] && continue # a WAV whose data ends early: below
  exits 3 "$f.wav" predict $f.wav -m "$model"
  check "$f.wav is named" grep -q "$f.wav" err
done
exits 3 "empty standard input" predict - -m "$model"
exits 3 "a directory as audio" predict . -m "$model"
exits 3 "no such model" predict "$song" -m nowhere.aus
exits 3 "audio as model" predict "$song" -m "$song"
: >empty.aus
exits 3 "empty model" predict "$song" -m empty.aus
size=$(wc -c <"$model")
head -c $((size / 2)) "$model" >short.aus
exits 3 "truncated model" predict "$song" -m short.aus
# One bit flipped, at places all over the file: never accepted, never a crash.
flips=0 caught=0
for at in 0 9 17 25 45 61 100 $((size / 5)) $((size / 3)) $((size / 2)) $((size * 2 / 3)) $((size - 100)) $((size - 1)); do
  cp "$model" flipped.aus
  byte=$(od -An -tu1 -j $at -N 1 "$model" | tr -d ' ')
  # shellcheck disable=SC2059
  printf "\\$(printf %03o $((byte ^ 16)))" | dd of=flipped.aus bs=1 seek=$at conv=notrunc 2>/dev/null
  $auscult predict "$song" -m flipped.aus >out 2>err
  code=$?
  flips=$((flips + 1))
  # A flip in the padding between sections is caught too: those bytes must be zero.
  # Another version in the header is refused as such (4); everything else as damage (3).
  { [ $code = 3 ] || { [ $code = 4 ] && grep -q version err; }; } && [ "$(wc -l <err)" = 1 ] && caught=$((caught + 1)) || { echo "    byte $at: exit $code"; sed 's/^/    /' err; }
done
check "bit flips in the weights are refused: $caught of $flips" test $caught = $flips
mkdir -p nothing hidden shorter
printf 'no sound\n' >nothing/readme.txt
exits 3 "no such stems folder" explain "$song" -m "$model" --stems nowhere
exits 3 "a stems folder without a stem" explain "$song" -m "$model" --stems nothing
cp empty.wav hidden/drums.wav
exits 3 "a stems folder with no readable stem" explain "$song" -m "$model" --stems hidden
cp "$demo"/stems/*.wav shorter/
$auscult separate "$song" --out s --duration 3 >/dev/null 2>&1
cp s/harmonic.wav shorter/organ.wav
exits 3 "a stem of another length" explain "$song" -m "$model" --stems shorter
check "the stem is named" grep -q organ err
exits 3 "a separator that is not one" explain "$song" -m "$model" --separator "$song"
exits 3 "an array that is not one" model run "$model" --input "logmel=$song" --out run
check "nothing was written" test ! -e run

# -- 1: failed while running
mkdir -p full
exits 0 "first explanation" explain "$song" -m "$model" --target drums --out full --report full/r.html
before=$(cat full/*.wav full/r.html | cksum)
exits 1 "existing report" explain "$song" -m "$model" --target drums --report full/r.html
exits 1 "existing parts" explain "$song" -m "$model" --target drums --out full
exits 1 "existing separation" separate "$song" --out full
check "what existed is as it was" test "$before" = "$(cat full/*.wav full/r.html | cksum)"
exits 0 "--force replaces" explain "$song" -m "$model" --target drums --out full --report full/r.html --force
exits 1 "output in no folder" explain "$song" -m "$model" --target drums --report nowhere/r.html
exits 1 "parts where a file is" explain "$song" -m "$model" --target drums --out "$song"
$auscult predict "$song" --model-cmd /nowhere/model >out 2>err
check "a model command that is not there: exit 1" test $? = 1
check "it is said" grep -q '^auscult: the model program ended' err
exits 1 "a model command that says nothing" predict "$song" --model-cmd true
exits 1 "a model command that talks nonsense" predict "$song" --model-cmd 'echo hello; cat >/dev/null'
if [ -w /dev/full ]; then
  $auscult explain "$song" -m "$model" --target drums >/dev/full 2>err
  check "a full disk under stdout is a failure" test $? = 1
fi

# -- 4: the model cannot do what is asked
exits 4 "a classifier as separator" separate "$song" --separator "$model" --out sep4
check "nothing was written" test ! -e sep4

# -- no left-overs
check "no temporary file is left" sh -c '[ -z "$(find . -name ".*part*" -o -name "*.part*" | head -1)" ]'

# -- a WAV whose header promises more than there is: read, and said so; or refused; never silently whole
$auscult predict truncated.wav -m "$model" >out 2>err
code=$?
if [ $code = 0 ]; then check "a truncated WAV is remarked on" grep -qiE 'warning|note' err; else check "a truncated WAV is refused" test $code = 3; fi
finish
