// Package speech is what a call with a code says: recorded words, joined in memory.
//
//	Prompt   said until a key is pressed (security rule 17)   speech.go
//	Code     said after it: the code, twice
//	WAV      samples as a file that a browser plays           wav.go
//
// Samples are G.711 µ-law, 8 kHz, mono, one byte each: what a telephone line carries.
// Words are in English only so far. record.sh makes the recordings; they name no company.
package speech

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// Rate is the samples in a second.
const Rate = 8000

// Silence is the sample that makes none.
const Silence = 0xff

// ErrNotSixDigits: what was to be said is no code. It does not quote it.
var ErrNotSixDigits = errors.New("code to be said is not six digits")

// Pauses: long enough to write down a digit, and to see that a group ends.
const (
	lead         = 300 * time.Millisecond // people take a moment to put the telephone to their ear
	afterPrompt  = 1500 * time.Millisecond
	afterIntro   = 500 * time.Millisecond
	betweenDigit = 300 * time.Millisecond
	afterThree   = 800 * time.Millisecond
	afterCode    = time.Second
)

// Prompt asks for the key, twice, each time with a pause in which it can be pressed: about
// 6 s, to be played over and over until the call ends. It says nothing of the code.
func Prompt() []byte {
	var s samples
	for range 2 {
		s.say(pressOne, afterPrompt)
	}
	return s
}

// Code says the code of six digits twice, digit by digit: 12 to 16 s. ErrNotSixDigits.
func Code(code secret.Text) ([]byte, error) {
	digits, err := sixDigits(code)
	if err != nil {
		return nil, err
	}
	s := make(samples, 0, 16*Rate) // the longest code takes 15.9 s
	s.pause(lead)
	s.say(yourCodeIs, afterIntro)
	s.spell(digits)
	s.say(again, afterIntro)
	s.spell(digits)
	s.say(goodbye, lead)
	return s, nil
}

// sixDigits returns the values of a code's digits.
func sixDigits(code secret.Text) ([]int, error) {
	text := code.Reveal()
	if len(text) != 6 || strings.Trim(text, "0123456789") != "" {
		return nil, ErrNotSixDigits
	}
	var digits []int
	for _, c := range []byte(text) {
		digits = append(digits, int(c-'0'))
	}
	return digits, nil
}

// samples are what was said so far.
type samples []byte

func (s *samples) say(recording string, pause time.Duration) {
	*s = append(*s, recording...)
	s.pause(pause)
}

func (s *samples) pause(d time.Duration) {
	*s = append(*s, bytes.Repeat([]byte{Silence}, int(d*Rate/time.Second))...)
}

// spell says digits one by one, in two threes.
func (s *samples) spell(digits []int) {
	for i, d := range digits {
		pause := betweenDigit
		switch i {
		case 2:
			pause = afterThree
		case len(digits) - 1:
			pause = afterCode
		}
		s.say(digitSounds[d], pause)
	}
}
