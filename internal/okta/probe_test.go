package okta

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// house is an organisation that answers Probe; each answer may be replaced by its path.
func house(but map[string]string) *fake {
	answers := map[string]string{
		"GET /.well-known/okta-organization":     `200 {"id":"00o1","pipeline":"idx"}`,
		"GET /api/v1/users?limit=1":              `200 [{"id":"00u1","status":"ACTIVE"}]`,
		"POST /api/v1/users?activate=false":      `400 ` + refusing("E0000001", "login: The field cannot be left blank"),
		"GET /api/v1/authenticators":             `200 [{"key":"okta_password","status":"ACTIVE"},{"key":"okta_verify","status":"ACTIVE"}]`,
		"GET /api/v1/users/00u1/factors/catalog": `200 [{"factorType":"push","provider":"OKTA"}]`,
		"POST /oauth2/v1/token":                  `400 {"error":"invalid_scope","error_description":"SECRET"}`,
	}
	for path, a := range but {
		answers[path] = a
	}
	return &fake{answer: func(r *http.Request, _ string) (int, string) {
		status, body, _ := strings.Cut(answers[r.Method+" "+r.URL.RequestURI()], " ")
		n := 0
		for _, d := range status {
			n = n*10 + int(d-'0')
		}
		if n == 0 {
			return 0, "SECRET"
		}
		return n, body
	}}
}

func TestProbeTellsWhatIsMissing(t *testing.T) {
	const (
		known   = "GET /.well-known/okta-organization"
		list    = "GET /api/v1/users?limit=1"
		mayMake = "POST /api/v1/users?activate=false"
		verify  = "GET /api/v1/authenticators"
		catalog = "GET /api/v1/users/00u1/factors/catalog"
	)
	for _, c := range []struct {
		name string
		but  map[string]string
		want error
	}{
		{"all is well", nil, nil},
		{"nothing of Okta's there", map[string]string{known: "404 <html>"}, ErrAddress},
		{"a page there", map[string]string{known: "200 <html>"}, ErrAddress},
		{"another's JSON there", map[string]string{known: "200 {}"}, ErrAddress},
		{"it moved", map[string]string{known: "302 "}, ErrAddress},
		{"nobody home", map[string]string{known: "503 "}, ErrOutage},
		{"no connection", map[string]string{known: ""}, ErrOutage},
		{"a limit", map[string]string{known: "429 " + refusing("E0000047")}, ErrLimit},
		{"a token that does not count", map[string]string{list: "401 " + refusing("E0000011")}, ErrCredentials},
		{"a token that may not read", map[string]string{list: "403 " + refusing("E0000006")}, ErrPermission},
		{"a token that may not make", map[string]string{mayMake: "403 " + refusing("E0000006")}, ErrPermission},
		{"users in another shape", map[string]string{list: "200 {}"}, ErrAnswer},
		{"making is answered oddly", map[string]string{mayMake: "404 <html>"}, nil},
		{"Okta Verify is not active", map[string]string{verify: `200 [{"key":"okta_verify","status":"INACTIVE"}]`}, ErrPolicy},
		{"Okta Verify is not there", map[string]string{verify: `200 [{"key":"okta_email","status":"ACTIVE"}]`}, ErrPolicy},
		{"authenticators cannot be asked", map[string]string{verify: "403 " + refusing("E0000006")}, nil},
		{"nor are they in the catalogue", map[string]string{verify: "404 " + refusing("E0000008"), catalog: `200 [{"factorType":"sms","provider":"OKTA"}]`}, ErrPolicy},
		{"nor may the catalogue be asked", map[string]string{verify: "404 " + refusing("E0000008"), catalog: "403 " + refusing("E0000006")}, nil},
		{"an organisation without users", map[string]string{verify: "404 " + refusing("E0000008"), list: "200 []"}, nil},
		{"an outage on the way", map[string]string{verify: "503 "}, ErrOutage},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := house(c.but)
				wants(t, client(f).Probe(t.Context(), acme), c.want)
			})
		})
	}
}

func TestProbeShowsNoTokenBeforeItKnowsWhereItIs(t *testing.T) {
	f := always(200, `{"id":1}`)
	wants(t, client(f).Probe(t.Context(), acme), ErrAddress)
	if f.calls() != 1 || f.last.Header.Get("Authorization") != "" {
		t.Errorf("asked %v with %q", f.seen, f.last.Header.Get("Authorization"))
	}
}

func TestProbeTellsAScopeThatWasNotGranted(t *testing.T) {
	_, err := client(house(nil)).FindUser(t.Context(), serviceOrg(t), "00u1")
	if got := wants(t, err, ErrPermission); got.Code != "invalid_scope" {
		t.Errorf("got %+v", got)
	}
	wants(t, client(house(nil)).Probe(t.Context(), serviceOrg(t)), ErrPermission)
}
