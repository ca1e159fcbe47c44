package frame

import (
	"fmt"
	"html/template"
)

// icons are drawn on a 24-unit square with a line 1.75 wide, round ends, no fill.
var icons = map[string]string{
	"clock":    `<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.5 2M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21"/>`,
	"text":     `<path d="M4 4.5h16a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1h-9l-4 3.5v-3.5H4a1 1 0 0 1-1-1v-11a1 1 0 0 1 1-1z"/><path class="dot" d="M8 11h.01M12 11h.01M16 11h.01"/>`,
	"phone":    `<path d="M5.5 3h3l1.7 4.6-2.1 1.6a13 13 0 0 0 6.7 6.7l1.6-2.1 4.6 1.7v3a2 2 0 0 1-2.2 2A17 17 0 0 1 3.5 5.2 2 2 0 0 1 5.5 3z"/>`,
	"mail":     `<rect x="3" y="5" width="18" height="14" rx="1"/><path d="M3.5 6l8.5 7 8.5-7"/>`,
	"approve":  `<rect x="5.5" y="2.5" width="13" height="19" rx="1.5"/><path d="M9 12l2.2 2.2L15 10"/>`,
	"tick":     `<circle cx="12" cy="12" r="9"/><path d="M8 12.2l2.7 2.7L16 9.5"/>`,
	"stop":     `<path d="M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3zM12 7.5v5.5"/><path class="dot" d="M12 16.2h.01"/>`,
	"note":     `<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5"/><path class="dot" d="M12 7.6h.01"/>`,
	"warn":     `<path d="M12 3.5L21.5 20h-19zM12 10v4.5"/><path class="dot" d="M12 17.2h.01"/>`,
	"tip":      `<path d="M9 17.5c0-2-3-3.5-3-7.5a6 6 0 0 1 12 0c0 4-3 5.5-3 7.5zM9.5 21h5"/>`,
	"person":   `<circle cx="12" cy="8" r="4"/><path d="M4.5 21c0-4.5 3-6.5 7.5-6.5s7.5 2 7.5 6.5"/>`,
	"home":     `<path d="M3.5 11L12 3.5 20.5 11M5.5 9.5V20h13V9.5M10 20v-6h4v6"/>`,
	"settings": `<circle cx="12" cy="12" r="3"/><path d="M12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M5.3 5.3l2.1 2.1M16.6 16.6l2.1 2.1M5.3 18.7l2.1-2.1M16.6 7.4l2.1-2.1"/>`,
	"menu":     `<path d="M4 6.5h16M4 12h16M4 17.5h16"/>`,
	"plus":     `<path d="M12 5v14M5 12h14"/>`,
	"out":      `<path d="M13.5 4H20v6.5M20 4l-9 9M10 5H4v15h15v-6"/>`,
	"more":     `<path class="dot" d="M12 5.5h.01M12 12h.01M12 18.5h.01"/>`,
	"reset":    `<path d="M4 5v5h5M4.6 10A8 8 0 1 1 4 13.5"/>`,
	"unlock":   `<rect x="5" y="11" width="14" height="9.5" rx="1"/><path d="M8.5 11V7.5a3.5 3.5 0 0 1 6.8-1.2M12 15v2"/>`,
	"ring":     `<circle cx="12" cy="12" r="9" stroke-dasharray="3.2 2.45"/>`,
	"quarter":  `<circle cx="12" cy="12" r="9"/><path class="full" d="M12 12V3a9 9 0 0 1 9 9z"/>`,
	"half":     `<circle cx="12" cy="12" r="9"/><path class="full" d="M12 3a9 9 0 0 1 0 18z"/>`,
	"next":     `<path d="M9 5l7 7-7 7"/>`,
}

// icon draws one of the icons. It is always beside text that says the same, and so
// hidden from screen readers.
func icon(name string) (template.HTML, error) {
	shapes, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("no icon is called %q", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">` + shapes + `</svg>`), nil
}
