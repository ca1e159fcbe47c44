#!/bin/sh
# record.sh makes the recordings anew: one file a word, G.711 µ-law, 8 kHz, mono, no header.
# It needs flite (voice rms) and sox, from Debian; nothing else does. A telephone
# recogniser of digits understood this voice best of those that were tried.
set -eu
cd "$(dirname "$0")"

level=-20 # dB, RMS: leaves 14 dB for the peaks of speech
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

record() { # name, words
	flite -voice rms -t "$2" -o "$tmp/said.wav"
	# Without dither, so that the same words make the same bytes. 60 Hz is below all speech.
	trim="silence 1 0.01 0.3%"
	# shellcheck disable=SC2086 # a list of words
	sox -D "$tmp/said.wav" -r 8000 "$tmp/trimmed.wav" highpass 60 $trim reverse $trim reverse
	rms=$(sox "$tmp/trimmed.wav" -n stats 2>&1 | awk '/^RMS lev dB/ { print $4 }')
	gain=$(awk -v want="$level" -v is="$rms" 'BEGIN { printf "%.2f", want - is }')
	sox -D "$tmp/trimmed.wav" -t raw -e mu-law -b 8 -c 1 "recorded/$1.ulaw" fade 0.005 -0 0.005 gain "$gain"
}

n=0
for word in zero one two three four five six seven eight nine; do
	record "$n" "$word"
	n=$((n + 1))
done
record press-1 "Press 1 for your code."
record your-code-is "Your code is"
record again "Again"
record goodbye "Goodbye"
wc -c recorded/*.ulaw
