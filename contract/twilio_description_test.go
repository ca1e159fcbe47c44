package contract

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// twiliosDescription is Twilio's own, cut to messages and calls; the test is skipped without it.
func twiliosDescription(t *testing.T) *openapi3.T {
	t.Helper()
	cut := filepath.Join("..", "..", "shared", "specs", "twilio-messages-calls.openapi.json")
	if _, err := os.Stat(cut); err != nil {
		t.Skipf("SKIPPED: Twilio's description is not at hand; the contract alone was checked: %v", err)
	}
	return load(t, cut)
}

// posting is the operation of a creation, and the schema of its form.
func posting(t *testing.T, doc *openapi3.T, c creation) (*openapi3.Operation, *openapi3.Schema) {
	t.Helper()
	for at, item := range doc.Paths.Map() {
		if strings.HasPrefix(at, "/2010-04-01/") && c.path.matches(strings.ReplaceAll(at, "{AccountSid}", customer.SID)) {
			return item.Post, item.Post.RequestBody.Value.Content["application/x-www-form-urlencoded"].Schema.Value
		}
	}
	t.Fatalf("it has no %s", c.name)
	return nil, nil
}

func TestTwiliosDescriptionHasTheFieldsOfTheContract(t *testing.T) {
	doc := twiliosDescription(t)
	for _, c := range creations {
		op, sent := posting(t, doc, c)
		for name := range c.sends {
			if sent.Properties[strings.TrimSuffix(name, "?")] == nil {
				t.Errorf("%s: its request has no %s", c.name, name)
			}
		}
		for _, name := range sent.Required {
			if c.sends[name] == "" {
				t.Errorf("%s: we may leave out %s", c.name, name)
			}
		}
		answer, _ := schema(op, 201)
		for _, m := range known("", c.answer, []*openapi3.Schema{answer}) {
			t.Errorf("%s: its answer has no %s", c.name, m)
		}
		there := enums(answer.Properties["status"].Value)
		for _, status := range map[string][]string{"message": textStatus, "call": callStatus}[c.name] {
			if !slices.Contains(there, status) {
				t.Errorf("%s: is never %s, but %q", c.name, status, there)
			}
		}
	}
}

// typed makes of a form what its schema calls its values.
func typed(s *openapi3.Schema, f url.Values) map[string]any {
	all := map[string]any{}
	for name, values := range f {
		p := s.Properties[name]
		switch {
		case p == nil:
			all[name] = values[0]
		case p.Value.Type.Is("array"):
			list := make([]any, len(values))
			for i, v := range values {
				list[i] = v
			}
			all[name] = list
		case p.Value.Type.Is("integer"):
			n, err := strconv.Atoi(values[0])
			all[name] = values[0]
			if err == nil {
				all[name] = float64(n)
			}
		case p.Value.Type.Is("boolean"):
			all[name] = values[0] == "true"
		default:
			all[name] = values[0]
		}
	}
	return all
}

// describedByTwilio holds what passed to Twilio's description.
func describedByTwilio(t *testing.T, all []exchange) {
	doc := twiliosDescription(t)
	n := 0
	for _, e := range all {
		op, sent := posting(t, doc, e.creation)
		if err := sent.VisitJSON(typed(sent, e.sent), openapi3.VisitAsRequest()); err != nil {
			t.Errorf("%s: the request: %v", e.name, err)
		}
		if answer, _ := schema(op, e.status); answer != nil {
			n++
			if err := answer.VisitJSON(e.body, openapi3.VisitAsResponse()); err != nil {
				t.Errorf("%s: the answer: %v", e.name, err)
			}
		}
	}
	t.Logf("%d requests and %d answers compared", len(all), n)
	if n < 8 {
		t.Errorf("only %d answers were", n)
	}
}
