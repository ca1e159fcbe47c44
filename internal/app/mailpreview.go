package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/delivery/letter"
	"sallyport.dev/sallyport/internal/delivery/mail"
	"sallyport.dev/sallyport/internal/notice"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/words"
)

// MailPreview says which mails are shown, with made-up people, and as what.
type MailPreview struct {
	Folder   string // for all of them; it is made where it is missing
	Kind     string // without a Folder: the one that is written out
	Format   string // of that one: "eml", "html", "txt"
	Language string // BCP 47
}

// PreviewMails writes mails as they would go out.
func PreviewMails(ctx context.Context, p MailPreview, now time.Time, out io.Writer) error {
	w, err := words.Load()
	if err != nil {
		return err
	}
	if p.Folder == "" {
		files, err := previewMail(ctx, w, p, now)
		if err != nil {
			return err
		}
		_, err = out.Write(files[p.Format])
		return err
	}
	if err := os.MkdirAll(p.Folder, 0o755); err != nil {
		return err
	}
	for _, kind := range notice.Kinds() {
		p.Kind = string(kind)
		files, err := previewMail(ctx, w, p, now)
		if err != nil {
			return err
		}
		for _, ending := range []string{"eml", "html", "txt"} {
			if err := os.WriteFile(filepath.Join(p.Folder, p.Kind+"."+ending), files[ending], 0o644); err != nil {
				return err
			}
		}
		_, _ = fmt.Fprintln(out, filepath.Join(p.Folder, p.Kind+".html"))
	}
	return nil
}

// previewMail makes the three files of one kind, by their endings.
func previewMail(ctx context.Context, w *words.Catalogue, p MailPreview, now time.Time) (map[string][]byte, error) {
	const base = "https://login.example.com"
	if all := notice.Kinds(); !slices.Contains(all, outbox.NoticeKind(p.Kind)) {
		var names []string
		for _, k := range all {
			names = append(names, string(k))
		}
		return nil, fmt.Errorf("there is no mail %q; there are: %s", p.Kind, strings.Join(names, ", "))
	}
	m, err := notice.Sample(ctx, w, outbox.NoticeKind(p.Kind), p.Language, now)
	if err != nil {
		return nil, err
	}
	press, err := letter.New(base)
	if err != nil {
		return nil, err
	}
	parts, layErr := press.Lay(m.Mail, m.Language)
	eml, err := mail.Preview(mail.Options{From: "sign-in@example.com", BaseURL: base, Now: func() time.Time { return now }}, m)
	return map[string][]byte{"eml": eml, "html": []byte(parts.HTML), "txt": []byte(parts.Text)}, errors.Join(layErr, err)
}
