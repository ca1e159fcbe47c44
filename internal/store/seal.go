package store

import (
	"strconv"
	"strings"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// The labels of the keyed digests.
const (
	signInLabel   = "sign-in-row/v1"
	sessionLabel  = "session-row/v1"
	passwordLabel = "password-subject/v1"
	runLabel      = "password-run/v1"
	networkLabel  = "network/v1"
	numberLabel   = "number/v1"
	helpLabel     = "help-giver/v1"
	linkLabel     = "password-link/v1"

	textNetworkLabel = "text-network/v1"
)

// authenticatorPlace is where an authenticator's secret is bound to, pending or active,
// so that the one becomes the other.
func authenticatorPlace(c, user, id string) []string {
	return []string{"authenticator.secret", c, user, id}
}

func hashPlace(c, user string) []string     { return []string{"users.password_hash", c, user} }
func phonePlace(c, user string) []string    { return []string{"users.phone", c, user} }
func hintPlace(c, user, id string) []string { return []string{"authenticator.hint", c, user, id} }
func noticePlace(c, id string) []string     { return []string{"outbox.notice", c, id} }

// connectionPlace is of one connection: settings that were copied beside another's id open
// nothing.
func connectionPlace(c, kind, id string) []string {
	return []string{"connection.settings", c, kind, id}
}

// sealText seals t; nothing (NULL) where it is empty.
func (s *Store) sealText(t string, place []string) []byte {
	if t == "" {
		return nil
	}
	return s.ring.Seal([]byte(t), place...)
}

// openText is its inverse.
func (s *Store) openText(sealed []byte, place []string) (string, error) {
	if sealed == nil {
		return "", nil
	}
	plain, err := s.ring.Open(sealed, place...)
	return string(plain), err
}

// openHint opens an authenticator's hint. It opens no door, so one that does not open is
// merely left out.
func (s *Store) openHint(sealed []byte, place []string) string {
	hint, err := s.openText(sealed, place)
	if err != nil {
		return ""
	}
	return hint
}

// signInParts is what a sign-in's secret is digested with.
func signInParts(c, id, user string, t secret.Text) []string {
	return []string{id, t.Reveal(), c, user}
}

// ownSecret compares t with the digest of its row. A key that has left the ring opens
// nothing any more.
func (s *Store) ownSecret(r sqlcgen.SignIn, t secret.Text) bool {
	want, err := s.ring.DigestWith(secret.KeyID(r.KeyID), signInLabel, signInParts(r.CompanyID, r.ID, r.UserID, t)...)
	return err == nil && !t.Empty() && secret.Equal(want, r.SecretDigest)
}

// sessionParts is what a session's secret is digested with: the row's user, assurance and
// age cannot be changed without the key.
func sessionParts(x signin.Session, t secret.Text) []string {
	return []string{
		string(x.ID), t.Reveal(), string(x.Company), string(x.User),
		strconv.Itoa(x.Assurance), strconv.FormatInt(toMS(x.Created), 10),
	}
}

// ownSession is ownSecret for a session.
func (s *Store) ownSession(r sqlcgen.Session, t secret.Text) bool {
	want, err := s.ring.DigestWith(secret.KeyID(r.KeyID), sessionLabel, sessionParts(sessionOf(r), t)...)
	return err == nil && !t.Empty() && secret.Equal(want, r.SecretDigest)
}

// userSubject and nameSubject are what passwords are counted under.
func (s *Store) userSubject(c company.ID, u company.UserID) []byte {
	return s.ring.Digest(passwordLabel, "user", string(c), string(u))
}

func (s *Store) nameSubject(folded string) []byte {
	return s.ring.Digest(passwordLabel, "name", folded)
}

// runSubject is what wrong passwords in a row are counted under.
func (s *Store) runSubject(subject []byte, from signin.Source) []byte {
	if from.Browser != "" {
		return s.ring.Digest(runLabel, string(subject), "browser", string(from.Browser))
	}
	return s.ring.Digest(runLabel, string(subject), "network", from.Prefix)
}

func (s *Store) networkDigest(prefix string) []byte { return s.ring.Digest(networkLabel, prefix) }

// helpGiver is what a network is counted by on one day; "" is all of them together. Nobody can
// tell from it what a network gave on other days.
func (s *Store) helpGiver(network string, day int64) []byte {
	return s.ring.Digest(helpLabel, network, strconv.FormatInt(day, 10))
}

// words splits what joined made.
func words(s string) []string { return strings.Fields(s) }

func joined(words []string) string { return strings.Join(words, " ") }
