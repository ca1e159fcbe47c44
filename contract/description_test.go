package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/getkin/kin-openapi/openapi3"
)

// description is what Okta has published.
type description struct {
	name string
	doc  *openapi3.T
	// older is of 2024: its verify does not know its own answer to a push, nor the number.
	older bool
}

const sdk = "github.com/okta/okta-sdk-golang/v5"

// descriptions are those at hand; what is not is said aloud.
func descriptions(t *testing.T) []description {
	t.Helper()
	var all []description
	if out, err := exec.Command("go", "mod", "download", "-json", sdk).Output(); err != nil {
		t.Logf("NOT CHECKED against Okta's description in %s, which is not at hand: %v: %s", sdk, err, out)
	} else {
		var m struct{ Dir string }
		if err := json.Unmarshal(out, &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, description{"SDK", load(t, filepath.Join(m.Dir, "okta", "api", "openapi.yaml")), true})
	}
	cut := filepath.Join("..", "..", "shared", "specs", "okta-users-factors.openapi.json")
	if _, err := os.Stat(cut); err != nil {
		t.Logf("NOT CHECKED against Okta's newer description, which is not at hand: %v", err)
	} else {
		all = append(all, description{"shared/specs", load(t, cut), false})
	}
	if len(all) == 0 {
		t.Skip("SKIPPED: none of Okta's descriptions is at hand; the contract alone was checked")
	}
	return all
}

func load(t *testing.T, path string) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatalf("read Okta's description: %v", err)
	}
	// Their own examples and defaults do not all keep to their schemas.
	if err := doc.Validate(t.Context(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation(), openapi3.DisableSchemaPatternValidation()); err != nil {
		t.Logf("%s is not valid as a whole: %v", path, err)
	}
	return doc
}

// operation finds a call, whatever the parts of its path are called; nil: it is not there.
func (d description) operation(c call) *openapi3.Operation {
	for path, item := range d.doc.Paths.Map() {
		want, got := strings.Split(c.path, "/"), strings.Split(path, "/")
		same := func(a, b string) bool { return a == b || strings.HasPrefix(a, "{") && strings.HasPrefix(b, "{") }
		if slices.EqualFunc(want, got, same) {
			if op := item.GetOperation(c.method); op != nil {
				return op
			}
		}
	}
	return nil
}

// without says that a description has not what the contract has, and why that is no fault.
func (d description) without(c call, status int) string {
	switch {
	case c.missing != "":
		return c.missing
	case !d.older && (c.name == "organisation" || c.name == "list authenticators"):
		return "the cut has users and factors alone"
	case d.older && c.name == "verify" && status == 201:
		return "it lists 200 alone; its text says that a push is answered with 201"
	}
	return ""
}

func TestOktasDescriptionHasTheCallsOfTheContract(t *testing.T) {
	for _, d := range descriptions(t) {
		t.Run(d.name, func(t *testing.T) {
			for _, c := range calls {
				op := d.operation(c)
				for status := range c.answers {
					why := d.without(c, status)
					if there := op != nil && op.Responses.Status(status) != nil; there == (why != "") {
						t.Errorf("%s %s %d: there: %v; %s", c.method, c.path, status, there, why)
					}
				}
				if op == nil {
					continue
				}
				if _, err := json.Marshal(op.RequestBody); err != nil || (c.bodies != nil) != (op.RequestBody != nil) {
					t.Errorf("%s: a body: %v", c.name, op.RequestBody != nil)
				}
				for name := range c.query {
					if op.Parameters.GetByInAndName("query", name) == nil {
						t.Errorf("%s: it has no ?%s", c.name, name)
					}
				}
			}
		})
	}
}

// schema is what the description says an answer looks like; nil: nothing.
func schema(op *openapi3.Operation, status int) (*openapi3.Schema, openapi3.Examples) {
	if op == nil {
		return nil, nil
	}
	a := op.Responses.Status(status)
	if a == nil || a.Value == nil || a.Value.Content["application/json"] == nil {
		return nil, nil
	}
	m := a.Value.Content["application/json"]
	if m.Schema == nil {
		return nil, m.Examples
	}
	return m.Schema.Value, m.Examples
}

