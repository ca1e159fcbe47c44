package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// AddCompany adds a tenant: company.ErrExists when its id is taken.
func (s *Store) AddCompany(ctx context.Context, c company.Company) error {
	err := s.write(ctx, func(q *sqlcgen.Queries) error { return s.addCompany(ctx, q, c) })
	if err != nil {
		return fmt.Errorf("add company %s: %w", c.ID, err)
	}
	return nil
}

func (s *Store) addCompany(ctx context.Context, q *sqlcgen.Queries, c company.Company) error {
	_, err := q.AddCompany(ctx, sqlcgen.AddCompanyParams{
		ID: string(c.ID), Name: c.Name, Version: max(c.Version, 1), TwoFactorRequired: c.TwoFactorRequired, CreatedMs: toMS(c.Created),
	})
	if s.dialect.duplicate(err) {
		return company.ErrExists
	}
	return err
}

// AddUser adds a user of a company that exists, with the hash of their password (empty
// where none is set). company.ErrNameTaken when the username, folded, is taken in the
// installation; company.FoldUsername's errors when it is none.
func (s *Store) AddUser(ctx context.Context, u company.User, hash secret.Text) error {
	err := s.write(ctx, func(q *sqlcgen.Queries) error { return s.addUser(ctx, q, u, hash) })
	if err != nil {
		return fmt.Errorf("add user %s: %w", u.ID, err)
	}
	return nil
}

func (s *Store) addUser(ctx context.Context, q *sqlcgen.Queries, u company.User, hash secret.Text) error {
	folded, err := company.FoldUsername(u.Username)
	if err != nil {
		return err
	}
	c, id := string(u.Company), string(u.ID)
	if _, err := q.AddUser(ctx, sqlcgen.AddUserParams{
		CompanyID: c, ID: id, Status: string(u.Status), Role: string(u.Role), Username: u.Username,
		DisplayName: u.DisplayName, Email: u.Email, Phone: s.sealText(u.Phone, phonePlace(c, id)),
		Region: s.regionOf(secret.New(u.Phone)), PasswordHash: s.sealText(hash.Reveal(), hashPlace(c, id)),
		Language: u.Language, TimeZone: u.TimeZone, CreatedMs: toMS(u.Created),
		SortKey: sortKey(u.DisplayName, id), Search: searchText(u.DisplayName, u.Username, u.Email),
	}); err != nil {
		return err
	}
	return addName(ctx, q, sqlcgen.AddNameParams{Name: folded, CompanyID: c, UserID: id})
}

// AddEmailName lets a user sign in with their e-mail address, which was verified.
// company.ErrNameTaken when another user has it.
func (s *Store) AddEmailName(ctx context.Context, c company.ID, u company.UserID, email string) error {
	folded, err := company.FoldName(email)
	if err != nil {
		return fmt.Errorf("add the address of user %s: %w", u, err)
	}
	err = s.write(ctx, func(q *sqlcgen.Queries) error {
		return addName(ctx, q, sqlcgen.AddNameParams{Name: folded, CompanyID: string(c), UserID: string(u)})
	})
	if err != nil {
		return fmt.Errorf("add the address of user %s: %w", u, err)
	}
	return nil
}

func addName(ctx context.Context, q *sqlcgen.Queries, name sqlcgen.AddNameParams) error {
	n, err := q.AddName(ctx, name)
	if err != nil {
		return err
	}
	if n == 0 {
		return company.ErrNameTaken
	}
	return nil
}

// FindUser returns a user and their company; company.ErrNotFound where there is none.
func (s *Store) FindUser(ctx context.Context, c company.ID, u company.UserID) (company.User, company.Company, error) {
	r, err := s.read.FindUser(ctx, sqlcgen.FindUserParams{CompanyID: string(c), ID: string(u)})
	if errors.Is(err, sql.ErrNoRows) {
		return company.User{}, company.Company{}, fmt.Errorf("find user %s: %w", u, company.ErrNotFound)
	}
	if err != nil {
		return company.User{}, company.Company{}, fmt.Errorf("find user %s: %w", u, err)
	}
	user, err := s.user(sqlcgen.ListAdministratorsRow{
		CompanyID: r.CompanyID, ID: r.ID, Status: r.Status, Role: r.Role, Username: r.Username, DisplayName: r.DisplayName,
		Email: r.Email, Phone: r.Phone, Language: r.Language, TimeZone: r.TimeZone, CreatedMs: r.CreatedMs,
	})
	if err != nil {
		return company.User{}, company.Company{}, err
	}
	return user, company.Company{
		ID: c, Name: r.CompanyName, Version: r.PolicyVersion, TwoFactorRequired: r.TwoFactorRequired,
		Created: fromMS(r.CompanyCreatedMs),
	}, nil
}

// Administrators lists a company's active administrators by display name, without their
// phone numbers: they are named to others, and one row that does not open must not stop a
// company.
func (s *Store) Administrators(ctx context.Context, c company.ID) ([]company.User, error) {
	rows, err := s.read.ListAdministrators(ctx, string(c))
	if err != nil {
		return nil, fmt.Errorf("list administrators of company %s: %w", c, err)
	}
	users := make([]company.User, 0, len(rows))
	for _, r := range rows {
		r.Phone = nil
		u, err := s.user(r)
		if err != nil {
			return nil, err
		}
		users = append(users, u)
	}
	// Sorted here: the two databases order letters differently.
	slices.SortFunc(users, func(a, b company.User) int {
		return strings.Compare(a.DisplayName+"\x00"+string(a.ID), b.DisplayName+"\x00"+string(b.ID))
	})
	return users, nil
}

// Empty reports whether there is no company yet.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	has, err := s.read.HasCompany(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a company: %w", err)
	}
	return !has, nil
}

// user opens a row.
func (s *Store) user(r sqlcgen.ListAdministratorsRow) (company.User, error) {
	phone, err := s.openText(r.Phone, phonePlace(r.CompanyID, r.ID))
	if err != nil {
		return company.User{}, fmt.Errorf("open the phone number of user %s: %w", r.ID, err)
	}
	return company.User{
		ID: company.UserID(r.ID), Company: company.ID(r.CompanyID), Username: r.Username, DisplayName: r.DisplayName,
		Email: r.Email, Phone: phone, Role: company.Role(r.Role), Language: r.Language, TimeZone: r.TimeZone,
		Status: company.Status(r.Status), Created: fromMS(r.CreatedMs),
	}, nil
}
