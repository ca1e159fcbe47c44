package delivery

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sallyport.dev/sallyport/internal/outbox"
)

// Route says which carriers take what goes to a prefix, in the order to try them.
type Route struct {
	Prefix   string // of E.164, "+44"; "" for all that has no longer one, and for mails
	Carriers []string
}

// String is r as it is configured.
func (r Route) String() string {
	names := strings.Join(r.Carriers, ">")
	if r.Prefix == "" {
		return names
	}
	return r.Prefix + "=" + names
}

// maxCarriers are so many that each can use its time within one attempt.
const maxCarriers = 4

// ParseRoute reads a route as it is configured: "main>spare", or "+44=london>main".
func ParseRoute(s string) (Route, error) {
	var r Route
	prefix, names, found := strings.Cut(s, "=")
	if found {
		r.Prefix = strings.TrimSpace(prefix)
	} else {
		names = prefix
	}
	for name := range strings.SplitSeq(names, ">") {
		r.Carriers = append(r.Carriers, strings.TrimSpace(name))
	}
	seen := map[string]bool{}
	for _, name := range r.Carriers {
		if name == "" || seen[name] {
			return Route{}, fmt.Errorf(`%q: want carriers in the order to try them, each once, such as "main>spare" or "+44=london>main"`, s)
		}
		seen[name] = true
	}
	if found && !isPrefix(r.Prefix) {
		return Route{}, fmt.Errorf(`%q: want how the numbers begin, such as "+44" in "+44=london>main"`, s)
	}
	if len(r.Carriers) > maxCarriers {
		return Route{}, fmt.Errorf("%q: at most %d carriers can have a try while somebody waits", s, maxCarriers)
	}
	return r, nil
}

// isPrefix reports whether s may be the beginning of a number in E.164.
func isPrefix(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && digits != "" && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// ParseRoutes reads the routes of one channel. Its errors are joined, one a mistake.
func ParseRoutes(list []string) ([]Route, error) {
	var routes []Route
	var errs []error
	seen := map[string]bool{}
	for _, s := range list {
		r, err := ParseRoute(s)
		if err == nil && seen[r.Prefix] {
			err = fmt.Errorf("%q: there is another route with the same beginning", s)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		seen[r.Prefix] = true
		routes = append(routes, r)
	}
	return routes, errors.Join(errs...)
}

// route is the one with the longest prefix of to; nil where there is none.
func route(routes []Route, to string) []string {
	best := -1
	for i, r := range routes {
		if strings.HasPrefix(to, r.Prefix) && (best < 0 || len(r.Prefix) > len(routes[best].Prefix)) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	return routes[best].Carriers
}

// Carries reports whether c takes messages of channel ch.
func (c Carrier) Carries(ch outbox.Channel) bool { return slices.Contains(c.Channels, ch) }
