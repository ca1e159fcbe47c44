package config

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

const (
	// prefix is what a setting's name in the environment begins with.
	prefix = "SALLYPORT_"
	// fileVariable names the file; it is no setting of its own.
	fileVariable = prefix + "CONFIG"
	// maxFile bounds what is read of a file, in bytes.
	maxFile = 1 << 20
)

// defaultFiles are looked for, in this order, where none is named.
var defaultFiles = [...]string{"sallyport.toml", "/etc/sallyport/sallyport.toml"}

// Find returns the path of the file to read: named, else the one that environ names, else the
// first of sallyport.toml and /etc/sallyport/sallyport.toml that is there, else "": then the
// environment says all.
func Find(named string, environ []string) string {
	if named != "" {
		return named
	}
	for _, e := range environ {
		if path, ok := strings.CutPrefix(e, fileVariable+"="); ok && path != "" {
			return path
		}
	}
	for _, path := range defaultFiles {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
	return ""
}

// Load reads the file at path ("" for none) and the variables of environ over it. Its error
// has a line for each mistake, with the place of it.
func Load(path string, environ []string) (Server, error) {
	if path == "" {
		s, err := Parse(nil, "", environ)
		if err != nil {
			err = fmt.Errorf("%w\n(there is no configuration file: name one with --config FILE, or make one with \"sallyport init\")", err)
		}
		return s, err
	}
	f, err := os.Open(path)
	if err != nil {
		return Server{}, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close() // it was only read
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Server{}, fmt.Errorf("read the configuration: %w", err)
	}
	if len(content) > maxFile {
		return Server{}, fmt.Errorf("read the configuration: %s is longer than %d bytes", path, maxFile)
	}
	return Parse(content, path, environ)
}

// Parse is Load of a file's content; relative paths in it start from the folder of path.
func Parse(content []byte, path string, environ []string) (Server, error) {
	found, mistakes := readFile(content, path)
	vars, more := readEnvironment(environ)
	mistakes = append(mistakes, more...)
	if found == nil { // no TOML: what would be said of the settings is not so
		return Server{}, errors.Join(mistakes...)
	}
	r := reading{set: map[string]string{}}
	for _, s := range settings() {
		r.take(s.declared, merged(s.name, found, vars), func(v value) error { return s.use(&r.server, v) })
	}
	if r.carriers(found, vars) { // else what is said of routes may not be so
		r.mistakes = append(r.mistakes, r.server.routes(r.set)...)
	}
	mistakes = append(mistakes, r.mistakes...)
	return r.server, errors.Join(append(mistakes, between(&r.server, r.set)...)...)
}

// given is what somebody set.
type given struct {
	where string // "sallyport.toml:3: listen", "SALLYPORT_LISTEN"
	raw   any    // as TOML has it; a string from the environment
	env   bool
	from  string // the folder that relative paths start from
}

// merged picks the value of a setting: the environment's over the file's, which sets aside both
// ways to name the database when it names one.
func merged(name string, found, vars map[string]given) *given {
	if g, ok := vars[name]; ok {
		return &g
	}
	if name == databaseName || name == databaseFileName {
		_, one := vars[databaseName]
		_, other := vars[databaseFileName]
		if one || other {
			return nil
		}
	}
	if g, ok := found[name]; ok {
		return &g
	}
	return nil
}

// reading is what was read so far.
type reading struct {
	server   Server
	set      map[string]string // where each setting was set
	mistakes []error
}

// take gives one setting to use: what was given, else what holds without.
func (r *reading) take(s declared, g *given, use func(value) error) {
	if g == nil {
		if s.fallback == "" {
			return
		}
		g = &given{where: s.name, raw: s.fallback, env: true}
	} else {
		r.set[s.name] = g.where
	}
	v, err := s.value(*g)
	if err == nil {
		err = use(v)
	}
	if err == nil {
		return
	}
	for _, e := range apart(err) {
		r.mistakes = append(r.mistakes, fmt.Errorf("%s: %w", g.where, e))
	}
}

// apart are the errors that were joined into err.
func apart(err error) []error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		return j.Unwrap()
	}
	return []error{err}
}