// fieldsOf are the properties of s, through all that it is made of. The second says whether it
// may have others too.
func fieldsOf(s *openapi3.Schema) (map[string][]*openapi3.Schema, bool) {
	all, open := map[string][]*openapi3.Schema{}, s.AdditionalProperties.Schema != nil
	for name, p := range s.Properties {
		all[name] = append(all[name], p.Value)
	}
	for _, part := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		inner, o := fieldsOf(part.Value)
		open = open || o
		for name, p := range inner {
			all[name] = append(all[name], p...)
		}
	}
	return all, open
}

// enums are the texts that s may be; nil: any.
func enums(s *openapi3.Schema) []string {
	var all []string
	for _, e := range s.Enum {
		if text, ok := e.(string); ok {
			all = append(all, text)
		}
	}
	for _, part := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		all = append(all, enums(part.Value)...)
	}
	return all
}

// known says what of a shape a description does not have at any of several schemas.
func known(at string, s shape, schemas []*openapi3.Schema) []string {
	switch s := s.(type) {
	case just:
		return known(at, fields(s), schemas)
	case fields:
		return knownFields(at, s, schemas)
	case list:
		var items []*openapi3.Schema
		for _, o := range schemas {
			if o.Items != nil {
				items = append(items, o.Items.Value)
			}
		}
		return known(at+"[]", s.of, items)
	case one:
		var there []string
		for _, o := range schemas {
			there = append(there, enums(o)...)
		}
		var missing []string
		for _, e := range s {
			if len(there) > 0 && !slices.Contains(there, e) {
				missing = append(missing, at+": "+e)
			}
		}
		return missing
	}
	return nil
}

func knownFields(at string, s fields, schemas []*openapi3.Schema) []string {
	there, open := map[string][]*openapi3.Schema{}, false
	for _, o := range schemas {
		inner, free := fieldsOf(o)
		open = open || free || len(inner) == 0 // it says nothing of what is in there
		for name, p := range inner {
			there[name] = append(there[name], p...)
		}
	}
	var missing []string
	for name, inner := range s {
		name = strings.TrimSuffix(name, "?")
		if there[name] == nil && !open {
			missing = append(missing, at+"."+name)
		} else if there[name] != nil {
			missing = append(missing, known(at+"."+name, inner, there[name])...)
		}
	}
	return missing
}

// unknown are the fields that a description lacks, by its own oversight: its examples have them,
// or it is older than they are.
func (d description) unknown() []string {
	all := []string{"poll push 200: .expiresAt"} // it is in every example
	if d.older {
		all = append(all, "poll push 200: ._embedded", "poll push 200: ._links.factor") // the number challenge; in its example
	}
	return all
}

func TestOktasDescriptionHasTheFieldsOfTheContract(t *testing.T) {
	for _, d := range descriptions(t) {
		t.Run(d.name, func(t *testing.T) {
			missing := map[string]bool{}
			for _, c := range calls {
				op := d.operation(c)
				for status, shapes := range c.answers {
					s, _ := schema(op, status)
					for _, want := range shapes {
						if s == nil {
							break
						}
						for _, m := range known("", want, []*openapi3.Schema{s}) {
							missing[fmt.Sprintf("%s %d: %s", c.name, status, m)] = true
						}
					}
				}
				if op == nil || op.RequestBody == nil || op.RequestBody.Value.Content["application/json"] == nil {
					continue
				}
				for _, want := range c.bodies {
					for _, m := range known("", want, []*openapi3.Schema{op.RequestBody.Value.Content["application/json"].Schema.Value}) {
						t.Errorf("%s: a request with %s is not known", c.name, m)
					}
				}
			}
			if got, want := slices.Sorted(maps.Keys(missing)), slices.Sorted(slices.Values(d.unknown())); !slices.Equal(got, want) {
				t.Errorf("it has not %q, want %q", got, want)
			}
		})
	}
}

