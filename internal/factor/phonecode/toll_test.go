package phonecode

import (
	"testing"

	"github.com/nyaruka/phonenumbers"

	"sallyport.dev/sallyport/internal/factor"
)

// TestNoNumberThatEarnsItsOwnerMoneyIsTaken: one number of every type in every country, as the
// numbering plans give them, for texts and for calls.
func TestNoNumberThatEarnsItsOwnerMoneyIsTaken(t *testing.T) {
	types := map[phonenumbers.PhoneNumberType]string{
		phonenumbers.PREMIUM_RATE: "premium rate", phonenumbers.SHARED_COST: "shared cost", phonenumbers.TOLL_FREE: "toll-free",
		phonenumbers.PAGER: "pager", phonenumbers.UAN: "company-wide", phonenumbers.VOICEMAIL: "voicemail", phonenumbers.PERSONAL_NUMBER: "personal",
	}
	seen := map[phonenumbers.PhoneNumberType]int{}
	for region := range phonenumbers.GetSupportedRegions() {
		for kind, name := range types {
			n := phonenumbers.GetExampleNumberForType(region, kind)
			if n == nil || phonenumbers.GetNumberType(n) != kind {
				continue // there are none in this country, or they cannot be told from others
			}
			seen[kind]++
			refusesCostly(t, region+" "+name, phonenumbers.Format(n, phonenumbers.E164))
		}
	}
	for kind, name := range types {
		if seen[kind] == 0 {
			t.Errorf("no %s number was tried", name)
		}
	}
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() { // satellites and international networks
		if n := phonenumbers.GetExampleNumberForNonGeoEntity(code); n != nil {
			refusesCostly(t, "international", phonenumbers.Format(n, phonenumbers.E164))
		}
	}
}

func refusesCostly(t *testing.T, name, number string) {
	t.Helper()
	for kind, v := range map[string]Verifier{"texts": SMS(nil), "calls": Voice(nil)} {
		if _, err := v.Address(factor.Number{Typed: number}); faultOf(t, err) != factor.NumberCostly {
			t.Errorf("%s %s for %s: got %v, want it refused as costly", name, number, kind, err)
		}
	}
}
