package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"sallyport.dev/sallyport/internal/demo"
	standin "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/demo/phone"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store"
)

// organisation is the demo's stand-in for an Okta organisation, which listens on an address of
// its own: the same client calls it as calls a real one.
type organisation struct {
	*standin.Org
	server *http.Server
	served sync.WaitGroup
}

// standIn starts one that keeps its users in file.
func standIn(ctx context.Context, file string, now func() time.Time) (*organisation, error) {
	l, err := listenLoopback(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the stand-in for Okta: %w", err)
	}
	org, err := standin.New(standin.Options{
		Token: secret.NewToken(), Origin: "http://" + l.Addr().String(), File: file, Now: now,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the stand-in for Okta: %w", err), l.Close())
	}
	o := &organisation{Org: org, server: &http.Server{Handler: org, ReadHeaderTimeout: 5 * time.Second}}
	o.served.Go(func() { _ = o.server.Serve(l) }) // it ends when it is closed
	return o, nil
}

func (o *organisation) close() error {
	err := o.server.Close()
	o.served.Wait()
	return err
}

// connect connects the demo's first company to it.
func (o *organisation) connect(ctx context.Context, st *store.Store, now time.Time) error {
	settings, err := okta.Connection{Origin: o.Origin, Token: o.Token, NumberChallenge: true}.Marshal()
	if err != nil {
		return err
	}
	return demo.Connect(ctx, st, settings, now)
}

// owner says whose a login at the stand-in is: only its id is kept.
func (a *App) owner(org *standin.Org) phone.Owner {
	return func(ctx context.Context, login string) (string, *time.Location) {
		if org == nil {
			return login, time.UTC
		}
		u, err := a.Store.OutsideOwner(ctx, org.UserID(login))
		if err != nil { // nobody's, or not to be had: the login says enough
			return login, time.UTC
		}
		return u.Username, u.Zone()
	}
}
