package notice

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// segment is how many septets one text has (3GPP TS 23.038 § 6.1.2.1.1, 23.040 § 9.2.3.16).
const segment = 160

// The GSM 7 bit default alphabet (3GPP TS 23.038 § 6.2.1), and its extension table
// (§ 6.2.1.1), whose characters take two septets.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// septets is how long s is as a text; false where it has characters that would make a
// carrier send it in another alphabet, with 70 of them in a segment.
func septets(s string) (int, bool) {
	n := 0
	for _, r := range s {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			n++
		case strings.ContainsRune(gsmExtension, r):
			n += 2
		default:
			return 0, false
		}
	}
	return n, true
}

// fits reports whether s is one segment.
func fits(s string) bool {
	n, ok := septets(s)
	return ok && n <= segment
}

// typographic are the signs of printed text that the alphabet has only plain.
var typographic = strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`, "„", `"`, "–", "-", "—", "-", "‑", "-")

// plain writes s, a name, with the alphabet's characters: typographer's signs as plain ones,
// and letters without the accents that it does not have. false where more would be lost.
func plain(s string) (string, bool) {
	var b strings.Builder
	for _, r := range typographic.Replace(norm.NFC.String(oneLine(s))) {
		if _, ok := septets(string(r)); ok {
			b.WriteRune(r)
			continue
		}
		for _, part := range norm.NFKD.String(string(r)) {
			if unicode.Is(unicode.Mn, part) {
				continue
			}
			if _, ok := septets(string(part)); !ok {
				return "", false
			}
			b.WriteRune(part)
		}
	}
	return b.String(), b.Len() > 0
}

// shorten cuts s, which is plain, to at most room septets, at the end of a word if one is
// near, and marks the cut. "" where too little would be left to know it by.
func shorten(s string, room int) string {
	const mark, least, near = "...", 8, 12
	if n, _ := septets(s); n <= room {
		return s
	}
	cut, used := 0, len(mark)
	for i, r := range s {
		n, _ := septets(string(r))
		if used += n; used > room {
			break
		}
		cut = i + len(string(r))
	}
	if cut < least {
		return ""
	}
	if space := strings.LastIndexByte(s[:cut], ' '); space >= max(least, cut-near) && s[cut] != ' ' {
		cut = space
	}
	return strings.TrimRight(s[:cut], " ,.;:-&") + mark
}
