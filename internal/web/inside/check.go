package inside

import (
	"errors"
	"net/http"

	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/frame"
)

// Routes adds what a program asks about a browser's session: a proxy, before each request to
// what stands behind it.
func (d Door) Routes(mux frame.Mux, f *frame.Frame) {
	mux.Handle("GET /session", f.Handle(func(w http.ResponseWriter, r *http.Request) error {
		err := d.Sessions.Check(r.Context(), d.Cookies.Session(r))
		if err != nil && !errors.Is(err, signin.ErrSignedOut) {
			f.Log(r, err)
		}
		frame.Polled(w)
		w.WriteHeader(checked(err))
		return nil
	}, f.Explain))
}

// checked is the whole answer: 204, the session opens the pages now; 401, there is none that
// does; 503, that cannot be said, so nothing is opened.
func checked(err error) int {
	switch {
	case err == nil:
		return http.StatusNoContent
	case errors.Is(err, signin.ErrSignedOut):
		return http.StatusUnauthorized
	}
	return http.StatusServiceUnavailable
}
