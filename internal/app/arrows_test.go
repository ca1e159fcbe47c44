package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// module is the path that all packages of the house begin with.
const module = "sallyport.dev/sallyport/"

// leaf rooms know secret alone, audit also whom it tells of; domain rooms know these; and so on, outwards.
var (
	leaves = []string{"internal/audit", "internal/company", "internal/factor", "internal/okta", "internal/outbox", "internal/password", "internal/pumping", "internal/words", "internal/secret"}
	domain = []string{"internal/signin", "internal/enrol", "internal/session"}
)

// arrows says which rooms a room may import. One that is not here may import none, so a
// new room says here where it stands. A trailing /… stands for all below.
var arrows = map[string][]string{
	"cmd/sallyport": {"internal/app", "internal/config", "internal/secret"},
	"internal/app":  {"internal/…"},

	"internal/config": {"internal/delivery", "internal/password", "internal/pumping", "internal/secret"}, // how a route is written; what one hash may cost, and a day of texts
	"internal/demo":   {"internal/company", "internal/factor", "internal/words", "internal/secret"},
	// The demo phone is a page of its own that no server but the demo has, so it is not in web.
	"internal/demo/phone":  {"internal/demo/okta", "internal/web/frame", "internal/company", "internal/outbox", "internal/speech", "internal/words", "internal/secret"},
	"internal/demo/okta":   {"internal/secret"}, // the stand-in for an organisation at Okta
	"internal/web/frame":   join(domain, leaves),
	"internal/web/cookie":  join(domain, leaves),
	"internal/web/signin":  join(domain, leaves, []string{"internal/web/frame", "internal/web/cookie"}),
	"internal/web/inside":  join(domain, leaves, []string{"internal/web/frame", "internal/web/cookie"}),
	"internal/web/account": join(domain, leaves, []string{"internal/web/frame", "internal/web/cookie", "internal/web/inside"}),
	"internal/web/help":    join(domain, leaves, []string{"internal/help", "internal/help/search", "internal/web/frame", "internal/web/cookie"}),
	"internal/web/console": join(domain, leaves, []string{"internal/web/frame", "internal/web/cookie", "internal/web/inside"}),

	"internal/signin":  leaves,
	"internal/enrol":   leaves,
	"internal/notice":  leaves,
	"internal/support": join(leaves, []string{"internal/signin"}),
	"internal/session": join(leaves, []string{"internal/signin"}),
	"docs":             {}, // the pages that the help centre shows
	"internal/help":    join(leaves, []string{"internal/help/query", "docs"}),
	// The index is apart from the articles, since SQLite comes with it.
	"internal/help/query":  {},
	"internal/help/search": {"internal/help", "internal/help/query"},

	"internal/audit":    {"internal/company", "internal/secret"},
	"internal/company":  {"internal/secret"},
	"internal/factor":   {"internal/secret"},
	"internal/okta":     {"internal/egress", "internal/secret"},
	"internal/egress":   {},
	"internal/outbox":   {"internal/company", "internal/secret"},
	"internal/speech":   {"internal/secret"},
	"internal/password": {"internal/secret"},
	"internal/pumping":  {},
	"internal/words":    {"internal/secret"},
	"internal/secret":   {},

	// Carriers: each kind knows the room above it, and none another.
	"internal/delivery":                   {"internal/outbox"},
	"internal/delivery/twilio":            {"internal/delivery", "internal/egress", "internal/outbox", "internal/secret"},
	"internal/delivery/twilio/twiliofake": {}, // a stand-in, for tests
	"internal/delivery/webhook":           {"internal/delivery", "internal/delivery/letter", "internal/egress", "internal/outbox", "internal/secret"},
	"internal/delivery/mail":              {"internal/delivery", "internal/delivery/letter", "internal/egress", "internal/outbox", "internal/secret"},
	"internal/delivery/letter":            {"internal/outbox"}, // how a letter looks, whichever carrier takes it

	"internal/factor/oktapush":  {"internal/factor", "internal/okta", "internal/outbox", "internal/secret"},
	"internal/factor/totp":      {"internal/factor", "internal/secret"},
	"internal/factor/phonecode": {"internal/factor", "internal/secret"},

	"internal/outbox/outboxtest": {"internal/outbox", "internal/secret"}, // tests of every carrier

	"internal/store": {"internal/signin", "internal/session", "internal/support", "internal/enrol", "internal/audit", "internal/company",
		"internal/factor", "internal/help", "internal/outbox", "internal/pumping", "internal/secret", "internal/store/internal/…"},
	"internal/store/internal/sqlcgen": {}, // generated
	"internal/store/storetest": {"internal/store", "internal/signin", "internal/session", "internal/enrol",
		"internal/audit", "internal/company", "internal/factor", "internal/help", "internal/outbox", "internal/pumping", "internal/secret"}, // tests of every engine
}

// alone says who may know a room, tests included; the others may be used by any test.
var alone = map[string][]string{
	"internal/config":                     {"cmd/sallyport", "internal/app"},
	"internal/demo":                       {"internal/app"},
	"internal/demo/phone":                 {"internal/app"},
	"internal/demo/okta":                  {"internal/app", "internal/demo/phone", "internal/factor/oktapush"}, // and the module contract
	"internal/app":                        {"cmd/sallyport", "internal/app"},
	"internal/delivery/twilio/twiliofake": {"internal/app", "internal/delivery/twilio"}, // and the module contract
}

func join(rooms ...[]string) []string { return slices.Concat(rooms...) }

// listed is what go list says of a package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// packages lists those of this module.
func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"...").Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// ours are the rooms among imports.
func ours(imports []string) []string {
	var rooms []string
	for _, path := range imports {
		if room, ok := strings.CutPrefix(path, module); ok {
			rooms = append(rooms, room)
		}
	}
	return rooms
}

func allows(rooms []string, room string) bool {
	return slices.ContainsFunc(rooms, func(r string) bool {
		below, all := strings.CutSuffix(r, "…")
		return r == room || all && strings.HasPrefix(room, below)
	})
}

// It stands in this package because app imports every room: the test cache cannot hide a
// new arrow.
func TestEveryImportIsAnArrowOfTheHouse(t *testing.T) {
	all := packages(t)
	if len(all) < 15 {
		t.Fatalf("go list found %d packages: was it run elsewhere?", len(all))
	}
	for _, p := range all {
		room := strings.TrimPrefix(p.ImportPath, module)
		for _, to := range ours(p.Imports) {
			if !allows(arrows[room], to) {
				t.Errorf("%s imports %s, which is no arrow of the house", room, to)
			}
		}
		for _, to := range ours(slices.Concat(p.Imports, p.TestImports, p.XTestImports)) {
			if who, ok := alone[to]; ok && !slices.Contains(who, room) {
				t.Errorf("%s knows %s, which is for %v alone", room, to, who)
			}
		}
	}
}
