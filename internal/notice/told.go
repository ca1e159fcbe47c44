package notice

import (
	"context"
	"fmt"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/words"
)

// told makes the text of a notice. It has no code and no link: there is nothing in it to pass on.
func (c *Composer) told(ctx context.Context, m *outbox.Message, to reader) error {
	n := m.Notice
	key, ok := tellings[telling{n.Kind, isPhone(n.Method)}]
	if !ok {
		return fmt.Errorf("no text tells %q", n.Kind)
	}
	if n.To == "" {
		return fmt.Errorf("no number to tell: %w", outbox.ErrOver)
	}
	helpers, err := c.helpers(ctx, to)
	if err != nil {
		return err
	}
	m.To, m.Text = n.To, secret.New(c.tellShort(to, key, c.whom(to.say, helpers)))
	return nil
}

// telling is what a text tells of.
type telling struct {
	kind  outbox.NoticeKind
	phone bool // the method is a telephone number
}

var tellings = map[telling]string{
	{outbox.MethodAdded, true}:     "text.number-added",
	{outbox.MethodAdded, false}:    "text.method-added",
	{outbox.MethodRemoved, true}:   "text.number-removed",
	{outbox.MethodRemoved, false}:  "text.method-removed",
	{outbox.TwoFactorReset, false}: "text.reset",
}

func isPhone(method string) bool {
	return method == string(factor.SMS) || method == string(factor.Voice)
}

// whomRoom is how many septets the name of whoever helps may have, so that the company's is read too.
const whomRoom = 36

// whom are those that the reader may tell, the likeliest first: one name is enough in a text.
func (c *Composer) whom(say words.Printer, helpers []string) []string {
	var all []string
	if len(helpers) > 0 {
		if name, ok := plain(helpers[0]); ok {
			all = append(all, shorten(name, whomRoom))
		}
	}
	if c.Support != "" {
		if line, ok := plain(say.T("text.support", "support", c.Support)); ok && fits(line) {
			all = append(all, line)
		}
	}
	return append(all, say.T("text.administrator"))
}

// tellShort is the sentence of key in one segment: the company's name gives way first.
func (c *Composer) tellShort(to reader, key string, whom []string) string {
	for _, who := range whom {
		for _, company := range []string{to.company.Name, c.ProductName} {
			name, ok := plain(company)
			if !ok || who == "" {
				continue
			}
			rest, _ := septets(to.say.T(key, "company", "", "who", who))
			if name = shorten(name, segment-rest); name == "" {
				continue
			}
			if s := to.say.T(key, "company", name, "who", who); fits(s) {
				return s
			}
		}
	}
	return to.say.T("text.changed", "who", to.say.T("text.administrator"))
}