// value reads g as s wants it.
func (s declared) value(g given) (value, error) {
	v := value{folder: g.from}
	wrong := map[kind]string{
		text: `want a text in quotes, such as `, number: "want a number, such as ", list: "want a list of texts, such as ", toggle: "want true or false, such as ",
	}[s.kind]
	raw, isText := g.raw.(string)
	switch {
	case isText && strings.ContainsRune(raw, 0):
		return v, errors.New("want a text without NUL")
	case s.kind == text && isText:
		v.text = raw
		return v, nil
	case s.kind == number && g.env:
		n, err := strconv.ParseInt(strings.TrimSpace(raw), 10, 64)
		if err != nil {
			return v, errors.New(wrong + s.example)
		}
		v.number = n
		return v, nil
	case s.kind == number:
		n, ok := g.raw.(int64)
		if !ok {
			return v, errors.New(wrong + s.example)
		}
		v.number = n
		return v, nil
	case s.kind == toggle:
		set, ok := g.raw.(bool)
		if isText && g.env {
			set, ok = raw == "true", raw == "true" || raw == "false"
		}
		if !ok {
			return v, errors.New(wrong + s.example)
		}
		v.on = set
		return v, nil
	case s.kind == list && g.env:
		v.list = strings.FieldsFunc(raw, func(c rune) bool { return c == ',' || c == ' ' })
		return v, nil
	case s.kind == list:
		many, ok := g.raw.([]any)
		for _, one := range many {
			t, isText := one.(string)
			ok = ok && isText
			v.list = append(v.list, t)
		}
		if ok {
			return v, nil
		}
	}
	return v, errors.New(wrong + s.example)
}

// readFile reads a TOML file: what is set, and what is wrong with its form; nil when it is none.
func readFile(content []byte, path string) (map[string]given, []error) {
	found := map[string]given{}
	if content == nil {
		return found, nil
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, []error{fmt.Errorf("read the configuration: %w", err)}
	}
	values := map[string]any{}
	if err := toml.Unmarshal(content, &values); err != nil {
		return nil, []error{badForm(path, err)}
	}
	// A reader that wants no setting at all calls every one of them unknown, and says where it
	// stands.
	none := struct {
		Carriers map[string]struct{} `toml:"carrier"`
	}{}
	err = toml.NewDecoder(strings.NewReader(string(content))).DisallowUnknownFields().Decode(&none)
	var all *toml.StrictMissingError
	if err != nil && !errors.As(err, &all) {
		return nil, []error{badForm(path, err)}
	}
	if all == nil {
		return found, nil
	}
	var mistakes []error
	for i := range all.Errors {
		key := all.Errors[i].Key()
		line, _ := all.Errors[i].Position()
		where := fmt.Sprintf("%s:%d", path, line)
		name := strings.Join(key, ".")
		if key[0] == carrierSection && len(key) > 1 {
			if err := carrierKey(key[1:]); err != nil {
				mistakes = append(mistakes, fmt.Errorf("%s: %w", where, err))
				continue
			}
			found[name] = given{where: where + ": " + name, raw: at(values, key), from: folder}
			continue
		}
		raw := values[key[0]]
		_, isTable := raw.(map[string]any)
		_, areTables := raw.([]map[string]any)
		switch {
		case len(key) > 1 || isTable || areTables || isTableOfTables(raw):
			mistakes = append(mistakes, fmt.Errorf("%s: %q: there are no sections but [carrier.NAME], and no dots in this file%s", where, name, nearest(strings.Join(key, "_"))))
		case !known(name):
			mistakes = append(mistakes, fmt.Errorf("%s: there is no setting %q%s", where, name, nearest(name)))
		default:
			found[name] = given{where: where + ": " + name, raw: raw, from: folder}
		}
	}
	return found, mistakes
}

// at is the value of a dotted key.
func at(values map[string]any, key []string) any {
	for _, k := range key[:len(key)-1] {
		values, _ = values[k].(map[string]any)
	}
	return values[key[len(key)-1]]
}

// carrierKey checks the name of a carrier and of its setting: "main", "url".
func carrierKey(key []string) error {
	if !carrierName.MatchString(key[0]) {
		return fmt.Errorf("carrier %q: want a name of small letters and digits, such as [carrier.main]", key[0])
	}
	var names []string
	for _, s := range carrierSettings() {
		names = append(names, s.name)
	}
	if setting := strings.Join(key[1:], "."); !slices.Contains(names, setting) {
		return fmt.Errorf("a carrier has no setting %q%s", setting, nearestOf(setting, names))
	}
	return nil
}

