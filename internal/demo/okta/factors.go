package okta

import (
	"bytes"
	"crypto/rand"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"time"

	"rsc.io/qr"
)

// The types of Okta Verify's factors.
const (
	pushType   = "push"
	totpType   = "token:software:totp"
	signedType = "signed_nonce"
)

// The statuses of a factor.
const (
	active  = "ACTIVE"
	pending = "PENDING_ACTIVATION"
)

// factor is one of a user's.
type factor struct {
	ID         string      `json:"id"`
	Type       string      `json:"type"`
	Status     string      `json:"status"`
	Created    time.Time   `json:"created"`
	Updated    time.Time   `json:"updated"`
	Device     string      `json:"device,omitempty"`
	Activation *activation `json:"activation,omitempty"` // while pending
	Seed       []byte      `json:"seed,omitempty"`       // of codes
	LastStep   int64       `json:"last_step,omitempty"`  // the newest that a code was taken of
}

// activation is a push factor that waits for its app.
type activation struct {
	Token   string    `json:"token"` // in the QR code
	Expires time.Time `json:"expires"`
	Sent    string    `json:"sent,omitempty"` // where a link went: "sms", "email"; "": there is a QR code
	SentAt  time.Time `json:"sent_at,omitzero"`
}

func (u *user) factor(id string) *factor {
	for _, f := range u.Factors {
		if f.ID == id {
			return f
		}
	}
	return nil
}

// of finds u's factor of a type; nil: there is none.
func (u *user) of(kind string) *factor {
	for _, f := range u.Factors {
		if f.Type == kind {
			return f
		}
	}
	return nil
}

// forget takes factors from u, and their pushes.
func (o *Org) forget(u *user, factors ...*factor) {
	u.Factors = slices.DeleteFunc(u.Factors, func(f *factor) bool { return slices.Contains(factors, f) })
	o.pushes = slices.DeleteFunc(o.pushes, func(p *push) bool { return slices.Contains(factors, p.factor) })
}

// named finds what the path names; a code says what is missing.
func (o *Org) named(r *http.Request) (*user, *factor, string) {
	u := o.find(r.PathValue("user"))
	if u == nil {
		return nil, nil, "E0000007"
	}
	f := u.factor(r.PathValue("factor"))
	if f == nil {
		return u, nil, "E0000007"
	}
	return u, f, ""
}

func (o *Org) getFactors(r *http.Request) reply {
	u := o.find(r.PathValue("user"))
	if u == nil {
		return fail("E0000007")
	}
	all := []object{}
	for _, f := range u.Factors {
		all = append(all, o.factorBody(r, u, f))
	}
	return ok(all)
}

func (o *Org) getFactor(r *http.Request) reply {
	u, f, missing := o.named(r)
	if missing != "" {
		return fail(missing)
	}
	return ok(o.factorBody(r, u, f))
}

// getCatalog lists what the organisation's policy lets u enrol.
func (o *Org) getCatalog(r *http.Request) reply {
	u := o.find(r.PathValue("user"))
	if u == nil {
		return fail("E0000007")
	}
	all := []object{}
	for _, kind := range []string{pushType, totpType, signedType} {
		if o.fault == NoPush {
			break
		}
		status := "NOT_SETUP"
		if f := u.of(kind); f != nil {
			status = f.Status
		}
		all = append(all, object{
			"factorType": kind, "provider": "OKTA", "vendorName": "OKTA", "enrollment": "OPTIONAL", "status": status,
			"_links": object{"enroll": link(o.userPath(r, u)+"/factors", "POST")},
		})
	}
	return ok(all)
}

// postFactor enrols a push factor: it is pending until the app has scanned. An earlier
// one that is pending is replaced.
func (o *Org) postFactor(r *http.Request) reply {
	u := o.find(r.PathValue("user"))
	if u == nil {
		return fail("E0000007")
	}
	var body struct{ FactorType, Provider string }
	switch {
	case o.fault == ReadOnly:
		return fail("E0000010")
	case !parse(r, &body):
		return fail("E0000003")
	case body.FactorType != pushType || body.Provider != "OKTA":
		return fail("E0000001", "factorType: the stand-in enrols push by OKTA alone")
	case o.fault == NoPush:
		return fail("E0000001", "Factor type is not enabled for this organization.") // from memory
	case u.refused() != "":
		return fail(u.refused())
	}
	if f := u.of(pushType); f != nil {
		if f.Status == active {
			return fail("E0000001", "A factor of this type is already set up.")
		}
		o.forget(u, f)
	}
	now := o.Now().UTC()
	f := &factor{ID: name("opf"), Type: pushType, Status: pending, Created: now, Updated: now, Activation: o.activation()}
	u.Factors = append(u.Factors, f)
	return reply{status: http.StatusOK, body: o.factorBody(r, u, f), changed: true}
}

func (o *Org) activation() *activation {
	return &activation{Token: "00" + rand.Text(), Expires: o.Now().UTC().Add(activationFor)}
}

// waits reports whether f can still be scanned.
func (o *Org) waits(f *factor) bool {
	return f.Activation != nil && o.Now().Before(f.Activation.Expires)
}

// deleteFactor unenrols. With push go the other factors of the same app.
func (o *Org) deleteFactor(r *http.Request) reply {
	if o.fault == ReadOnly {
		return fail("E0000010")
	}
	u, f, missing := o.named(r)
	if missing != "" {
		return fail(missing)
	}
	gone := []*factor{f}
	if f.Type == pushType {
		gone = slices.Clone(u.Factors)
	}
	o.forget(u, gone...)
	return reply{status: http.StatusNoContent, changed: true}
}

