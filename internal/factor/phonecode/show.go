package phonecode

import (
	"cmp"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"sallyport.dev/sallyport/internal/factor"
)

const (
	bullet   = '•'
	maxShown = 4 // digits of a number that its mask shows
)

// Hint is a's number, masked in the groups of its country: "+1 ••• ••• 0142", with an
// extension "+1 ••• ••• 0100 #42". It shows the country's code and the last four digits, of
// a short number never more than half. "" when a's secret is no number.
func (v Verifier) Hint(a factor.Authenticator) string {
	to, err := v.destination(a)
	if err != nil {
		return ""
	}
	number, err := phonenumbers.Parse(to.number, "")
	if err != nil {
		return ""
	}
	country, national, ok := strings.Cut(phonenumbers.Format(number, phonenumbers.INTERNATIONAL), " ")
	if !ok {
		return ""
	}
	hint := country + " " + masked(national, len(phonenumbers.GetNationalSignificantNumber(number))/2)
	if to.extension != "" {
		hint += " #" + masked(to.extension, maxShown)
	}
	return hint
}

// masked hides all digits but the last few, at most shown and never more than maxShown. What
// stands between groups becomes a space.
func masked(s string, shown int) string {
	groups := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	hide := len(strings.Join(groups, "")) - min(shown, maxShown)
	var mask strings.Builder
	for _, r := range strings.Join(groups, " ") {
		if r != ' ' && hide > 0 {
			r = bullet
			hide--
		}
		mask.WriteRune(r)
	}
	return mask.String()
}

// Country is an entry of a picker.
type Country struct {
	Region string // ISO 3166-1 alpha-2
	Code   int    // its calling code; several may share one
}

// Countries returns all that numbers may be of, sorted by region; satellites and the like are
// in none.
func Countries() []Country {
	var all []Country
	for region := range phonenumbers.GetSupportedRegions() {
		all = append(all, Country{Region: region, Code: phonenumbers.GetCountryCodeForRegion(region)})
	}
	slices.SortFunc(all, func(a, b Country) int { return cmp.Compare(a.Region, b.Region) })
	return all
}

// RegionOf returns the country of a destination, for a picker; "" when it has none.
func RegionOf(e164 string) string {
	m := written.FindStringSubmatch(e164)
	if m == nil {
		return ""
	}
	number, err := phonenumbers.Parse(m[1], "")
	if err != nil {
		return ""
	}
	if region := phonenumbers.GetRegionCodeForNumber(number); region != nonGeographic {
		return region
	}
	return ""
}