// isTableOfTables: "[[name]]" is a list of tables to TOML; a list of texts has none.
func isTableOfTables(raw any) bool {
	many, ok := raw.([]any)
	return ok && slices.ContainsFunc(many, func(one any) bool { _, ok := one.(map[string]any); return ok })
}

// badForm never quotes the line: it may hold a password.
func badForm(path string, err error) error {
	if d, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := d.Position()
		return fmt.Errorf("%s:%d:%d: this is no TOML: %s", path, line, column, strings.TrimPrefix(d.Error(), "toml: "))
	}
	return fmt.Errorf("%s: this is no TOML: %w", path, err)
}

// readEnvironment reads SALLYPORT_…: what is set, and what is none of ours.
func readEnvironment(environ []string) (map[string]given, []error) {
	vars := map[string]given{}
	var mistakes []error
	for _, e := range environ {
		variable, raw, _ := strings.Cut(e, "=")
		rest, ours := strings.CutPrefix(variable, prefix)
		if !ours || variable == fileVariable || byKubernetes(rest) {
			continue
		}
		name := strings.ToLower(rest)
		if parts := strings.SplitN(name, "_", 3); parts[0] == carrierSection && len(parts) == 3 && rest == strings.ToUpper(rest) {
			if err := carrierKey(parts[1:]); err != nil {
				mistakes = append(mistakes, fmt.Errorf("%s: %w", variable, err))
				continue
			}
			vars[strings.Join(parts, ".")] = given{where: variable, raw: raw, env: true}
			continue
		}
		if !known(name) || rest != strings.ToUpper(rest) {
			mistakes = append(mistakes, fmt.Errorf("%s: there is no such setting%s", variable, inEnvironment(nearest(name))))
			continue
		}
		vars[name] = given{where: variable, raw: raw, env: true}
	}
	slices.SortFunc(mistakes, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return vars, mistakes
}

// byKubernetes: what it sets in every container beside a service that is called "sallyport".
func byKubernetes(rest string) bool {
	return rest == "PORT" || strings.HasPrefix(rest, "PORT_") || strings.HasPrefix(rest, "SERVICE_")
}

func known(name string) bool {
	return slices.ContainsFunc(settings(), func(s setting) bool { return s.name == name })
}

// nearest is "; did you mean …?" with the name that is least different, "" where none is near.
func nearest(name string) string {
	var names []string
	for _, s := range settings() {
		names = append(names, s.name)
	}
	return nearestOf(name, names)
}

func nearestOf(name string, names []string) string {
	best, least := "", 2+len(name)/4
	for _, n := range names {
		if d := distance(strings.ToLower(strings.ReplaceAll(name, "-", "_")), n); d < least || d == least && best == "" {
			best, least = n, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// inEnvironment writes the name in nearest's answer as a variable.
func inEnvironment(hint string) string {
	_, rest, found := strings.Cut(hint, `"`)
	name, _, _ := strings.Cut(rest, `"`)
	if !found {
		return ""
	}
	return "; did you mean " + Variable(name) + "?"
}

// Variable is what a setting is called in the environment.
func Variable(name string) string { return prefix + strings.ToUpper(name) }

// distance is how many letters must be put in, taken out or replaced to make b of a (Levenshtein).
func distance(a, b string) int {
	if len(a) > 100 {
		return len(a) // nothing is near, and nothing is worth the work
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			corner, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, corner+cost)
		}
	}
	return row[len(b)]
}

// useFile reads the first line of the file that v names, for a setting that is a secret.
func useFile(v value, use func(line value) error) error {
	f, err := os.Open(v.path())
	if err != nil {
		return err
	}
	defer f.Close() // it was only read
	line, err := bufio.NewReader(io.LimitReader(f, maxFile)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := use(value{text: strings.TrimSpace(line), folder: filepath.Dir(v.path())}); err != nil {
		return fmt.Errorf("%s: %w", v.path(), err)
	}
	return nil
}
