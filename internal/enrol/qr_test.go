package enrol

import (
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/secret"
)

const address = "otpauth://totp/Acme%20Inc:jo?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20Inc&algorithm=SHA1&digits=6&period=30"

func TestAScannerReadsWhatWasDrawn(t *testing.T) {
	if _, err := exec.LookPath("zbarimg"); err != nil {
		t.Fatal("this test scans with zbarimg: install it (Debian: apt install zbar-tools)")
	}
	texts := []string{address, "12345678", "HELLO WORLD", "x"}
	for _, n := range []int{50, 100, 200, 300, 500} { // other sizes of code
		texts = append(texts, strings.Replace(address, "jo?", strings.Repeat("%C3%B6", n/6)+"?", 1))
	}
	for _, text := range texts {
		svg, err := QR(secret.New(text), "QR code")
		if err != nil {
			t.Fatal(err)
		}
		if got := scan(t, svg); got != text {
			t.Errorf("scanned %q, want %q", got, text)
		}
	}
}

// scan draws the SVG's path into a PNG and reads that with zbarimg.
func scan(t *testing.T, svg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "code.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, rasterise(t, svg)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "zbarimg", "--raw", "--quiet", "--oneshot", path).Output()
	if err != nil {
		t.Fatalf("zbarimg: %v", err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// element is what a QR code's SVG consists of.
type element struct {
	Label   string     `xml:"aria-label,attr"`
	Role    string     `xml:"role,attr"`
	ViewBox string     `xml:"viewBox,attr"`
	Edges   string     `xml:"shape-rendering,attr"`
	Any     []xml.Attr `xml:",any,attr"`
	Rect    []struct {
		Width  int    `xml:"width,attr"`
		Height int    `xml:"height,attr"`
		Fill   string `xml:"fill,attr"`
	} `xml:"rect"`
	Path []struct {
		D      string `xml:"d,attr"`
		Stroke string `xml:"stroke,attr"`
	} `xml:"path"`
	Other []struct{ XMLName xml.Name } `xml:",any"`
}

func parseSVG(t *testing.T, svg string) element {
	t.Helper()
	var e element
	if err := xml.Unmarshal([]byte(svg), &e); err != nil {
		t.Fatalf("%v in %s", err, svg)
	}
	if len(e.Rect) != 1 || len(e.Path) != 1 || len(e.Other) != 0 {
		t.Fatalf("it has %d rects, %d paths and %d other elements, want 1, 1, 0", len(e.Rect), len(e.Path), len(e.Other))
	}
	return e
}

// A row is a dashed line through the middle of its modules.
var (
	row  = regexp.MustCompile(`M(\d+) (\d+)\.5((?:h\d+|m\d+ 0)+)`)
	move = regexp.MustCompile(`([hm])(\d+)`)
)

const scale = 4 // pixels a module

// rasterise draws the path.
func rasterise(t *testing.T, svg string) image.Image {
	t.Helper()
	e := parseSVG(t, svg)
	img := image.NewGray(image.Rect(0, 0, e.Rect[0].Width*scale, e.Rect[0].Height*scale))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	if rest := row.ReplaceAllString(e.Path[0].D, ""); rest != "" {
		t.Fatalf("the path has more than dashed lines: %s", rest)
	}
	for _, r := range row.FindAllStringSubmatch(e.Path[0].D, -1) {
		x, y := number(t, r[1]), number(t, r[2])
		for _, m := range move.FindAllStringSubmatch(r[3], -1) {
			from := x
			x += number(t, m[2])
			if m[1] == "h" {
				draw.Draw(img, image.Rect(from*scale, y*scale, x*scale, (y+1)*scale), image.NewUniform(color.Black), image.Point{}, draw.Src)
			}
		}
	}
	return img
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestACodeIsBlackOnWhiteWithAQuietZone(t *testing.T) {
	svg, err := QR(secret.New(address), "QR code")
	if err != nil {
		t.Fatal(err)
	}
	e := parseSVG(t, svg)
	side := e.Rect[0].Width
	if e.ViewBox != fmt.Sprintf("0 0 %d %d", side, side) || e.Rect[0].Height != side || (side-8-17)%4 != 0 {
		t.Errorf("viewBox %q, background %d × %d", e.ViewBox, side, e.Rect[0].Height)
	}
	if e.Rect[0].Fill != "#fff" || e.Path[0].Stroke != "#000" || e.Edges != "crispEdges" || e.Role != "img" {
		t.Errorf("background %q, code %q, edges %q, role %q", e.Rect[0].Fill, e.Path[0].Stroke, e.Edges, e.Role)
	}
	if strings.Contains(svg, "style") || strings.Contains(svg, "<script") {
		t.Error("it has what the content security policy forbids")
	}
	// The finder patterns stand four modules from three corners, and around all is nothing.
	img := rasterise(t, svg)
	black := func(x, y int) bool { return img.At(x*scale, y*scale) == color.Gray{} }
	for _, at := range []image.Point{{4, 4}, {side - 11, 4}, {4, side - 11}} {
		for n := range 7 {
			if !black(at.X+n, at.Y) || !black(at.X, at.Y+n) || !black(at.X+6, at.Y+n) || !black(at.X+n, at.Y+6) {
				t.Errorf("no finder pattern at %v", at)
				break
			}
		}
	}
	for y := range side {
		for x := range side {
			if inside := image.Pt(x, y).In(image.Rect(4, 4, side-4, side-4)); !inside && black(x, y) {
				t.Errorf("module %d, %d in the quiet zone is black", x, y)
			}
		}
	}
}

func TestALabelCannotBreakOut(t *testing.T) {
	for _, label := range []string{"Okta's \"code\" <b> & more", `" onload="alert(1)`, "東京", ""} {
		svg, err := QR(secret.New(address), label)
		if err != nil {
			t.Fatal(err)
		}
		e := parseSVG(t, svg)
		if e.Label != label {
			t.Errorf("aria-label = %q, want %q", e.Label, label)
		}
		if len(e.Any) != 1 || e.Any[0].Name.Local != "xmlns" {
			t.Errorf("with the label %q it has the attributes %v besides", label, e.Any)
		}
	}
}

func TestATextThatFitsNoCodeIsAnErrorThatDoesNotShowIt(t *testing.T) {
	if _, err := QR(secret.New(strings.Repeat("a", 2331)), ""); err != nil {
		t.Errorf("2,331 bytes: %v", err)
	}
	_, err := QR(secret.New(strings.Repeat("a", 2332)), "")
	if err == nil || strings.Contains(err.Error(), "aaa") {
		t.Errorf("2,332 bytes: %v, want an error without the text", err)
	}
}

func TestAKeyIsInGroupsOfFour(t *testing.T) {
	for key, want := range map[string][]string{
		"GEZDGNBVGY3T":    {"GEZD", "GNBV", "GY3T"},
		"GEZD GNBV GY3T":  {"GEZD", "GNBV", "GY3T"},
		"GEZDGNBVG":       {"GEZD", "GNBV", "G"},
		"GE":              {"GE"},
		" GEZDG\u00a0NBV": {"GEZD", "GNBV"},
		"":                nil,
	} {
		if got := Groups(key); !slices.Equal(got, want) {
			t.Errorf("Groups(%q) = %q, want %q", key, got, want)
		}
	}
}
