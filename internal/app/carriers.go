package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/delivery/mail"
	"sallyport.dev/sallyport/internal/delivery/twilio"
	"sallyport.dev/sallyport/internal/delivery/webhook"
	"sallyport.dev/sallyport/internal/outbox"
)

// carried are the carriers of a configuration, and the Senders that give messages to them.
type carried struct {
	all     []delivery.Carrier
	senders map[outbox.Channel]outbox.Sender
}

// carriers builds those of c. A channel that has no route has no Sender. watched, unless it is nil, puts
// something around each.
func (a *App) carriers(c config.Config, watched func(delivery.Carrier) delivery.Carrier) (carried, error) {
	var built carried
	var errs []error
	for _, one := range c.Carriers {
		made, err := newCarrier(kindOf{one, c.Origin(), a.now}, a.desk(c, one))
		if err != nil {
			errs = append(errs, fmt.Errorf("carrier.%s: %w", one.Name, err))
			continue
		}
		if watched != nil {
			made = watched(made)
		}
		built.all = append(built.all, made)
	}
	if len(errs) > 0 {
		return carried{}, errors.Join(errs...)
	}
	built.senders = map[outbox.Channel]outbox.Sender{}
	lines := delivery.NewCarriers(built.all, a.now, a.log)
	for ch, routes := range map[outbox.Channel][]delivery.Route{outbox.Text: c.TextRoutes, outbox.Call: c.CallRoutes, outbox.Mail: c.MailRoutes} {
		if len(routes) == 0 {
			continue
		}
		router, err := lines.Router(ch, routes)
		if err != nil {
			return carried{}, fmt.Errorf("the route of a %s: %w", ch, err)
		}
		built.senders[ch] = router
	}
	return built, nil
}

// kindOf is one section, and what a carrier needs to know besides.
type kindOf struct {
	config.Carrier
	origin string // where links in mails lead
	now    func() time.Time
}

// newCarrier makes the carrier of one section: a case for each kind.
func newCarrier(c kindOf, d delivery.Desk) (delivery.Carrier, error) {
	switch c.Kind {
	case config.Twilio:
		return twilio.New(twilio.Options{
			Name: c.Name, Account: c.Account, Token: c.Secrets[0], Key: c.Key, KeySecret: c.KeySecret, From: c.From, Service: c.Service,
			Channels: channels(c.Carrier), Retain: c.Retain, Origin: c.URL, Private: c.Private, Timeout: c.Timeout, Now: c.now,
		}, d)
	case config.Webhook:
		return webhook.New(webhook.Options{
			Name: c.Name, URL: c.URL, Secrets: c.Secrets, Channels: channels(c.Carrier), BaseURL: c.origin, Private: c.Private,
			Timeout: c.Timeout, Now: c.now,
		}, d)
	case config.SMTP:
		return c.mailServer(d)
	}
	return delivery.Carrier{}, fmt.Errorf("there is no kind %q", c.Kind)
}

// mailServer makes the carrier of a section that names one.
func (c kindOf) mailServer(d delivery.Desk) (delivery.Carrier, error) {
	host, port, err := net.SplitHostPort(c.Host)
	if err != nil {
		return delivery.Carrier{}, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return delivery.Carrier{}, err
	}
	o := mail.Options{
		Name: c.Name, Host: host, Port: number, Security: mail.Security(c.TLS), Username: c.Username,
		From: c.From, Bounces: c.Bounces, BaseURL: c.origin, Private: c.Private, Timeout: c.Timeout, Now: c.now,
	}
	if len(c.Secrets) > 0 {
		o.Password = c.Secrets[0]
	}
	return mail.New(o, d)
}

// channels are those that a section names.
func channels(c config.Carrier) []outbox.Channel {
	var all []outbox.Channel
	for _, ch := range c.Channels {
		all = append(all, outbox.Channel(ch))
	}
	return all
}

// desk is where carrier c reports, and asks what a call is to say.
func (a *App) desk(c config.Config, one config.Carrier) delivery.Desk {
	base := c.Origin()
	if !strings.HasPrefix(base, "https://") && !one.Private {
		base = "" // it runs elsewhere, and cannot reach a server that is for this machine alone
	}
	return delivery.Desk{
		Carrier: one.Name, Base: base, Reports: a.Outbox,
		Compose: func(ctx context.Context, id string) (outbox.Message, error) {
			d, err := a.Store.Outbox().Find(ctx, id, one.Name)
			if err != nil {
				return outbox.Message{}, err
			}
			if !a.now().Before(d.Expires) {
				return outbox.Message{}, outbox.ErrOver
			}
			return a.Outbox.Composer.Compose(ctx, d)
		},
	}
}

// callbacks answers what carriers tell us and ask of us.
func (a *App) callbacks() *http.ServeMux {
	mux := http.NewServeMux()
	for _, c := range a.reporting {
		mux.Handle("POST "+delivery.Desk{Carrier: c.Name}.Path(), c.Callbacks)
	}
	return mux
}

// besides leads what is for carriers to callbacks, and everything else to pages.
func (a *App) besides(callbacks, pages http.Handler) http.Handler {
	if len(a.reporting) == 0 {
		return pages
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, delivery.Prefix) {
			callbacks.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}
