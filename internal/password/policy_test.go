package password

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/secret"
)

func TestWhichPasswordsAreTaken(t *testing.T) {
	names := []string{"dana.reyes", "Dana Reyes", "dana.reyes@juniper.example", "Juniper & Finch Outfitters", "Sallyport"}
	for _, tt := range []struct {
		password string
		alone    bool // no second factor
		want     error
	}{
		{password: "lantern7", want: nil},
		{password: "lantern", want: ErrShort},
		{password: "", want: ErrShort},
		{password: "zürich-5", want: nil},
		{password: "日本語日本語日本", want: ErrCommon}, // the same three again and again
		{password: "correct horse battery staple", want: nil, alone: true},
		{password: "lantern-orchard", want: nil, alone: true},
		{password: "lantern-orchar", want: ErrShort, alone: true},
		{password: strings.Repeat("aß9", 42) + "xy", want: nil}, // 128: nothing is cut off, and it ends otherwise
		{password: strings.Repeat("é-Q", 42) + "xyz", want: ErrLength},
		{password: strings.Repeat("lantern", 1000), want: ErrLength},
		{password: "password", want: ErrCommon},
		{password: "PassWord", want: ErrCommon},
		{password: "ｐａｓｓｗｏｒｄ", want: ErrCommon},
		{password: "12345678", want: ErrCommon},
		{password: "zzzzzzzz", want: ErrCommon},
		{password: "abababababababab", want: ErrCommon, alone: true},
		{password: "passwordpassword", want: ErrCommon, alone: true},
		{password: "lanternsorchardlanternsorchard", want: nil, alone: true},
		{password: "abcdefghijklmnop", want: ErrCommon, alone: true},
		{password: "ponmlkjihgfedcba", want: ErrCommon, alone: true},
		{password: "dana.reyes", want: ErrOwn},
		{password: "DanaReyes2026!", want: ErrOwn},
		{password: "reyes-dana-1", want: ErrOwn},
		{password: "Juniper&Finch", want: ErrOwn},
		{password: "sallyport-2026", want: ErrOwn},
		{password: "1sallyport1abc", want: ErrOwn},
		{password: "dana-lantern", want: nil},
		{password: "84719264", want: nil}, // digits alone are a composition like any other
	} {
		err := Policy{SecondFactor: !tt.alone, Names: names}.Check(secret.New(tt.password))
		if !errors.Is(err, tt.want) || tt.want == nil && err != nil {
			t.Errorf("%q: got %v, want %v", tt.password, err, tt.want)
		}
	}
	short, ok := errors.AsType[Short](Policy{}.Check(secret.New("lantern")))
	if !ok || short.Least != LeastAlone || !strings.Contains(short.Error(), "15") {
		t.Errorf("got %v", short)
	}
}

func TestTheBlocklistIsFoldedInOrderAndFound(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(blocklist, "\n"), "\n")
	if len(lines) < 15000 || !slices.IsSorted(lines) {
		t.Fatalf("%d lines, sorted: %v", len(lines), slices.IsSorted(lines))
	}
	for i, line := range lines {
		if fold(line) != line {
			t.Errorf("line %d is not folded: %q", i+1, line)
		}
		if !listed(line) {
			t.Errorf("line %d is not found: %q", i+1, line)
		}
		if listed(line+"\x01") || listed(line+"\n") {
			t.Errorf("what only begins like line %d is found", i+1)
		}
	}
	for _, absent := range []string{"", "\n", "a", "\U0010ffff", "passwor", "lantern-orchard-07"} {
		if listed(absent) {
			t.Errorf("%q is found", absent)
		}
	}
}

func TestAMadePasswordIsTaken(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		pw := secret.NewPassword()
		if err := (Policy{}).Check(pw); err != nil || seen[pw.Reveal()] || len(pw.Reveal()) != 23 {
			t.Fatalf("%d characters: %v", len(pw.Reveal()), err)
		}
		seen[pw.Reveal()] = true
	}
}

func BenchmarkCheck(b *testing.B) {
	pw, p := secret.New("lantern-orchard-07"), Policy{Names: []string{"dana.reyes", "Dana Reyes"}}
	for b.Loop() {
		if err := p.Check(pw); err != nil {
			b.Fatal(err)
		}
	}
}
