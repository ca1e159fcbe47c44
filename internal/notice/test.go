package notice

import (
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// test makes the message with which the operator tries a carrier. It has no code, and says so.
func (c *Composer) test(m *outbox.Message, to reader) {
	m.To, m.Until = m.Notice.To, m.Expires
	what := to.say.T("test.what", "product", c.ProductName, "host", c.Host)
	switch m.Channel {
	case outbox.Text:
		m.Text = secret.New(what)
	case outbox.Call:
		m.Prompt, m.Spoken = to.say.T("test.prompt"), secret.New(what)
	case outbox.Mail:
		m.Mail = outbox.Letter{From: c.ProductName, Subject: to.say.T("test.subject"), Title: to.say.T("test.subject"), Lead: what, Foot: to.say.T("mail.foot")}
	}
}
