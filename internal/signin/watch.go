package signin

import "sync"

// Watch wakes pages that wait for what happens elsewhere to a sign-in. The zero value is ready.
type Watch struct {
	mu      sync.Mutex
	waiting map[ID]*watched
}

// watched is closed at the next change.
type watched struct {
	changed chan struct{}
	n       int // pages that wait
}

// Next returns a channel that is closed when the sign-in changes, and a function that stops
// waiting, to be called once.
func (w *Watch) Next(id ID) (changed <-chan struct{}, stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		w.waiting = map[ID]*watched{}
	}
	x := w.waiting[id]
	if x == nil {
		x = &watched{changed: make(chan struct{})}
		w.waiting[id] = x
	}
	x.n++
	return x.changed, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if x.n--; x.n == 0 && w.waiting[id] == x {
			delete(w.waiting, id)
		}
	}
}

// Changed wakes who waits for the sign-in.
func (w *Watch) Changed(id ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if x := w.waiting[id]; x != nil {
		close(x.changed)
		delete(w.waiting, id)
	}
}
