package e2e

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Picture writes the page as docs/screenshots/name.png, if SALLYPORT_SCREENSHOTS is 1.
func (w *Window) Picture(name string) {
	w.t.Helper()
	if os.Getenv("SALLYPORT_SCREENSHOTS") != "1" {
		return
	}
	shot := read(w, "take a picture", func(ctx context.Context, tab *chromedp.Target) ([]byte, error) {
		size, err := cdp.Call(ctx, tab, page.GetLayoutMetrics, cdp.Empty{})
		if err != nil {
			return nil, err
		}
		return capture(ctx, tab, page.Viewport{
			Width: float64(w.way.Width), Height: min(max(size.CSSContentSize.Height, 640), 1600), Scale: 1,
		})
	})
	small, err := fewColours(shot)
	if err != nil {
		w.t.Fatalf("picture %s: %v", name, err)
	}
	folder := filepath.Join("..", "docs", "screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), small, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// ScanQR reads the QR code in the image with that accessible name, off the screen, as a
// phone's camera does.
func (w *Window) ScanQR(name string) string {
	w.t.Helper()
	shot := read(w, "look at the QR code", func(ctx context.Context, tab *chromedp.Target) ([]byte, error) {
		node, err := find(ctx, tab, images, exactly(name))
		if err != nil {
			return nil, err
		}
		box, err := cdp.Call(ctx, tab, dom.GetBoxModel, dom.GetBoxModelParams{BackendNodeID: node.BackendDOMNodeID})
		if err != nil {
			return nil, err
		}
		size, err := cdp.Call(ctx, tab, page.GetLayoutMetrics, cdp.Empty{})
		if err != nil {
			return nil, err
		}
		q := box.Model.Border // relative to what is scrolled into view
		return capture(ctx, tab, page.Viewport{
			X: q[0] + size.CSSVisualViewport.PageX, Y: q[1] + size.CSSVisualViewport.PageY, Width: q[2] - q[0], Height: q[5] - q[1], Scale: 1,
		})
	})
	file := filepath.Join(w.t.TempDir(), "qr.png")
	if err := os.WriteFile(file, shot, 0o600); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "zbarimg", "--quiet", "--raw", file).Output()
	if err != nil {
		w.t.Fatalf("zbarimg (make deps installs it) reads no QR code in %d bytes of picture: %v", len(shot), err)
	}
	return strings.TrimSpace(string(out))
}

func capture(ctx context.Context, tab *chromedp.Target, clip page.Viewport) ([]byte, error) {
	beyond := true
	shot, err := cdp.Call(ctx, tab, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: &clip, CaptureBeyondViewport: &beyond})
	if err != nil {
		return nil, err
	}
	return shot.Data, nil
}

// fewColours makes a picture small: it keeps 32 colours, those that are used most and are
// unlike each other, and gives every other point the nearest of them. The pages are flat, so
// nobody sees it.
func fewColours(shot []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, fmt.Errorf("decode the picture: %w", err)
	}
	bounds := full.Bounds()
	count := map[color.Color]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[full.At(x, y)]++
		}
	}
	most := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(number(a), number(b)))
	})
	var kept color.Palette
	for _, c := range most {
		if len(kept) < 32 && !slices.ContainsFunc(kept, func(k color.Color) bool { return alike(k, c) }) {
			kept = append(kept, c)
		}
	}
	small := image.NewPaletted(bounds, kept)
	draw.Draw(small, bounds, full, bounds.Min, draw.Src)
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small)
	return out.Bytes(), err
}

// alike reports whether nobody tells two colours apart. Letters have so many shades of grey at
// their edges that a red word would have no place among the most used.
func alike(a, b color.Color) bool {
	x, y := number(a), number(b)
	for shift := 0; shift <= 16; shift += 8 {
		if d := int(x>>shift&0xff) - int(y>>shift&0xff); max(d, -d) > 6 {
			return false
		}
	}
	return true
}

func number(c color.Color) uint32 {
	r, g, b, _ := c.RGBA()
	return r>>8<<16 | g>>8<<8 | b>>8
}
