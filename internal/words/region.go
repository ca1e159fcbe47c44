package words

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"
)

// Region names a country, by its ISO 3166-1 alpha-2 code: "United States" for "US". One
// that has no name is called by its code.
func (p Printer) Region(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	names := display.Regions(p.tag)
	if names == nil {
		return code
	}
	return cmp.Or(names.Name(region), code)
}

// SortByName puts list into the order in which people look for names: without regard to case
// and accents.
func SortByName[T any](list []T, name func(T) string) {
	slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(sortKey(name(a)), sortKey(name(b))) })
}

func sortKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}

// AcceptedRegion is the country that the first language of an Accept-Language header names
// or is mostly spoken in: "GB" for "en-GB,en;q=0.9". "" where it says nothing readable.
func AcceptedRegion(header string) string {
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return ""
	}
	region, sure := tags[0].Region()
	if sure == language.No || !region.IsCountry() {
		return ""
	}
	return region.String()
}
