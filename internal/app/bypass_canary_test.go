package app_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// written are the ways to write an American number without its country.
func written(e164 string) []string {
	d := strings.TrimPrefix(e164, "+1")
	return []string{
		d, d[:3] + " " + d[3:6] + " " + d[6:], d[:3] + "-" + d[3:6] + "-" + d[6:], "(" + d[:3] + ") " + d[3:6] + "-" + d[6:],
		d[3:6] + "-" + d[6:], d[3:6] + " " + d[6:], d[3:],
	}
}

// columns calls look for every value of every column of every table, as bytes.
func (h *house) columns(look func(table, column string, value []byte, number bool)) {
	h.t.Helper()
	query := "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
	if strings.HasPrefix(h.dsn, "sqlite:") {
		query = "SELECT name FROM sqlite_master WHERE type = 'table'"
	}
	tables := h.list(query)
	if len(tables) < 15 {
		h.t.Fatalf("only the tables %v were found", tables)
	}
	for _, table := range tables {
		h.rows(table, look)
	}
}

func (h *house) list(query string) []string {
	h.t.Helper()
	rows, err := h.db.QueryContext(h.t.Context(), query)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			h.t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func (h *house) rows(table string, look func(table, column string, value []byte, number bool)) {
	h.t.Helper()
	rows, err := h.db.QueryContext(h.t.Context(), `SELECT * FROM "`+table+`"`)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		h.t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(sql.RawBytes)
		}
		if err := rows.Scan(values...); err != nil {
			h.t.Fatal(err)
		}
		for i, v := range values {
			raw := *v.(*sql.RawBytes)
			look(table, names[i], raw, len(raw) > 0 && strings.Trim(string(raw), "0123456789") == "")
		}
	}
}

// when is what the log says of real time: its digits may be any.
var when = regexp.MustCompile(`"(time|took)":[^,]*,`)

