#!/bin/sh
# listening.sh - auscult l2i listening-test: a page that names no method, its key, answers counted; what it refuses.
. "${srcdir:-.}/tests/cli/lib.sh"
make_wav in.wav 1 8000 800
make_wav a.wav 1 8000 800
make_wav b.wav 1 8000 800
printf 'input\tclass\tlinear\tparity\nin.wav\tdog\ta.wav\tb.wav\nin.wav\trooster\tb.wav\ta.wav\n' >trials.tsv
exits 0 "a page" l2i listening-test trials.tsv --out page.html
check "names no method" sh -c '! grep -qE "linear|parity" page.html'
check "asks no network" sh -c '! grep -qE "https?://" page.html'
check "the key knows four sounds" sh -c 'test "$(wc -l <page.key.tsv)" = 5 && test "$(cut -f4 page.key.tsv | grep -c linear)" = 2'
exits 1 "what is there is kept" l2i listening-test trials.tsv --out page.html
exits 0 "unless forced" l2i listening-test trials.tsv --out page.html --force --title "Dogs & roosters"
check "the title is escaped" grep -q "Dogs &amp; roosters" page.html
# Everybody gives linear 80 and parity 20.
awk -F'\t' 'NR == 1 { print "participant\ttrial\tcode\trating" } NR > 1 { print "me\t" $1 "\t" $3 "\t" ($4 == "linear" ? 80 : 20) }' page.key.tsv >answers.tsv
exits 0 "scores" l2i listening-test --score page.key.tsv answers.tsv
check "linear has 80 and all votes" sh -c 'grep -E "^linear +2 +80\.0 +0\.0 +100\.0 %" out'
sed 's/80$/180/' answers.tsv >wrong.tsv
exits 3 "a rating above 100" l2i listening-test --score page.key.tsv wrong.tsv
exits 3 "the same answers twice" l2i listening-test --score page.key.tsv answers.tsv answers.tsv
printf 'input\tclass\tlinear\nin.wav\tdog\tnone.wav\n' >missing.tsv
exits 3 "a sound that is not there" l2i listening-test missing.tsv --out missing.html
check "leaves nothing behind" test ! -e missing.html -a ! -e missing.key.tsv
printf 'input\tlinear\nin.wav\ta.wav\n' >columns.tsv
exits 3 "no column of classes" l2i listening-test columns.tsv --out columns.html
exits 2 "no --out" l2i listening-test trials.tsv
finish
