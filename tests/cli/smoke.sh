#!/bin/sh
# smoke.sh - the main job on the demo, start to end.
. "${srcdir:-.}/tests/cli/lib.sh"

exits 0 "version" --version
check "the version is the package's" grep -qx "auscult $(sed -n 's/^Version: //p' "$build/auscult.pc")" out
exits 0 "help" help
exits 0 "predict" predict "$demo/song.wav" -m "$demo/demo.aus"
check "predict shows all five" sh -c "[ \$(grep -cE '^ +[0-9]' out) = 5 ]"
exits 0 "explain with stems" explain "$demo/song.wav" -m "$demo/demo.aus" --stems "$demo/stems" --target top5 --out parts --report page.html
# The model was fitted to these instruments: each one's largest Shapley value must be its own stem's.
awk '
  /^[a-z]+  [0-9]/ { target = $1; first = 1; next }
  /^  component/ { rows = 1; next }
  /^  fit:/ { rows = 0 }
  rows && first { if ($1 == target) right++; first = 0; seen++ }
  END { print right + 0, seen + 0; exit !(seen == 5 && right >= 4) }' out >right
check "the probe finds the instruments it was fitted to ($(cat right))" test "$(awk '{print ($2 == 5 && $1 >= 4)}' right)" = 1
for f in input bass bell drums organ pluck mix_drums_positive mix_drums_negative mix_drums_top3; do
  check "parts/$f.wav is there" test -s parts/$f.wav
done
check "the page is there" grep -q "Content-Security-Policy" page.html
exits 0 "explain with hpss" explain "$demo/song.wav" -m "$demo/demo.aus" --target drums
check "with all 8 mixes of it, no warning is called for" sh -c "! grep warning: err"
exits 0 "explain in time" explain "$demo/song.wav" -m "$demo/demo.aus" --method time --segments 6 --target drums
exits 0 "separate" separate "$demo/song.wav" --out hpss
exits 0 "model info" model info "$demo/demo.aus"
exits 0 "model verify" model verify "$demo/demo.aus"
finish
