package demo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/words"
)

// memory is a Registry that fails on demand.
type memory struct {
	companies map[company.ID]bool
	users     map[company.UserID]company.User
	fails     company.UserID
}

var errFull = errors.New("disk full")

func (m *memory) AddCompany(_ context.Context, c company.Company) error {
	if m.companies[c.ID] {
		return company.ErrExists
	}
	m.companies[c.ID] = true
	return nil
}

func (m *memory) AddUser(_ context.Context, u company.User, hash secret.Text) error {
	if u.ID == m.fails {
		return errFull
	}
	if hash.Empty() || !m.companies[u.Company] {
		return errors.New("no hash or no company")
	}
	m.users[u.ID] = u
	return nil
}

func (m *memory) FindUser(_ context.Context, _ company.ID, u company.UserID) (company.User, company.Company, error) {
	if user, ok := m.users[u]; ok {
		return user, company.Company{}, nil
	}
	return company.User{}, company.Company{}, company.ErrNotFound
}

type hasher struct{ hashed int }

func (h *hasher) Hash(context.Context, secret.Text) (secret.Text, error) {
	h.hashed++
	return secret.New("hash"), nil
}

func TestASeedThatWasCutShortIsMadeGoodByTheNext(t *testing.T) {
	m := &memory{companies: map[company.ID]bool{}, users: map[company.UserID]company.User{}, fails: "salesperson"}
	h := &hasher{}
	if _, err := Seed(t.Context(), m, h, time.Unix(1, 0)); !errors.Is(err, errFull) {
		t.Fatalf("the first seed: %v", err)
	}
	m.fails = ""
	if added, err := Seed(t.Context(), m, h, time.Unix(2, 0)); err != nil || !added {
		t.Fatalf("the second: added %v, %v", added, err)
	}
	if len(m.users) != 7 {
		t.Errorf("%d users, want 7", len(m.users))
	}
	hashed := h.hashed
	if added, err := Seed(t.Context(), m, h, time.Unix(3, 0)); err != nil || added || h.hashed != hashed {
		t.Errorf("the third: added %v, %d more hashes, %v", added, h.hashed-hashed, err)
	}
}

func TestTheTableHasAUserALineWithThePasswordLast(t *testing.T) {
	c, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Print(&out, c.Printer("en"), "http://127.0.0.1:8484", "/x"); err != nil {
		t.Fatal(err)
	}
	for _, p := range people("") {
		found := false
		for line := range strings.Lines(out.String()) {
			f := strings.Fields(line)
			if len(f) >= 3 && f[len(f)-1] == p.password && f[len(f)-2] == p.Username {
				found = true
			}
		}
		if !found {
			t.Errorf("no line for %s", p.Username)
		}
	}
	for _, role := range []string{"Administrator", "Company Manager", "Marketing Manager", "Sales Manager", "Salesperson", "Jr. Salesperson"} {
		if !strings.Contains(out.String(), "\n"+role+"  ") {
			t.Errorf("no line begins with %s", role)
		}
	}
	if !strings.Contains(out.String(), "http://127.0.0.1:8484") {
		t.Error("the address is missing")
	}
}

func TestFreshDeletesWhatIsOursAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	f, err := Prepare(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "letters.db")
	for _, path := range []string{f.Database(), f.Database() + "-wal", f.Okta(), other} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(f.Keys())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare(dir, true); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{f.Database(), f.Okta()} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("what the last demo left: %s: %v", path, err)
		}
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("a file that is not ours: %v", err)
	}
	if fresh, err := os.ReadFile(f.Keys()); err != nil || string(fresh) == string(old) {
		t.Errorf("the key is the old one (%v)", err)
	}
}

func TestASecondStartKeepsTheKey(t *testing.T) {
	dir := t.TempDir()
	f, err := Prepare(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(f.Keys())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare(dir, false); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(f.Keys()); err != nil || string(again) != string(old) {
		t.Errorf("the key changed (%v)", err)
	}
}

func TestADatabaseWithoutItsKeyIsNotStartedOver(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, databaseName), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Prepare(dir, false)
	if err == nil || !strings.Contains(err.Error(), "--fresh") {
		t.Errorf("%v, want an error that names --fresh", err)
	}
	if b, readErr := os.ReadFile(filepath.Join(dir, databaseName)); readErr != nil || string(b) != "x" {
		t.Errorf("the database was touched: %q, %v", b, readErr)
	}
}
