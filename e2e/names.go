package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The roles of Chromium's accessibility tree.
var (
	fields  = []string{"textbox", "searchbox", "combobox", "spinbutton"}
	buttons = []string{"button", "DisclosureTriangle", "DisclosureTriangleGrouped"}
	links   = []string{"link"}
	images  = []string{"image", "img"}
)

type match struct {
	what string
	is   func(name string) bool
}

func exactly(name string) match {
	return match{fmt.Sprintf("called %q", name), func(n string) bool { return n == name }}
}

func containing(part string) match {
	return match{fmt.Sprintf("whose name has %q", part), func(n string) bool { return strings.Contains(n, part) }}
}

// all returns what the page offers of those roles to somebody who cannot see it: what is
// hidden is not among it.
func all(ctx context.Context, tab *chromedp.Target, roles []string) ([]*accessibility.Node, error) {
	document, err := chromedp.Evaluate[*runtime.RemoteObject](`document`)(ctx, tab)
	if err != nil {
		return nil, err
	}
	tree, err := cdp.Call(ctx, tab, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{ObjectID: document.ObjectID})
	if err != nil {
		return nil, fmt.Errorf("read the accessibility tree: %w", err)
	}
	var found []*accessibility.Node
	for _, n := range tree.Nodes {
		if !n.Ignored && slices.Contains(roles, text(n.Role)) {
			found = append(found, n)
		}
	}
	return found, nil
}

// find returns the only one that matches.
func find(ctx context.Context, tab *chromedp.Target, roles []string, m match) (*accessibility.Node, error) {
	nodes, err := all(ctx, tab, roles)
	if err != nil {
		return nil, err
	}
	var found []*accessibility.Node
	var names []string
	for _, n := range nodes {
		names = append(names, text(n.Name))
		if m.is(text(n.Name)) {
			found = append(found, n)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d of role %s %s; there are %q", len(found), roles[0], m.what, names)
	}
	return found[0], nil
}

func clickOn(roles []string, m match, times int64) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		node, err := find(ctx, tab, roles, m)
		if err != nil {
			return err
		}
		if disabled(node) {
			return fmt.Errorf("the %s %s is disabled", roles[0], m.what)
		}
		return click(ctx, tab, node, times)
	})
}

// click moves the mouse onto the middle of the node and presses it that many times.
func click(ctx context.Context, tab *chromedp.Target, node *accessibility.Node, times int64) error {
	if _, err := cdp.Call(ctx, tab, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: node.BackendDOMNodeID}); err != nil {
		return err
	}
	q, err := cdp.Call(ctx, tab, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: node.BackendDOMNodeID})
	if err != nil {
		return err
	}
	if len(q.Quads) == 0 {
		return fmt.Errorf("%q cannot be seen", text(node.Name))
	}
	x, y := middle(q.Quads[0])
	return press(ctx, tab, x, y, times)
}

// press is the mouse at that point.
func press(ctx context.Context, tab *chromedp.Target, x, y float64, times int64) error {
	for n := range times {
		for _, kind := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased} {
			if _, err := cdp.Call(ctx, tab, input.DispatchMouseEvent, input.DispatchMouseEventParams{
				Type: kind, X: x, Y: y, Button: input.MouseButtonLeft, ClickCount: n + 1,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

func middle(q dom.Quad) (x, y float64) {
	for i := 0; i+1 < len(q); i += 2 {
		x += q[i] / 4
		y += q[i+1] / 4
	}
	return x, y
}

// ask calls a function of the test's own on the node.
func ask(ctx context.Context, tab *chromedp.Target, node *accessibility.Node, function string) (string, error) {
	object, err := cdp.Call(ctx, tab, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: node.BackendDOMNodeID})
	if err != nil {
		return "", err
	}
	return chromedp.CallFunctionOn[string](function, func(p *runtime.CallFunctionOnParams) { p.ObjectID = object.Object.ObjectID })(ctx, tab)
}

func actionless(a chromedp.Action[chromedp.Void]) func(context.Context, *chromedp.Target) error {
	return func(ctx context.Context, tab *chromedp.Target) error {
		_, err := a(ctx, tab)
		return err
	}
}

// text is a value of the accessibility tree that is text.
func text(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s string
	if err := json.Unmarshal(v.Value, &s); err != nil {
		return "" // a number or a list, which nobody asks for here
	}
	return strings.Join(strings.Fields(s), " ")
}

func disabled(n *accessibility.Node) bool {
	return slices.ContainsFunc(n.Properties, func(p *accessibility.Property) bool {
		return p.Name == accessibility.PropertyNameDisabled && string(p.Value.Value) == "true"
	})
}
