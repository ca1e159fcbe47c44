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

func TestAnOktaHostIsAnOrigin(t *testing.T) {
	whole := Config{Database: "sqlite:/tmp/x.db", KeyFile: "/k", Hosts: []string{"localhost:1"}, ProductName: "Sallyport", Password: password.Default}
	for origin, good := range map[string]bool{
		"https://login.acme.example": true, "https://acme.example:8443": true, "http://127.0.0.1:8485": true, "http://localhost:1": true, "http://[::1]:1": true,
		"": false, "acme.example": false, "https://": false, "https://acme.example/": false, "https://acme.example/x": false, "https://ACME.example": false,
		"http://acme.example": false, "http://127.0.0.1.evil.example": false, "https://a@acme.example": false, "https://acme.example?x": false,
		"https://acme.example#x": false, "ftp://127.0.0.1": false, "https://acme.example ": false,
	} {
		c := whole
		c.OktaHosts = []string{origin}
		if err := c.Validate(); (err == nil) != good {
			t.Errorf("%q: got %v", origin, err)
		}
	}
}

func TestAWholeConfigurationIsGood(t *testing.T) {
	c := Config{Database: "sqlite:/tmp/x.db", KeyFile: "/k", Hosts: []string{"localhost:1"}, ProductName: "Sallyport", Password: password.Default}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
