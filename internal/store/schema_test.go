package store_test

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestCompanyLeadsEveryKey keeps the schema fit to be distributed by company.
func TestCompanyLeadsEveryKey(t *testing.T) {
	// What belongs to no company.
	installation := []string{"canary", "company", "directory", "password_count", "password_spend", "network", "network_failure", "text_count", "text_scope", "unproved_number", "help_quota", "help_answer", "help_comment", "help_search", "goose_db_version"}
	path := filepath.Join(t.TempDir(), "sallyport.db")
	open(t, "sqlite:"+path, ring(t, 1))
	rows, err := rawDB(t, "sqlite", "file:"+path).QueryContext(t.Context(), `
		SELECT m.name, 'primary key', c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c ON c.pk = 1 WHERE m.type = 'table'
		UNION ALL
		SELECT m.name, 'foreign key', f."from" FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f ON f.seq = 0 WHERE m.type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() // they are read to their end
	seen := 0
	for rows.Next() {
		var table, key, column string
		if err := rows.Scan(&table, &key, &column); err != nil {
			t.Fatal(err)
		}
		seen++
		if column != "company_id" && !slices.Contains(installation, table) {
			t.Errorf("%s of %s begins with %s", key, table, column)
		}
	}
	if err := rows.Err(); err != nil || seen < 20 {
		t.Fatalf("saw %d keys, %v", seen, err)
	}
}