// GHSA-m9h4-7j9c-55x9, authentik, and MTN, HackerOne 2633888: numbers and seeds were shown to
// those who could see a setting, and the code stood in the answer of the request that sent it.
func TestBypass43And64NoAnswerLogOrRowHasACodeANumberOrASeed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		const strange = "+15035550188" // typed and never proved
		var browsers []*browser
		open := func() *browser {
			b := h.newBrowser()
			browsers = append(browsers, b)
			return b
		}
		b := open()
		path := b.begin(sam)
		b.sendCode(path, factor.SMS, strange).leads(path)
		b.get(path + "/delivery").want(http.StatusOK)
		own := b.get(path+"/number?kind=sms").want(http.StatusOK).form("/number?kind=sms", "own", "1")
		b.submit(own).leads(path)
		b.get(path + "/delivery").want(http.StatusOK)
		b.answer(path, not(1, h.newest(sam, outbox.Text))[0]).want(http.StatusUnprocessableEntity)
		b.press(path, "resend").want(http.StatusTooManyRequests)
		b.press(path, "call").leads(path)
		b.get(path + "/delivery").want(http.StatusOK)
		b.answer(path, h.newest(sam, outbox.Call)).leads(path)
		b.get(path).want(http.StatusOK).says("0142")
		b.submit(b.get(path).form("/finish")).leads("/")
		b.get("/settings").want(http.StatusOK).says("0142")
		adding := b.beginAdd()
		b.answer(adding, h.newest(sam, outbox.Call)).leads(adding)
		seed, code := b.setUp(adding)
		b.submit(code.form("/answer"), "code", seed.at(h.clock.Now(), 0)).want(http.StatusSeeOther)

		// Everything that goes wrong: refusals, limits, a carrier that quotes what it got, a wait.
		h.phone.mu.Lock()
		var tries atomic.Int64
		h.phone.answers = func(m outbox.Message) error {
			if m.Channel == outbox.Mail {
				return nil
			}
			quoted := fmt.Sprintf("to %s (%s): %s %s %s", m.To, strings.Join(written(m.To), ", "), m.Code.Reveal(), m.Text.Reveal(), m.Spoken.Reveal())
			if tries.Add(1)%2 == 1 {
				return fmt.Errorf("%w: %s", outbox.ErrRefused, quoted)
			}
			return errors.New(quoted)
		}
		h.phone.mu.Unlock()
		thief := open()
		for range 8 {
			path = thief.begin(sam)
			thief.get(path + "/methods")
			thief.post(path+"/choose", fieldsOf("", "authenticator", h.methodID(sam, 0)))
			h.settled()
			thief.get(path)
			thief.get(path + "/delivery")
			thief.post(path+"/call", nil)
			thief.post(path+"/resend", nil)
			thief.answerIf(path, "000000")
			h.clock.pass(time.Second)
		}
		admin := open()
		admin.join(ada)
		admin.get("/settings/users").want(http.StatusOK).says(sam.name)
		admin.get(resetPage(sam)).want(http.StatusOK)
		h.clock.pass(20 * time.Minute)
		h.settled()
		h.exec("UPDATE sign_in SET challenge_key = 'gone'") // a key that is missing: no code can be made
		path = thief.begin(sam)
		h.exec("UPDATE sign_in SET challenge_key = 'gone'")
		thief.get(path)
		thief.post(path+"/answer", fieldsOf("", "code", "123456"))

		codes := map[string]bool{}
		for _, m := range h.phone.all() {
			if m.SignIn != "" {
				codes[m.Code.Reveal()] = true
			}
		}
		if len(codes) < 3 {
			t.Fatalf("%d codes were sent, too few to look for", len(codes))
		}
		var secrets []string
		for _, n := range []string{phoneOf(sam), strange} {
			secrets = append(secrets, written(n)...)
		}
		secrets = append(secrets, encode(seed.key), string(seed.key))
		for code := range codes {
			secrets = append(secrets, code)
		}
		log := when.ReplaceAllString(h.log.String(), "")
		for _, s := range secrets {
			if strings.Contains(log, s) {
				t.Errorf("the log has %q", s)
			}
		}
		if !strings.Contains(log, "message not sent") || !strings.Contains(log, "POST /sign-in/{id}/resend") {
			t.Error("the log has not what it should, so nothing was scanned")
		}
		for _, b := range browsers {
			for _, p := range b.seen {
				typed := p.status == http.StatusUnprocessableEntity || p.status == http.StatusTooManyRequests // kept in the field
				for _, s := range secrets {
					scan := strings.HasSuffix(p.asked, "/scan") && s == encode(seed.key)
					if strings.Contains(p.body, s) && !typed && !scan || strings.Contains(fmt.Sprint(p.header), s) {
						t.Errorf("%s %s (%d) shows %q", p.method, p.asked, p.status, s)
					}
				}
			}
		}
		looked := 0
		h.columns(func(table, column string, value []byte, number bool) {
			looked++
			for _, s := range secrets {
				if number && string(value) == s || !number && bytes.Contains(value, []byte(s)) {
					t.Errorf("%s.%s has %q", table, column, s)
				}
			}
		})
		if looked < 500 {
			t.Errorf("only %d values were looked at", looked)
		}
	})
}

// answerIf types a code where one is asked for.
func (b *browser) answerIf(path, code string) {
	if p := b.get(path); p.has("/answer") {
		b.submit(p.form("/answer"), "code", code)
	}
}

// The demo phone shows codes to everybody: it is there in the demo alone.
func TestBypass64NoServerButTheDemoHasTheDemoPhone(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		for _, r := range h.routes() {
			if strings.Contains(r.path, "demo") {
				t.Errorf("%s %s is registered", r.method, r.path)
			}
		}
		id := h.got(sam, outbox.Text)[0].ID
		for _, path := range []string{"", "/phone", "/phone/live", "/phone/calls/" + id + "/press", "/phone/calls/" + id + "/audio", "/phone/calls/" + id + "/decline", "/phone/mails/" + id} {
			b := h.newBrowser()
			same(t, path, b.get("/demo"+path), b.get("/nowhere"))
			same(t, path, b.post("/demo"+path, nil), b.post("/nowhere", nil))
		}
		h.newBrowser().signInBy(sam, outbox.Text)
	})
}
