package storetest

import (
	"testing"

	"sallyport.dev/sallyport/internal/store"
)

// Run runs the whole suite, each test on a store of its own that open makes: empty, with
// its schema up to date.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for _, tt := range suite() {
		t.Run(tt.name, func(t *testing.T) {
			tt.run(NewWorld(t, open(t)))
		})
	}
}

type test struct {
	name string
	run  func(w *World)
}

func suite() []test {
	var all []test
	for _, part := range [][]test{stateTests(), raceTests(), countTests(), formTests(), accountTests(), passwordTests(), companyTests()} {
		all = append(all, part...)
	}
	return all
}
