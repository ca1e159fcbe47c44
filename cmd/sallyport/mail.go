package main

import (
	"context"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/app"
)

func (p program) mailPreview(ctx context.Context, args []string) error {
	var o app.MailPreview
	f := p.flags("mail preview", "")
	f.StringVar(&o.Folder, "folder", "", "write every kind of mail into this `folder`, each as .eml, .html and .txt")
	f.StringVar(&o.Kind, "kind", "", "write the mail of this `kind` to standard output")
	f.StringVar(&o.Format, "format", "txt", "of the one that goes to standard output: eml, html or txt")
	f.StringVar(&o.Language, "language", "en", "the reader's `language`")
	if _, err := parse(f, args); err != nil {
		return err
	}
	switch {
	case (o.Folder == "") == (o.Kind == ""):
		return wrongUse("say either with --folder where all of them go, or with --kind which one you want to see")
	case !slices.Contains([]string{"eml", "html", "txt"}, o.Format):
		return wrongUse("say with --format eml, html or txt")
	}
	return app.PreviewMails(ctx, o, time.Now(), p.out)
}
