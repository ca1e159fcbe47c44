package storetest

import (
	"testing"

	"sallyport.dev/sallyport/internal/store"
)

// Run runs the whole suite on one store that open makes: empty, with its schema up to date.
// Each test has companies of its own, so that none sees another's.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	s := open(t)
	for _, tt := range suite() {
		t.Run(tt.name, func(t *testing.T) { tt.run(NewWorld(t, s)) })
	}
}

type test struct {
	name string
	run  func(w *World)
}

func suite() []test {
	all := []test{{"a new store is empty, and then not", emptyAtFirst}} // so it comes first
	for _, part := range [][]test{
		stateTests(), raceTests(), countTests(), formTests(), accountTests(), passwordTests(), linkTests(), companyTests(), peopleTests(),
		challengeTests(), strangerTests(), sendTests(), outboxTests(), textTests(), pushTests(), connectionTests(), enlistTests(), helpTests(),
	} {
		all = append(all, part...)
	}
	return all
}
