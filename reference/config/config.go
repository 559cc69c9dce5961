// Package config resolves the settings of the server: a flag beats the
// environment, the environment beats the YAML file, the file beats the
// default. One table names every setting; an unknown YAML key is an error,
// since a misspelt setting that is ignored is worse than a refusal to start.
// It knows the format, not what the settings do.
package config

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The keys of a server that was given none; refused where the network can
// reach it.
const (
	DefaultAccessKey = "bleepstore"
	DefaultSecretKey = "bleepstore-secret"
)

// A User is one account of auth.users.
type User struct {
	AccessKey string `yaml:"access_key"`
	SecretKey string `yaml:"secret_key"`
	ID        string `yaml:"id"`
	Name      string `yaml:"name"`
}

// Values are resolved settings by key. They are read-only.
type Values struct {
	byKey map[string]string
	from  map[string]string
	Users []User
}

// Env is the environment variable of a setting: BLEEPSTORE_ and its key in
// upper case, dots as underscores.
func Env(key string) string {
	return "BLEEPSTORE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Resolve merges the sources. flags holds only what the command line gave;
// getenv is os.Getenv; file is the path of the YAML file, "" for none.
func Resolve(flags map[string]string, getenv func(string) string, file string) (*Values, error) {
	v := &Values{byKey: map[string]string{}, from: map[string]string{}}
	inFile, err := v.readFile(file)
	if err != nil {
		return nil, err
	}
	for _, s := range settings {
		value, from := s.Default, byDefault
		if f, ok := inFile[s.Key]; ok {
			value, from = f, file
		}
		if e := getenv(Env(s.Key)); e != "" {
			value, from = e, Env(s.Key)
		}
		if f, ok := flags[s.Key]; ok {
			value, from = f, "flag"
		}
		v.byKey[s.Key], v.from[s.Key] = value, from
	}
	return v, nil
}

// readFile reads the YAML file into dotted keys; v.Users gets the accounts.
func (v *Values) readFile(path string) (map[string]string, error) {
	out := map[string]string{}
	if path == "" {
		return out, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("config %s: %w", path, err)
	}
	if auth, ok := doc["auth"].(map[string]any); ok && auth["users"] != nil {
		if v.Users, err = readUsers(auth["users"]); err != nil {
			return nil, fmt.Errorf("config %s: auth.users: %w", path, err)
		}
		delete(auth, "users")
	}
	if err := flatten("", doc, out); err != nil {
		return nil, fmt.Errorf("config %s: %w", path, err)
	}
	return out, nil
}

func readUsers(raw any) ([]User, error) {
	var users []User
	err := strictly(raw, &users)
	return users, err
}

// strictly decodes a part of the file; what it does not know is an error.
func strictly(raw, into any) error {
	text, err := yaml.Marshal(raw)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	return dec.Decode(into)
}

// flatten turns nested maps into dotted keys and refuses unknown ones.
func flatten(prefix string, doc map[string]any, out map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		key := strings.TrimPrefix(prefix+"."+name, ".")
		row, known := find(key)
		switch value := doc[name].(type) {
		case map[string]any:
			if err := flatten(key, value, out); err != nil {
				return err
			}
		case nil:
			if !known && !section(key) {
				return fmt.Errorf("unknown key %q", key)
			}
		default:
			if !known {
				return fmt.Errorf("unknown key %q", key)
			}
			text, err := scalar(row, value)
			if err != nil {
				return err
			}
			out[key] = text
		}
	}
	return nil
}

// scalar is the text of a value that the file gives. A list where none is
// wanted is refused.
func scalar(row Setting, value any) (string, error) {
	_, list := value.([]any)
	switch {
	case list && row.list != nil:
		return row.list(value)
	case list:
		return "", fmt.Errorf("%s: want one value, not a list", row.Key)
	}
	return fmt.Sprint(value), nil
}

func find(key string) (Setting, bool) {
	i := slices.IndexFunc(settings, func(s Setting) bool { return s.Key == key })
	if i < 0 {
		return Setting{}, false
	}
	return settings[i], true
}

// section reports whether some setting lies below key.
func section(key string) bool {
	return slices.ContainsFunc(settings, func(s Setting) bool { return strings.HasPrefix(s.Key, key+".") })
}

// String returns the value of a setting of the table; any other key panics,
// since it is a mistake of the program.
func (v *Values) String(key string) string {
	s, ok := v.byKey[key]
	if !ok {
		panic("config: no setting " + key)
	}
	return s
}

// From tells where the value came from: default, flag, a variable or a file.
func (v *Values) From(key string) string { return v.from[key] }

// Int64 returns a whole number.
func (v *Values) Int64(key string) (int64, error) {
	n, err := strconv.ParseInt(v.String(key), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s (from %s): %q is not a whole number", key, v.from[key], v.String(key))
	}
	return n, nil
}

// Bool returns true or false.
func (v *Values) Bool(key string) (bool, error) {
	b, err := strconv.ParseBool(v.String(key))
	if err != nil {
		return false, fmt.Errorf("%s (from %s): %q is neither true nor false", key, v.from[key], v.String(key))
	}
	return b, nil
}

// Duration returns a length of time above zero, like 30s.
func (v *Values) Duration(key string) (time.Duration, error) {
	d, err := time.ParseDuration(v.String(key))
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s (from %s): %q is not a length of time like 30s", key, v.from[key], v.String(key))
	}
	return d, nil
}

// Given are the settings below a section whose value is not the default, in the
// order of the table.
func (v *Values) Given(section string) []string {
	var keys []string
	for _, s := range settings {
		if strings.HasPrefix(s.Key, section+".") && v.byKey[s.Key] != s.Default {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// OneOf returns the value if it is one of those given.
func (v *Values) OneOf(key string, want ...string) (string, error) {
	s := v.String(key)
	if !slices.Contains(want, s) {
		return "", fmt.Errorf("%s (from %s): %q, want %s", key, v.from[key], s, strings.Join(want, ", "))
	}
	return s, nil
}
