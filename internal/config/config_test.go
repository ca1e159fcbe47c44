package config

import (
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/password"
)

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	err := Config{Database: "mysql://x"}.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, what := range []string{"database", "key file", "hosts", "product name", "password"} {
		if !strings.Contains(err.Error(), what) {
			t.Errorf("%q is not named in: %v", what, err)
		}
	}
}

func TestAWholeConfigurationIsGood(t *testing.T) {
	c := Config{Database: "sqlite:/tmp/x.db", KeyFile: "/k", Hosts: []string{"localhost:1"}, ProductName: "Sallyport", Password: password.Default}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
