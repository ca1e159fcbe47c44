package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// scale weighs what a browser's tab loads.
type scale struct {
	ctx context.Context

	mu   sync.Mutex
	load load
}

// load is what one page needed: bytes with headers, as the browser counts them.
type load struct {
	requests, cached int
	bytes            float64
}

func (l load) String() string {
	s := fmt.Sprintf("%.1f KB in %d requests", l.bytes/1000, l.requests)
	if l.cached > 0 {
		s += fmt.Sprintf(" (%d more from the browser's cache)", l.cached)
	}
	return s
}

// listen counts from now on.
func (s *scale) listen() error {
	fromCache := map[network.RequestID]bool{}
	err := chromedp.Listen(s.ctx, func(event any) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestServedFromCache:
			fromCache[e.RequestID] = true
		case *network.EventResponseReceived:
			if e.Response.FromDiskCache {
				fromCache[e.RequestID] = true
			}
		case *network.EventRequestWillBeSent:
			if e.RedirectResponse != nil { // the answer before this one is over
				s.load.requests++
				s.load.bytes += e.RedirectResponse.EncodedDataLength
			}
		case *network.EventLoadingFinished:
			if fromCache[e.RequestID] {
				s.load.cached++
				return
			}
			s.load.requests++
			s.load.bytes += e.EncodedDataLength
		}
	})
	if err != nil {
		return err
	}
	_, err = chromedp.Call(s.ctx, network.Enable, network.EnableParams{})
	return err
}

// weigh runs a script that leads to another page, and returns what that page needed. The
// sheet, the script and the icon are there when the network has been idle for a while.
func (s *scale) weigh(script string) (load, error) {
	s.mu.Lock()
	s.load = load{}
	s.mu.Unlock()
	var next cdp.LoaderID // of the page that comes; the last one may still report
	idle := func(e page.EventLifecycleEvent) bool {
		if e.Name == "init" {
			next = e.LoaderID
		}
		return e.Name == "networkIdle" && e.LoaderID == next
	}
	_, err := chromedp.Run(s.ctx, chromedp.WaitEvent(page.LifecycleEvent, idle, chromedp.Evaluate[chromedp.Void](script)))
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load, err
}