// postActivate begins an activation anew.
func (o *Org) postActivate(r *http.Request) reply {
	u, f, missing := o.named(r)
	switch {
	case missing != "":
		return fail(missing)
	case o.fault == ReadOnly:
		return fail("E0000010")
	case f.Activation == nil:
		return fail("E0000079")
	}
	f.Activation, f.Updated = o.activation(), o.Now().UTC()
	return reply{status: http.StatusOK, body: o.factorBody(r, u, f), changed: true}
}

// postPoll says whether the app has scanned: the bare activation until then, the whole
// factor from then on.
func (o *Org) postPoll(r *http.Request) reply {
	u, f, missing := o.named(r)
	switch {
	case missing != "":
		return fail(missing)
	case f.Status == active:
		return ok(o.factorBody(r, u, f))
	case o.waits(f):
		return ok(object{
			"expiresAt": stamp(f.Activation.Expires), "factorResult": "WAITING",
			"_links": object{"send": o.sendLinks(r, u, f)},
		})
	}
	return ok(object{
		"expiresAt": stamp(f.Activation.Expires), "factorResult": "TIMEOUT",
		"_links": object{"activate": link(o.factorPath(r, u, f)+"/lifecycle/activate", "POST")},
	})
}

// postText texts the activation's link, where a phone cannot scan.
func (o *Org) postText(r *http.Request) reply {
	var body struct {
		Profile struct{ PhoneNumber string } `json:"profile"`
	}
	if !parse(r, &body) {
		return fail("E0000003")
	}
	if body.Profile.PhoneNumber == "" {
		return fail("E0000001", "phoneNumber: The field cannot be left blank")
	}
	return o.send(r, "sms", 30*time.Second, "E0000109")
}

// postMail mails it, to the user's own address.
func (o *Org) postMail(r *http.Request) reply { return o.send(r, "email", 5*time.Second, "E0000118") }

// send sends a link, no more often than every so often.
func (o *Org) send(r *http.Request, by string, every time.Duration, early string) reply {
	u, f, missing := o.named(r)
	now := o.Now().UTC()
	switch {
	case missing != "":
		return fail(missing)
	case o.fault == ReadOnly:
		return fail("E0000010")
	case !o.waits(f):
		return fail("E0000079")
	case f.Activation.Sent == by && now.Before(f.Activation.SentAt.Add(every)):
		return fail(early)
	}
	f.Activation = o.activation()
	f.Activation.Sent, f.Activation.SentAt = by, now
	return reply{status: http.StatusOK, body: o.factorBody(r, u, f), changed: true}
}

// getQR draws the code that the app scans. Its address holds a token, so it is let in
// without another: browsers load it as a picture.
func (o *Org) getQR(r *http.Request) reply {
	_, f, missing := o.named(r)
	if missing != "" || !o.waits(f) || f.Activation.Sent != "" || f.Activation.Token != r.PathValue("token") {
		return fail("E0000007")
	}
	picture, err := drawQR("oktaverify://stand-in/" + f.ID + "?t=" + f.Activation.Token + "&note=This+is+Sallyport's+stand-in,+not+Okta")
	if err != nil {
		return fail("E0000009", err.Error())
	}
	return reply{status: http.StatusOK, png: picture}
}

// drawQR makes a PNG, with the white margin that scanners need (ISO/IEC 18004 § 9.1).
func drawQR(text string) ([]byte, error) {
	const module, quiet = 6, 4 // pixels; modules
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, err
	}
	side := (code.Size + 2*quiet) * module
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if code.Black(x/module-quiet, y/module-quiet) { // white outside of the code
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var out bytes.Buffer
	err = png.Encode(&out, picture)
	return out.Bytes(), err
}

func (o *Org) userPath(r *http.Request, u *user) string {
	return o.origin(r) + "/api/v1/users/" + u.ID
}

func (o *Org) factorPath(r *http.Request, u *user, f *factor) string {
	return o.userPath(r, u) + "/factors/" + f.ID
}

func (o *Org) sendLinks(r *http.Request, u *user, f *factor) []object {
	var all []object
	for _, by := range []string{"email", "sms"} {
		l := link(o.factorPath(r, u, f)+"/lifecycle/activate/"+by, "POST")
		l["name"] = by
		all = append(all, l)
	}
	return all
}

func (o *Org) factorBody(r *http.Request, u *user, f *factor) object {
	path := o.factorPath(r, u, f)
	links := object{"self": link(path, "GET", "DELETE"), "user": link(o.userPath(r, u), "GET")}
	body := object{
		"id": f.ID, "factorType": f.Type, "provider": "OKTA", "vendorName": "OKTA", "status": f.Status,
		"created": stamp(f.Created), "lastUpdated": stamp(f.Updated), "_links": links,
	}
	if f.Status == active {
		links["verify"] = link(path+"/verify", "POST")
		body["profile"] = f.profile(u)
		return body
	}
	links["poll"] = link(path+"/lifecycle/activate/poll", "POST")
	result := "WAITING"
	if !o.waits(f) {
		result = "TIMEOUT"
	}
	ways := object{"send": o.sendLinks(r, u, f)}
	if f.Activation.Sent == "" {
		ways["qrcode"] = object{"href": path + "/qr/" + f.Activation.Token, "type": "image/png"}
	}
	body["_embedded"] = object{"activation": object{"expiresAt": stamp(f.Activation.Expires), "factorResult": result, "_links": ways}}
	return body
}

// profile is what the app told of itself; of codes Okta tells the login alone.
func (f *factor) profile(u *user) object {
	if f.Type == totpType {
		return object{"credentialId": u.login()}
	}
	return object{
		"credentialId": u.login(), "deviceType": "SmartPhone_IPhone", "name": f.Device, "platform": "IOS", "version": "26.0",
		"keys": []object{{"kty": "EC", "use": "sig", "kid": "default", "crv": "P-256"}},
	}
}
