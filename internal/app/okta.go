package app

import (
	"context"

	"sallyport.dev/sallyport/internal/okta"
)

// Tester tries an Okta organisation: nil, or an error of package okta.
type Tester interface {
	Probe(ctx context.Context, o okta.Org) error
}

// organisations are those that can be connected here.
type organisations struct {
	hosts  []string // origins that the operator allows besides Okta's own
	tester Tester
}

// Address implements console.Organisations.
func (o organisations) Address(typed string) (string, error) { return okta.Address(typed, o.hosts) }

// Probe implements console.Organisations.
func (o organisations) Probe(ctx context.Context, org okta.Org) error {
	return o.tester.Probe(ctx, org)
}
