#!/bin/sh
# nmf.sh - auscult nmf: what it writes, what it refuses, the same bits for any number of threads.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$demo/song.wav
exits 0 "atoms of a song" nmf "$song" -k 3 --iterations 20 --out one --threads 1
check "a row per atom" sh -c 'test "$(grep -cE "^ +[0-9]+ +[0-9.]+ +[0-9.]+%" out)" = 3'
exits 0 "the same with two threads" nmf "$song" -k 3 --iterations 20 --out two --threads 2
check "the same bits" sh -c 'cmp one/W.npy two/W.npy && cmp one/H.npy two/H.npy'
exits 1 "what is there is kept" nmf "$song" -k 3 --iterations 20 --out one
exits 0 "known atoms in JSON" nmf "$song" --dictionary one/W.npy --iterations 20 --out known --json
check "they stay as they are" cmp one/W.npy known/W.npy
check "and are said to be given" sh -c 'test "$(grep -c "\"given\": true" out)" = 3'
exits 0 "more atoms beside them" nmf "$song" --dictionary one/W.npy -k 2 --iterations 20 --json
check "three given, two learned" sh -c 'test "$(grep -c "\"given\": true" out)" = 3 && test "$(grep -c "\"given\": false" out)" = 2'
exits 0 "an array, from singular vectors" nmf one/H.npy -k 2 --init nndsvda --beta 2 --plain
exits 3 "a dictionary of other bins" nmf one/H.npy --dictionary one/W.npy
exits 3 "not an array" nmf "$demo/demo.npy"
exits 2 "no atoms" nmf "$song" -k -1
exits 2 "unknown start" nmf "$song" --init luck
exits 2 "too many atoms for a separator" separate "$song" --separator nmf:1000 --out parts
exits 0 "atoms as sounds" separate "$song" --separator nmf:2 --out parts --duration 2
check "two atoms and the rest" test -s parts/atom1.wav -a -s parts/atom2.wav -a -s parts/residual.wav
/usr/bin/python3 -c 'import numpy' 2>/dev/null && {
  /usr/bin/python3 -c 'import numpy as n; n.save("bad.npy", n.array([[1, -1.0], [0, 1]], "f4")); n.save("flat.npy", n.ones(4, "f4")); n.save("nan.npy", n.array([[1, n.nan], [0, 1]], "f4"))'
  /usr/bin/python3 -c 'import numpy as n; n.save("turned.npy", n.asfortranarray(n.load("one/W.npy").astype("f8")))'
  check "an array in Fortran order" grep -aq "'fortran_order': True" turned.npy
  exits 0 "is a dictionary too" nmf "$song" --dictionary turned.npy --iterations 20 --out turned
  check "the same one" sh -c 'cmp known/W.npy turned/W.npy && cmp known/H.npy turned/H.npy'
  exits 3 "negative numbers" nmf bad.npy -k 1
  exits 3 "not a matrix" nmf flat.npy -k 1
  exits 3 "NaN" nmf nan.npy -k 1
}
finish
