package frame

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"unicode/utf8"

	"sallyport.dev/sallyport/internal/secret"
)

// formLimit is the most bytes that a form may have.
const formLimit = 64 << 10

// Guard is everything that stands before a handler of pages, in the order in which a
// request meets it. hosts are the values of the Host header that are answered, with
// their port unless it is the scheme's own; none means none.
func (f *Frame) Guard(hosts []string, next http.Handler) http.Handler {
	return f.GuardMachines(hosts, f.sameOrigin(f.readForm(next)))
}

// GuardMachines is Guard for what no browser asks and no form says, such as the report of a
// carrier: next reads the body itself, whatever it is, and judges who sent it.
func (f *Frame) GuardMachines(hosts []string, next http.Handler) http.Handler {
	next = f.allowHosts(hosts, next)
	next = f.catchPanic(next)
	next = secureHeaders(next)
	return f.logRequest(next)
}

// logRequest writes one line a request and gives it a reference. The line has the
// route and never the address: paths hold ids, queries and forms hold what people type.
func (f *Frame) logRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := f.options.Now()
		r = r.WithContext(context.WithValue(r.Context(), referenceKey{}, secret.NewReference()))
		seen := &statusWriter{ResponseWriter: w}
		defer func() {
			level := slog.LevelInfo
			if seen.polled && seen.status < http.StatusBadRequest {
				level = slog.LevelDebug
			}
			if !f.options.Log.Enabled(r.Context(), level) {
				return // what a proxy asks with every request is not even put together
			}
			f.options.Log.LogAttrs(r.Context(), level, "request",
				slog.String("method", r.Method),
				slog.String("route", r.Pattern), // set by the mux on this very request; "" when none matched
				slog.Int("status", seen.status),
				slog.Duration("took", f.options.Now().Sub(began)),
				slog.String("reference", Reference(r.Context())))
		}()
		next.ServeHTTP(seen, r)
	})
}

// statusWriter remembers the status that was sent; 0 when nothing was.
type statusWriter struct {
	http.ResponseWriter
	status int
	polled bool
}

// Polled says that pages ask for this answer again and again by themselves, so that its line
// in the log is of little use: it is written at the level Debug unless it was refused.
func Polled(w http.ResponseWriter) {
	for w != nil {
		if seen, ok := w.(*statusWriter); ok {
			seen.polled = true
			return
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = u.Unwrap()
	}
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// referenceKey is the key of a request's reference in its context.
type referenceKey struct{}

// Reference is what a person reads out to Support so that the request is found in the
// log: "K7QM-4XDT". "" outside of Guard.
func Reference(ctx context.Context) string {
	s, _ := ctx.Value(referenceKey{}).(string)
	return s
}

// contentPolicy lets a page load its own sheet and script, show the icon that stands in it
// and no other picture, play what its own host says, ask it for what has changed, send its
// forms to it, and nothing else.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; media-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secureHeaders sets what every answer carries. Referrer-Policy is same-origin, since
// with no-referrer browsers send "Origin: null" with our own forms. The values are made once
// for all answers; whoever sets or adds to one makes another.
func secureHeaders(next http.Handler) http.Handler {
	policy, referrer, store, sniff := []string{contentPolicy}, []string{"same-origin"}, []string{"no-store"}, []string{"nosniff"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Content-Security-Policy"] = policy
		h["Referrer-Policy"] = referrer
		h["Cache-Control"] = store
		h["X-Content-Type-Options"] = sniff
		next.ServeHTTP(w, r)
	})
}

// catchPanic answers a programmer's mistake with a page and logs where it was. What was
// being handled is not in the log: it may be a secret.
func (f *Frame) catchPanic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v) // the server's own way to drop a connection
			}
			f.options.Log.ErrorContext(r.Context(), "panic",
				"reference", Reference(r.Context()), "route", r.Pattern, "stack", string(debug.Stack()))
			if seen, ok := w.(*statusWriter); ok && seen.status != 0 {
				return // half an answer is out; nothing can be added to it
			}
			f.refuse(w, r, Internal)
		}()
		next.ServeHTTP(w, r)
	})
}

// allowHosts answers only for the given hosts: 421 otherwise.
func (f *Frame) allowHosts(hosts []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		same := func(host string) bool { return strings.EqualFold(host, r.Host) }
		if !slices.ContainsFunc(hosts, same) {
			f.refuse(w, r, WrongHost)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses forms that another site made the browser send: 403. Requests that
// name no origin at all pass, since no browser sends those.
func (f *Frame) sameOrigin(next http.Handler) http.Handler {
	c := http.NewCrossOriginProtection()
	c.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.refuse(w, r, OtherSite)
	}))
	return c.Handler(next)
}

// readForm reads the form, once and limited, and checks that all of it is text, so that
// no handler and no database meets anything else: 413 and 400.
func (f *Frame) readForm(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == http.NoBody && r.URL.RawQuery == "" && isText(r.URL.Path) {
			next.ServeHTTP(w, r) // there is nothing to read
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, formLimit)
		err := r.ParseForm()
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			f.refuse(w, r, TooLarge)
			return
		}
		if err != nil || !readable(r) {
			f.refuse(w, r, BadForm)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// readable reports whether path, query and form are UTF-8 without NUL, and a body, if
// there is one, is a form that ParseForm understood.
func readable(r *http.Request) bool {
	if r.Method == http.MethodPost && r.ContentLength != 0 {
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || media != "application/x-www-form-urlencoded" {
			return false
		}
	}
	if !isText(r.URL.Path) {
		return false
	}
	for key, values := range r.Form {
		if !isText(key) || slices.ContainsFunc(values, func(v string) bool { return !isText(v) }) {
			return false
		}
	}
	return true
}

func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}
