#!/bin/sh
# outputs.sh - JSON holds what it promises, written parts add up to the input, the page is self-contained.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$demo/song.wav model=$demo/demo.aus
python=
for p in /usr/bin/python3 python3; do $p -c 'import numpy' 2>/dev/null && { python=$p; break; }; done
if [ -z "$python" ]; then echo "skip - no python3 with numpy to read the outputs with"; exit 77; fi

hostile='a<img src=x onerror=alert(1)>&"quote" .wav'
cp "$song" "$hostile"
exits 0 "a hostile file name" explain "./$hostile" -m "$model" --stems "$demo/stems" --target top5 --out parts --report page.html --report-audio wav --json
cp out result.json
check "JSON, parts and page" $python "$src/tests/cli/check_outputs.py" result.json parts page.html "$song" "$model"
exits 0 "stems x segments" explain "$song" -m "$model" --stems "$demo/stems" --segments 2 --samples 100 --target drums --out parts2 --json
cp out result2.json
check "parts of stems x segments" $python "$src/tests/cli/check_outputs.py" result2.json parts2 "" "$song" "$model"
exits 0 "tiles over a mean" explain "$song" -m "$model" --method slime --tiles 3x2 --baseline mean --target drums --out parts3 --report page3.html --report-audio wav --json
cp out result3.json
check "parts over a baseline" $python "$src/tests/cli/check_outputs.py" result3.json parts3 page3.html "$song" "$model"
exits 0 "sound beside the page" explain "$song" -m "$model" --stems "$demo/stems" --target drums --report beside.html --report-audio folder --report-bits 24
check "the page names the files beside it" sh -c 'test -s beside-sound/bass.* && grep -q "src=\"./beside-sound/bass\.[a-z]*\"" beside.html && grep -q "lies in the folder beside-sound" beside.html'
mkdir beside2-sound && touch beside2-sound/drums.wav beside2-sound/drums.flac
exits 1 "sound in the way" explain "$song" -m "$model" --stems "$demo/stems" --target drums --report beside2.html --report-audio folder
check "nothing is left of it" sh -c '! test -e beside2.html && test "$(ls beside2-sound | wc -l)" = 2'
exits 0 "predict" predict "$song" -m "$model" --json --top 2
check "prediction JSON" $python -c '
import json, sys
d = json.load(open("out"))
assert d["schema"] == "auscult.prediction/1"
t = d["predictions"][0]["targets"]
assert len(t) == 2 and t[0]["score"] >= t[1]["score"], t
assert d["predictions"][0]["input"]["heard_rate"] == 16000'
exits 0 "model info" model info "$model" --json
check "model JSON" $python -c '
import json
d = json.load(open("out"))
assert d["schema"] == "auscult.model/1" and d["metadata"]["labels"] == ["bass", "bell", "drums", "organ", "pluck"]'
check "an array in" $python -c '
import numpy
numpy.save("x.npy", numpy.zeros((2, 1, 63, 40), numpy.float32))'
exits 0 "model run" model run "$model" --input logmel=x.npy --out run --tap logits
check "arrays out" $python -c '
import numpy, glob
y, z = numpy.load(glob.glob("run/scores*.npy")[0]), numpy.load("run/logits.npy")
assert y.shape == z.shape == (2, 5) and numpy.abs(1 / (1 + numpy.exp(-z)) - y).max() < 1e-6, (y, z)'
exits 2 "an array of the wrong shape" model run "$model" --input logmel=run/logits.npy --out run2
exits 0 "model embed" model embed "$model" --out weights.c
check "the C source compiles to the file's bytes" sh -c '
sed -n "s/^_Alignas.*unsigned char \([A-Za-z_0-9]*\)\[.*/\1/p" weights.c | head -1 >symbol
printf "#include <stdio.h>\nextern const unsigned char %s[]; extern const unsigned long %s_size;\nint main(void) { return fwrite(%s, 1, %s_size, stdout) == 0; }\n" $(cat symbol) $(cat symbol) $(cat symbol) $(cat symbol) >dump.c
cc -std=c11 dump.c weights.c -o dump && ./dump | cmp - "'"$model"'"'
# stdin
exits 0 "explain from a file" explain "$song" -m "$model" --target drums --json
sed '/"path"/d; /^  "run"/,$d' out >file.json
$auscult explain - -m "$model" --target drums --json <"$song" 2>err | sed '/"path"/d; /^  "run"/,$d' >pipe.json
check "a pipe gives the same as the file" cmp file.json pipe.json
# quiet stdout: only the result
$auscult predict "$song" -m "$model" 2>/dev/null | head -1 >first
check "the first line says what the model heard" grep -q 'heard as 16000 Hz mono' first
finish
