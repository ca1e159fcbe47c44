package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
)

// compactVersion is the step of the schema that compacts.
const compactVersion = 14

// compacted are the tables that every sign-in writes to, and that no other refers to. Their rows are
// small and looked up by their keys.
var compacted = []string{"attempt", "failure", "form", "network_failure", "password_spend", "session", "spend", "wait"}

// compact keeps the rows of SQLite's busiest tables in the order of their keys. As they are made, SQLite
// keeps each key twice, once in the table and once in an index of its own, and every row that is
// written touches both. PostgreSQL has nothing like it, so the step is empty there.
func (s *Store) compact() *goose.Migration {
	return goose.NewGoMigration(compactVersion, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		if s.dialect.name == "postgres" {
			return nil
		}
		for _, table := range compacted {
			if err := rebuild(ctx, tx, table); err != nil {
				return fmt.Errorf("compact table %s: %w", table, err)
			}
		}
		return nil
	}}, nil)
}

// rebuild makes table anew without rowids, with its rows and its indices.
func rebuild(ctx context.Context, tx *sql.Tx, table string) error {
	var made string
	if err := tx.QueryRowContext(ctx, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = $1", table).Scan(&made); err != nil {
		return err
	}
	indices, err := texts(ctx, tx, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL", table)
	if err != nil {
		return err
	}
	created, ok := strings.CutPrefix(made, "CREATE TABLE "+table) // in quotes once another process has done it: then this step is void
	if !ok {
		return fmt.Errorf("it was made in another way: %s", made)
	}
	steps := append([]string{
		"CREATE TABLE anew" + created + " WITHOUT ROWID",
		"INSERT INTO anew SELECT * FROM " + table,
		"DROP TABLE " + table,
		"ALTER TABLE anew RENAME TO " + table,
	}, indices...)
	for _, step := range steps {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
	}
	return nil
}

// texts reads a column of texts.
func texts(ctx context.Context, tx *sql.Tx, query string, args ...any) (all []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() // they are read to their end
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
