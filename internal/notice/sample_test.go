package notice

import (
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/outbox"
)

func TestEveryKindOfMailHasASample(t *testing.T) {
	w := composer(t, juniper()).Words
	subjects := make(map[string]outbox.NoticeKind)
	for _, kind := range Kinds() {
		m, err := Sample(t.Context(), w, kind, "en", now)
		if err != nil {
			t.Fatal(err)
		}
		if other := subjects[m.Mail.Subject]; other != "" || m.Mail.Subject == "" {
			t.Errorf("%s and %s have the subject %q", kind, other, m.Mail.Subject)
		}
		subjects[m.Mail.Subject] = kind
		if m.ID != string(kind) || m.Channel != outbox.Mail || m.To == "" || len(m.Mail.Facts) < 2 || len(m.Mail.Questions) != 2 {
			t.Errorf("%s: %+v", kind, m)
		}
	}
	if len(subjects) != len(kinds) {
		t.Errorf("%d samples of %d kinds", len(subjects), len(kinds))
	}
	m, err := Sample(t.Context(), w, outbox.TwoFactorReset, "en", now)
	if err != nil || line(m.Mail, "By") != "Ada Okafor" || !strings.Contains(m.Mail.Questions[1].Answer, "Ada Okafor or Ruth Abernathy") {
		t.Errorf("%+v, error %v", m.Mail, err)
	}
	if _, err := Sample(t.Context(), w, "pigeon", "en", now); err == nil {
		t.Error("there is a sample of what does not exist")
	}
}