// ofOurs reports whether an example is of what we ask for: Okta has many factors.
func ofOurs(c call, v any) bool {
	o, ok := v.(map[string]any)
	if !ok || !slices.Contains([]string{"enrol push", "activate anew", "verify", "poll push"}, c.name) {
		return c.name != "list users" // of which a part was asked for
	}
	if kind, there := o["factorType"].(string); there {
		return kind == "push" && (c.name == "enrol push") == (o["status"] == "PENDING_ACTIVATION")
	}
	result, _ := o["factorResult"].(string)
	return slices.Contains([]string{"WAITING", "SUCCESS", "REJECTED", "TIMEOUT"}, result) && (result == "SUCCESS") == (o["profile"] == nil && o["_links"] == nil)
}

func TestOktasExamplesKeepTheContract(t *testing.T) {
	for _, d := range descriptions(t) {
		t.Run(d.name, func(t *testing.T) {
			n := 0
			for _, c := range calls {
				for status, shapes := range c.answers {
					if c.name == "activate anew" {
						shapes = []shape{pendingPush, activePush} // its example is of an app that scanned meanwhile
					}
					_, examples := schema(d.operation(c), status)
					for _, name := range slices.Sorted(maps.Keys(examples)) {
						v := examples[name].Value.Value
						if shapes == nil || !ofOurs(c, v) {
							continue
						}
						n++
						if why := firstFit(shapes, addressed(v)); why != "" {
							t.Errorf("%s %d, %q: %s", c.name, status, name, why)
						}
					}
				}
			}
			t.Logf("%d examples", n)
			if n < 2 || n < 10 && !d.older {
				t.Errorf("only %d examples were compared", n)
			}
		})
	}
}

// addressed makes of an example what an organisation would send: whole numbers are JSON's.
func addressed(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if json.Unmarshal(text, &out) != nil {
		return v
	}
	return out
}

func TestOktasErrorsHaveTheStatusesOfTheContract(t *testing.T) {
	for _, d := range descriptions(t) {
		t.Run(d.name, func(t *testing.T) {
			seen := map[string]bool{}
			for _, c := range calls {
				op := d.operation(c)
				if op == nil {
					continue
				}
				for text := range op.Responses.Map() {
					status, _ := strconv.Atoi(text) // "default" is 0
					_, examples := schema(op, status)
					for name, e := range examples {
						o, _ := addressed(e.Value.Value).(map[string]any)
						code, _ := o["errorCode"].(string)
						if want, ours := statuses[code]; ours && status >= 400 && want != status {
							t.Errorf("%s: %s (%s) has status %d, not %d", c.name, code, name, status, want)
						} else if ours {
							seen[code] = true
						}
						if why := trouble.fits("", any(o)); code != "" && why != "" {
							t.Errorf("%s: %s: %s", c.name, name, why)
						}
					}
				}
			}
			for _, code := range []string{"E0000001", "E0000006", "E0000007", "E0000047"} {
				if !seen[code] {
					t.Errorf("no call has the error %s", code)
				}
			}
		})
	}
}

// comparable leaves out of an answer what a description does not know.
func (d description) comparable(p passed) (any, bool) {
	if d.without(p.call, p.status) != "" {
		return nil, false
	}
	all, isList := p.body.([]any)
	if !d.older || !isList {
		return p.body, true
	}
	// It lists the type signed_nonce among the types, and has no schema for it.
	return slices.DeleteFunc(slices.Clone(all), func(v any) bool { return v.(map[string]any)["factorType"] == "signed_nonce" }), true
}

func TestTheStandInsAnswersAreValidInOktasDescription(t *testing.T) {
	all := descriptions(t)
	var answers []passed
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.walk()
		answers = d.all
	})
	for _, d := range all {
		t.Run(d.name, func(t *testing.T) {
			n := 0
			for _, p := range answers {
				s, _ := schema(d.operation(p.call), p.status)
				body, ok := d.comparable(p)
				if s == nil || !ok {
					continue
				}
				n++
				if err := s.VisitJSON(body, openapi3.VisitAsResponse()); err != nil {
					t.Errorf("%s %d: %v", p.call.name, p.status, err)
				}
			}
			t.Logf("%d of %d answers compared", n, len(answers))
			if n < 20 {
				t.Errorf("only %d were", n)
			}
		})
	}
}
