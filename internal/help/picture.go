package help

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the kinds whose size is known
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// Picture is one of an article's.
type Picture struct {
	MediaType     string
	Bytes         []byte
	Digest        string // of the bytes: another picture has another address
	width, height int    // in points; 0 where that is not known
}

// maxPicture bounds a picture of the operator's, in bytes.
const maxPicture = 1 << 20

// newPicture looks at what the bytes are, whatever the file is called.
func newPicture(b []byte) (Picture, error) {
	p := Picture{MediaType: http.DetectContentType(b), Bytes: b}
	if !slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, p.MediaType) {
		return Picture{}, errors.New("it is no picture that we show: want PNG, JPEG, GIF or WebP")
	}
	if size, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil {
		p.width, p.height = size.Width, size.Height
	} else if p.MediaType != "image/webp" {
		return Picture{}, fmt.Errorf("it is no whole picture: %w", err)
	}
	sum := sha256.Sum256(b)
	p.Digest = hex.EncodeToString(sum[:6])
	return p, nil
}

var pictureForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

// pictureName is the name of a picture that an article has as "pictures/NAME".
func pictureName(dest string) (string, error) {
	name, ok := strings.CutPrefix(dest, "pictures/")
	if !ok || !pictureForm.MatchString(name) {
		return "", errors.New("want pictures/NAME, of letters, digits, dots and hyphens, in the folder pictures beside the article")
	}
	return name, nil
}

// dark is the name of the same picture for dark pages.
func dark(name string) string {
	base, ending, _ := strings.Cut(name, ".")
	return base + "-dark." + ending
}

// place gives n its address and size, and those of its dark twin where there is one.
func (d *draft) place(n *ast.Image, name string, pictures map[string]Picture) {
	p := pictures[name]
	n.Destination = []byte(p.address(name))
	if p.width > 0 {
		n.SetAttributeString("width", []byte(strconv.Itoa(p.width)))
		n.SetAttributeString("height", []byte(strconv.Itoa(p.height)))
	}
	if twin, ok := pictures[dark(name)]; ok {
		n.SetAttributeString("dark", []byte(twin.address(dark(name))))
	}
	n.SetAttributeString("words", []byte(plain(n, d.source)))
}

func (p Picture) address(name string) string { return "/assets/help/" + name + "?v=" + p.Digest }

// pictureRenderer writes pictures whose address is ours.
type pictureRenderer struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (pictureRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindImage, renderPicture)
}

func renderPicture(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	n := node.(*ast.Image)
	said := func(name string) []byte {
		value, _ := n.AttributeString(name)
		b, _ := value.([]byte)
		return util.EscapeHTML(b)
	}
	// A writer of a buffer keeps its first error.
	_, _ = w.WriteString(`<picture>`)
	if to := said("dark"); len(to) > 0 {
		_, _ = fmt.Fprintf(w, `<source media="(prefers-color-scheme: dark)" srcset="%s">`, to)
	}
	_, _ = fmt.Fprintf(w, `<img src="%s" alt="%s"`, util.EscapeHTML(n.Destination), said("words"))
	if width := said("width"); len(width) > 0 {
		_, _ = fmt.Fprintf(w, ` width="%s" height="%s"`, width, said("height"))
	}
	_, _ = w.WriteString(` loading="lazy"></picture>`)
	return ast.WalkSkipChildren, nil
}
