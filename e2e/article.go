package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The part of a page that a picture in a help article shows.
const (
	onCard = ".lintel, .card"
	inRoom = ".room > *, .popup"
)

// articlePictures are those that help articles show, by name, of pages at which journeys pass.
var articlePictures = map[string]string{
	"choose": onCard, "scan": onCard, "finish": onCard, "register": onCard, "push": onCard, "number": onCard, "text": onCard, "call": onCard,
	"code-refused": onCard, "wait": onCard, "contacts": onCard, "my-account": inRoom, "user-accounts": inRoom, "reset": inRoom,
}

// words are what a page calls its parts. What changes from one sign-in to the next is left out.
const words = `[...new Set([...document.querySelectorAll("h1, h2, button, label, summary, th, .button")]
	.filter((e) => [...document.querySelectorAll(%q)].some((p) => p.contains(e)) && e.checkVisibility())
	.map((e) => e.innerText.replace(/ in \d+:\d+$/, "").replace(/\d+/g, "#").replace(/\s+/g, " ").trim()).filter(Boolean))].join("\n")`

// box is what a part takes up on its page, with a margin.
const box = `(() => {
	const all = [...document.querySelectorAll(%q)].filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect());
	const x = Math.min(...all.map((b) => b.left)) - 12, y = Math.min(...all.map((b) => b.top)) - 12;
	return {x: x + scrollX, y: y + scrollY, width: Math.max(...all.map((b) => b.right)) + 12 - x, height: Math.max(...all.map((b) => b.bottom)) + 12 - y};
})()`

// ArticlePicture looks whether the page still says what it said when its picture for the help
// articles was taken. With SALLYPORT_SCREENSHOTS=1 it takes the picture anew, for both themes.
func (w *Window) ArticlePicture(name string) {
	w.t.Helper()
	part := articlePictures[name]
	said := evaluate[string](w, fmt.Sprintf(words, part)) + "\n"
	kept := filepath.Join("pictures", name+".txt")
	if os.Getenv("SALLYPORT_SCREENSHOTS") != "1" {
		want, err := os.ReadFile(kept)
		if err != nil || string(want) != said {
			w.t.Errorf("the articles' picture %s (%v) shows\n%s\nand the page now says\n%s\nTake it anew, with SALLYPORT_SCREENSHOTS=1", name, err, want, said)
		}
		return
	}
	width := w.way.Width
	if part == inRoom {
		w.Resize(1160) // else its letters are too small in an article
	}
	for theme, ending := range map[string]string{"light": "", "dark": "-dark"} {
		w.theme(theme)
		shot := read(w, "take a picture of "+part, func(ctx context.Context, tab *chromedp.Target) ([]byte, error) {
			clip, err := chromedp.Evaluate[page.Viewport](fmt.Sprintf(box, part))(ctx, tab)
			if err != nil {
				return nil, err
			}
			clip.Scale = 1
			return capture(ctx, tab, clip)
		})
		small, err := fewColours(shot)
		if err != nil {
			w.t.Fatalf("picture %s: %v", name, err)
		}
		if err := os.WriteFile(filepath.Join("..", "internal", "help", "articles", "pictures", name+ending+".png"), small, 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	w.theme("light")
	w.Resize(width)
	if err := os.WriteFile(kept, []byte(said), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// theme makes the pages light or dark, at once.
func (w *Window) theme(name string) {
	w.t.Helper()
	w.do("go "+name, func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	})
}

// bringAxe has axe-core in every page that the window opens from now on.
func (w *Window) bringAxe() {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join("..", ".cache", "axe-core-*.min.js"))
	if err != nil || len(found) != 1 {
		w.t.Fatalf("axe-core is not here (%v, %v): make deps brings it", found, err)
	}
	source, err := os.ReadFile(found[0])
	if err != nil {
		w.t.Fatal(err)
	}
	w.do("bring axe-core", func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, page.Enable, page.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: string(bytes.TrimSpace(source))})
		return err
	})
}

// Accessible holds the page to axe-core's rules; in the dark only to those about colours, since the
// others have been held to already.
func (w *Window) Accessible(dark bool) {
	w.t.Helper()
	options := `{}`
	if dark {
		options = `{runOnly: ["color-contrast"]}`
	}
	script := `axe.run(document, ` + options + `).then((r) => r.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.map((n) => n.html.slice(0, 120)).slice(0, 3).join(" | ")))`
	wrong := read(w, "look with axe-core", chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
	if len(wrong) > 0 {
		w.t.Errorf("%s, dark %t:\n%s", w.Path(), dark, strings.Join(wrong, "\n"))
	}
}
