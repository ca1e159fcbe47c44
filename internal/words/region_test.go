package words

import (
	"slices"
	"testing"
)

func TestCountriesHaveTheirNames(t *testing.T) {
	p := loaded(t).Printer("en")
	for code, want := range map[string]string{
		"US": "United States", "GB": "United Kingdom", "CI": "Côte d’Ivoire", "DE": "Germany", "XK": "Kosovo", "TA": "Tristan da Cunha",
		"AC": "Ascension Island", "QQ": "QQ", "": "", "usa": "United States", "<b>": "<b>",
	} {
		if got := p.Region(code); got != want {
			t.Errorf("Region(%q) = %q, want %q", code, got, want)
		}
	}
}

func TestCountriesStandWherePeopleLook(t *testing.T) {
	got := []string{"Zambia", "Åland Islands", "Albania", "Côte d’Ivoire", "Cuba", "United States", "austria"}
	SortByName(got, func(s string) string { return s })
	if want := []string{"Åland Islands", "Albania", "austria", "Côte d’Ivoire", "Cuba", "United States", "Zambia"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestABrowsersLanguageTellsItsCountry(t *testing.T) {
	for header, want := range map[string]string{
		"en-GB,en;q=0.9": "GB", "de": "DE", "en": "US", "": "", "*": "", "\x00;;q=": "", "es-419": "",
	} {
		if got := AcceptedRegion(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}
