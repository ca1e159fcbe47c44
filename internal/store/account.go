package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// ListUsers lists users of a company by display name, at most limit of those that come after
// user after ("" for the first; who is not there counts as "") and of whose display name,
// username or e-mail address q is a part ("" of everyone). One snapshot.
func (s *Store) ListUsers(ctx context.Context, c company.ID, q string, after company.UserID, limit int) ([]signin.Account, error) {
	// No key is as low as this: each has a zero byte and an id.
	from := []byte{0}
	if after != "" {
		key, err := s.read.SortKey(ctx, sqlcgen.SortKeyParams{CompanyID: string(c), ID: string(after)})
		switch {
		case err == nil && key != nil:
			from = key
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return nil, fmt.Errorf("list users of company %s: %w", c, err)
		}
	}
	rows, err := s.read.ListAccounts(ctx, sqlcgen.ListAccountsParams{
		CompanyID: string(c), After: from, Pattern: pattern(q), Page: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("list users of company %s: %w", c, err)
	}
	return s.accounts(c, rows), nil
}

// Account returns one user of a company; company.ErrNotFound where there is none.
func (s *Store) Account(ctx context.Context, c company.ID, u company.UserID) (signin.Account, error) {
	found, err := s.read.FindAccount(ctx, sqlcgen.FindAccountParams{
		CompanyID: string(c), ID: string(u),
	})
	if err != nil {
		return signin.Account{}, fmt.Errorf("find the account of user %s: %w", u, err)
	}
	if len(found) == 0 {
		return signin.Account{}, fmt.Errorf("find the account of user %s: %w", u, company.ErrNotFound)
	}
	rows := make([]sqlcgen.ListAccountsRow, 0, len(found))
	for _, r := range found {
		rows = append(rows, sqlcgen.ListAccountsRow(r))
	}
	return s.accounts(c, rows)[0], nil
}

// CountUsers counts a company's users, and those of them who have set up a second factor.
func (s *Store) CountUsers(ctx context.Context, c company.ID) (people, enrolled int, err error) {
	n, err := s.read.CountAccounts(ctx, string(c))
	if err != nil {
		return 0, 0, fmt.Errorf("count users of company %s: %w", c, err)
	}
	return int(n.People), int(n.Enrolled), nil
}

// accounts gathers rows that stand by user, one each of their authenticators.
func (s *Store) accounts(c company.ID, rows []sqlcgen.ListAccountsRow) []signin.Account {
	var all []signin.Account
	for _, r := range rows {
		id := company.UserID(r.ID)
		if len(all) == 0 || all[len(all)-1].User.ID != id {
			all = append(all, account(c, r))
		}
		if !r.AuthenticatorID.Valid {
			continue // the user has none
		}
		u := &all[len(all)-1].User
		u.Authenticators = append(u.Authenticators, factor.Authenticator{
			ID: factor.ID(r.AuthenticatorID.String), Kind: factor.Kind(r.Kind.String), Name: r.Name.String,
			Since: r.SinceVersion.Int64, Added: fromMS(r.AddedMs.Int64), LastUsed: fromMS(r.LastUsedMs.Int64),
			DisabledBy: r.DisabledBy.String, Hint: s.openHint(r.Hint, hintPlace(string(c), r.ID, r.AuthenticatorID.String)),
		})
	}
	return all
}

// account is what every row of a user says alike.
func account(c company.ID, r sqlcgen.ListAccountsRow) signin.Account {
	id, role, status := company.UserID(r.ID), company.Role(r.Role), company.Status(r.Status)
	return signin.Account{
		Member: company.User{
			ID: id, Company: c, Username: r.Username, DisplayName: r.DisplayName, Email: r.Email, Role: role,
			Language: r.Language, TimeZone: r.TimeZone, Status: status, Created: fromMS(r.CreatedMs),
		},
		User: signin.User{
			ID: id, Company: c, Version: r.Version, Epoch: r.Epoch, Status: status, Role: role,
			MustEnrol: r.MustEnrol, AnyWait: fromMS(r.AnyWaitMs),
		},
	}
}

// sortKey is where a user stands in a list: by folded name, those of one name by id.
func sortKey(displayName, id string) []byte {
	return []byte(company.FoldText(displayName) + "\x00" + id)
}

// searchText is what a search looks through. The lines keep what is searched for, which has
// no line ends, from spanning two of them.
func searchText(displayName, username, email string) sql.NullString {
	lines := []string{company.FoldText(displayName), company.FoldText(username), company.FoldText(email)}
	return sql.NullString{String: strings.Join(lines, "\n"), Valid: true}
}

// pattern is q for LIKE … ESCAPE '\': a part, in which no character stands for others.
func pattern(q string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(company.FoldText(q)) + "%"
}

// foldUsers fills in sort_key and search where they are missing: users of before these
// columns, and those that the previous release has added since the last start. It is done
// here and not in the migration, since only Go folds alike for both databases.
func (s *Store) foldUsers(ctx context.Context) error {
	err := s.inPages(ctx, func(q *sqlcgen.Queries, page int32) (int, error) {
		rows, err := q.ListUnfolded(ctx, page)
		if err != nil {
			return 0, err
		}
		for _, r := range rows {
			if _, err := q.FoldUser(ctx, sqlcgen.FoldUserParams{
				SortKey: sortKey(r.DisplayName, r.ID), Search: searchText(r.DisplayName, r.Username, r.Email),
				CompanyID: r.CompanyID, ID: r.ID,
			}); err != nil {
				return 0, err
			}
		}
		return len(rows), nil
	})
	if err != nil {
		return fmt.Errorf("fold the names of users: %w", err)
	}
	return nil
}
