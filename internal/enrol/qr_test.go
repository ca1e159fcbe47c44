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
		D    string `xml:"d,attr"`
		Fill string `xml:"fill,attr"`
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

var bar = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// rasterise draws the path with four pixels a module.
func rasterise(t *testing.T, svg string) image.Image {
	t.Helper()
	const scale = 4
	e := parseSVG(t, svg)
	img := image.NewGray(image.Rect(0, 0, e.Rect[0].Width*scale, e.Rect[0].Height*scale))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	if rest := bar.ReplaceAllString(e.Path[0].D, ""); rest != "" {
		t.Fatalf("the path has more than bars: %s", rest)
	}
	for _, m := range bar.FindAllStringSubmatch(e.Path[0].D, -1) {
		n := make([]int, 4)
		for i, s := range m[1:] {
			var err error
			if n[i], err = strconv.Atoi(s); err != nil {
				t.Fatal(err)
			}
		}
		if n[2] != n[3] {
			t.Fatalf("a bar goes %d to the right and %d back", n[2], n[3])
		}
		at := image.Rect(n[0], n[1], n[0]+n[2], n[1]+1)
		draw.Draw(img, image.Rect(at.Min.X*scale, at.Min.Y*scale, at.Max.X*scale, at.Max.Y*scale), image.NewUniform(color.Black), image.Point{}, draw.Src)
	}
	return img
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
	if e.Rect[0].Fill != "#fff" || e.Path[0].Fill != "#000" || e.Edges != "crispEdges" || e.Role != "img" {
		t.Errorf("background %q, code %q, edges %q, role %q", e.Rect[0].Fill, e.Path[0].Fill, e.Edges, e.Role)
	}
	if strings.Contains(svg, "style") || strings.Contains(svg, "<script") {
		t.Error("it has what the content security policy forbids")
	}
	// The finder patterns stand four modules from three corners.
	for _, start := range []string{"M4 4h7v1", fmt.Sprintf("M%d 4h7v1", side-11), fmt.Sprintf("M4 %dh7v1", side-5)} {
		if !strings.Contains(e.Path[0].D, start) {
			t.Errorf("no bar %s", start)
		}
	}
	for _, m := range bar.FindAllStringSubmatch(e.Path[0].D, -1) {
		if m[1] == "0" || m[1] == "3" || m[2] == "3" || m[2] == strconv.Itoa(side-4) {
			t.Errorf("the bar %s is in the quiet zone", m[0])
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
