#!/bin/sh
# includes.sh - arrows point down. Every #include of one folder's header by another folder must go
# to a lower floor (docs/architecture.md); public headers have the floor of what they declare.
cd "${srcdir:-.}" || exit 99
floor() {
  case $1 in
  core) echo 1 ;;
  simd | audio | format | midi) echo 2 ;;
  dsp | la) echo 3 ;;
  nn | nmf) echo 4 ;;
  model) echo 5 ;;
  explain | sep | train) echo 6 ;;
  lime | attrib | attention | l2i | inn | eval | report) echo 7 ;;
  cli) echo 8 ;;
  *) echo 0 ;;
  esac
}
# Public headers by the folder whose nouns they declare.
owner() {
  case $1 in
  core.h) echo core ;; audio.h) echo audio ;; dsp.h) echo dsp ;; bundle.h) echo format ;; net.h) echo nn ;; nmf.h) echo nmf ;;
  model.h) echo model ;; explain.h) echo explain ;; train.h) echo train ;; attrib.h | perturb.h) echo attrib ;; eval.h | fidelity.h) echo eval ;; sep.h) echo sep ;; auscult.h) echo cli ;;
  core.h) echo core ;; audio.h) echo audio ;; dsp.h) echo dsp ;; bundle.h) echo format ;; net.h) echo nn ;; nmf.h) echo nmf ;; midi.h) echo midi ;;
  model.h) echo model ;; explain.h) echo explain ;; train.h) echo train ;; attrib.h | perturb.h) echo attrib ;; eval.h) echo eval ;; sep.h) echo sep ;; auscult.h) echo cli ;;
  model.h) echo model ;; explain.h) echo explain ;; train.h) echo train ;; l2i.h) echo l2i ;; attrib.h | perturb.h) echo attrib ;; eval.h) echo eval ;; sep.h) echo sep ;; auscult.h) echo cli ;;
  model.h) echo model ;; explain.h | global.h) echo explain ;; train.h) echo train ;; attrib.h | perturb.h) echo attrib ;; eval.h) echo eval ;; sep.h) echo sep ;; auscult.h) echo cli ;;
  *) echo unknown ;;
  esac
}
bad=0 seen=0
complain() { bad=$((bad + 1)); echo "not ok - $1"; }
list=$(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' src include --include='*.[ch]' --include='*.inc' --include='*.def' |
  sed -nE 's/^([^:]*):[0-9]+:[^"<]*["<]([^">]*)[">].*/\1 \2/p')
while read -r file header; do
  case $file in
  src/*) from=${file#src/} from=${from%%/*} ;;
  include/auscult/*) from=$(owner "${file##*/}") ;;
  esac
  case $header in
  auscult/*) to=$(owner "${header#auscult/}") ;;
  */*) to=${header%%/*}; [ -d "src/$to" ] || continue ;; # a system header such as sys/stat.h
  *) continue ;;
  esac
  seen=$((seen + 1))
  [ "$from" = "$to" ] && continue
  a=$(floor "$from") b=$(floor "$to")
  if [ "$a" = 0 ]; then complain "$file: folder $from has no floor"
  elif [ "$b" = 0 ]; then complain "$file: $header has no floor"
  elif [ "$b" -ge "$a" ]; then complain "$file (floor $a, $from) includes $header (floor $b, $to)"
  fi
done <<EOF
$list
EOF
[ "$seen" -gt 20 ] || complain "only $seen includes seen: is srcdir right?"
[ $bad = 0 ] && echo "ok - $seen includes point down"
exit $((bad > 0))
