package app

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/web/console"
)

// Tester tries an Okta organisation: nil, or an error of package okta.
type Tester interface {
	Probe(ctx context.Context, o okta.Org) error
}

// organisations are those that can be connected here.
type organisations struct {
	hosts  []string // origins that the operator allows besides Okta's own
	tester Tester   // nil: nothing is tried
}

// oktaHost is an organisation at one of Okta's own domains; not its console for
// administrators, which answers no API.
var oktaHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?\.(okta\.com|oktapreview\.com|okta-emea\.com|okta-gov\.com|okta\.mil)$`)

// Address implements console.Organisations.
func (o organisations) Address(typed string) (string, error) {
	if !strings.Contains(typed, "://") {
		typed = "https://" + typed
	}
	u, err := url.Parse(strings.ToLower(strings.TrimSuffix(typed, "/")))
	if err != nil || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" {
		return "", okta.ErrAddress
	}
	origin := u.Scheme + "://" + u.Host
	if slices.Contains(o.hosts, origin) {
		return origin, nil
	}
	name, _, _ := strings.Cut(u.Host, ".")
	if u.Scheme != "https" || !oktaHost.MatchString(u.Host) || strings.HasSuffix(name, "-admin") {
		return "", okta.ErrAddress
	}
	return origin, nil
}

// Probe implements console.Organisations.
func (o organisations) Probe(ctx context.Context, org okta.Org) error {
	if o.tester == nil {
		return console.ErrUntested
	}
	return o.tester.Probe(ctx, org)
}
