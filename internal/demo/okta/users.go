package okta

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// user is one of the organisation's.
type user struct {
	ID      string         `json:"id"`
	Status  string         `json:"status"`
	Profile map[string]any `json:"profile"`
	Created time.Time      `json:"created"`
	Factors []*factor      `json:"factors"`
}

func (u *user) login() string { return u.field("login") }

func (u *user) field(name string) string {
	text, _ := u.Profile[name].(string)
	return text
}

// find takes an id or a login; nil: there is no such user.
func (o *Org) find(idOrLogin string) *user {
	for _, u := range o.kept.Users {
		if u.ID == idOrLogin || strings.EqualFold(u.login(), idOrLogin) {
			return u
		}
	}
	return nil
}

// refused says why u may not enrol or verify now; "" when it may.
func (u *user) refused() string {
	switch u.Status {
	case "ACTIVE":
		return ""
	case "LOCKED_OUT":
		return "E0000069"
	}
	return "E0000155"
}

// SetStatus makes status that of login: "SUSPENDED", "LOCKED_OUT", … False: there is no such user.
func (o *Org) SetStatus(login, status string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	u := o.find(login)
	if u == nil {
		return false
	}
	u.Status = status
	return o.save() == nil
}

func (o *Org) getOrganization(r *http.Request) reply {
	return ok(object{
		"id": "00oSTANDIN0000000000", "pipeline": "idx", "cell": "stand-in",
		"_links":   object{"organization": object{"href": o.origin(r)}},
		"settings": object{"analyticsCollectionEnabled": false, "bugReportingEnabled": false, "omEnabled": false},
	})
}

// getAuthenticators lists what the organisation has, to whoever has a scope that Sallyport
// does without: so an API token alone sees it.
func (o *Org) getAuthenticators(*http.Request) reply {
	verify := "ACTIVE"
	if o.fault == NoPush {
		verify = "INACTIVE"
	}
	return ok([]object{
		{"id": "autSTANDIN0000000001", "type": "password", "key": "okta_password", "name": "Password", "status": "ACTIVE"},
		{"id": "autSTANDIN0000000002", "type": "app", "key": "okta_verify", "name": "Okta Verify", "status": verify},
	})
}

func (o *Org) getUsers(r *http.Request) reply {
	n := 200
	if text := r.FormValue("limit"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			return fail("E0000001", "limit: must be a number of 1 or more")
		}
	}
	all := []object{}
	for _, u := range o.kept.Users[:min(n, len(o.kept.Users))] {
		all = append(all, o.userBody(r, u))
	}
	return ok(all)
}

func (o *Org) getUser(r *http.Request) reply {
	u := o.find(r.PathValue("user"))
	if u == nil {
		return fail("E0000007")
	}
	return ok(o.userBody(r, u))
}

// postUser makes a user that is ACTIVE at once and has no password: its provider is FEDERATION.
func (o *Org) postUser(r *http.Request) reply {
	var body struct {
		Profile     map[string]any `json:"profile"`
		Credentials struct {
			Provider struct{ Type, Name string } `json:"provider"`
		} `json:"credentials"`
	}
	if o.fault == ReadOnly {
		return fail("E0000010")
	}
	if !parse(r, &body) {
		return fail("E0000003")
	}
	u := &user{ID: name("00u"), Status: "ACTIVE", Profile: body.Profile, Created: o.Now().UTC()}
	for _, f := range []string{"login", "email"} {
		if u.field(f) == "" {
			return fail("E0000001", f+": The field cannot be left blank")
		}
		if at := strings.IndexByte(u.field(f), '@'); at < 1 || len(u.field(f)) < 5 || len(u.field(f)) > 100 {
			return fail("E0000001", f+": must be an address of 5 to 100 characters")
		}
	}
	if r.FormValue("provider") != "true" || body.Credentials.Provider.Type != "FEDERATION" {
		return fail("E0000001", "the stand-in makes federated users alone: ?provider=true, and FEDERATION for credentials.provider")
	}
	if o.find(u.login()) != nil {
		return fail("E0000001", "login: An object with this field already exists in the current organization")
	}
	o.kept.Users = append(o.kept.Users, u)
	return reply{status: http.StatusOK, body: o.userBody(r, u), changed: true}
}

func (o *Org) userBody(r *http.Request, u *user) object {
	return object{
		"id": u.ID, "status": u.Status, "created": stamp(u.Created), "activated": stamp(u.Created), "statusChanged": stamp(u.Created),
		"lastLogin": nil, "lastUpdated": stamp(u.Created), "passwordChanged": nil,
		"type":    object{"id": "otySTANDIN0000000000"},
		"profile": u.Profile,
		"credentials": object{
			"provider": object{"type": "FEDERATION", "name": "FEDERATION"},
			"emails":   []object{{"value": u.field("email"), "status": "VERIFIED", "type": "PRIMARY"}},
		},
		"_links": object{"self": object{"href": o.origin(r) + "/api/v1/users/" + u.ID}},
	}
}

// Remove takes Okta Verify from login at Okta's side, as an administrator there would. False:
// there was none.
func (o *Org) Remove(login string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	u := o.find(login)
	if u == nil || len(u.Factors) == 0 {
		return false
	}
	o.forget(u, slices.Clone(u.Factors)...)
	return o.save() == nil
}

// UserID is the id of the user with that login; "" where there is none.
func (o *Org) UserID(login string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if u := o.find(login); u != nil {
		return u.ID
	}
	return ""
}
