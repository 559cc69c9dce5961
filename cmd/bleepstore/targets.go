package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"bleepstore/conformance"
	"bleepstore/conformance/compare"
	"bleepstore/reference"
)

// A target is one server of a targets file, with what `bleepstore test` would
// be told of it. The server is at an endpoint, or is started for the run:
// embedded, our own, or by a command.
type target struct {
	Name     string   `yaml:"name"`
	Embedded string   `yaml:"embedded"` // a backend
	Command  []string `yaml:"command"`  // {addr-file} in it is the file that it writes its URL to
	Note     string   `yaml:"note"`     // told to readers of the report

	Endpoint        list   `yaml:"endpoint"`
	TLSEndpoint     string `yaml:"tls-endpoint"`
	AccessKey       string `yaml:"access-key"`
	SecretKey       string `yaml:"secret-key"`
	AltAccessKey    string `yaml:"alt-access-key"`
	AltSecretKey    string `yaml:"alt-secret-key"`
	AccessKeyEnv    string `yaml:"access-key-env"` // names of variables that hold the keys
	SecretKeyEnv    string `yaml:"secret-key-env"`
	AltAccessKeyEnv string `yaml:"alt-access-key-env"`
	AltSecretKeyEnv string `yaml:"alt-secret-key-env"`
	Region          string `yaml:"region"`
	Insecure        bool   `yaml:"k"`

	Profile        string `yaml:"profile"`
	Features       list   `yaml:"features"`
	Addressing     string `yaml:"addressing"`
	Bucket         string `yaml:"bucket"`
	Baseline       string `yaml:"baseline"` // relative to the targets file
	StrictBaseline bool   `yaml:"strict-baseline"`
}

// A list is one word, several parted by commas, or a YAML list.
type list []string

func (l *list) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*l = strings.Split(n.Value, ",")
		return nil
	}
	return n.Decode((*[]string)(l))
}

// readTargets reads a targets file, strictly.
func readTargets(file string) ([]target, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--targets: %w", err)
	}
	var all []target
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&all); err != nil {
		return nil, fmt.Errorf("--targets %s: %w", file, err)
	}
	for i := range all {
		t := &all[i]
		if err := t.validate(); err != nil {
			return nil, fmt.Errorf("--targets %s: target %d (%s): %w", file, i+1, t.Name, err)
		}
		if t.Baseline != "" && !filepath.IsAbs(t.Baseline) {
			t.Baseline = filepath.Join(filepath.Dir(file), t.Baseline)
		}
		if slices.ContainsFunc(all[:i], func(u target) bool { return u.Name == t.Name }) {
			return nil, fmt.Errorf("--targets %s: two targets are called %s", file, t.Name)
		}
	}
	return all, nil
}

func (t *target) validate() error {
	if err := compare.CheckName(t.Name); err != nil {
		return err
	}
	ways := 0
	for _, given := range []bool{t.Embedded != "", len(t.Command) > 0, len(t.Endpoint) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return errors.New("want one of endpoint, embedded and command")
	case t.Embedded != "" && !slices.Contains(append([]string{reference.Memory, reference.Local, reference.SQLite}, clouds...), t.Embedded):
		return fmt.Errorf("embedded: %q: want memory, local, sqlite, aws, gcp or azure", t.Embedded)
	case len(t.Command) > 0 && !strings.Contains(strings.Join(t.Command, " "), addrFileMark):
		return fmt.Errorf("command: nothing in it says %s, the file to write the server's URL to", addrFileMark)
	}
	if _, err := cloudSettings(t.Embedded, os.Getenv); err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	return nil
}

// options are what the suite is asked to do with the target.
func (t *target) options(getenv func(string) string) (conformance.Options, error) {
	o := conformance.DefaultOptions()
	o.Endpoint, o.TLSEndpoint, o.Region, o.Insecure = t.Endpoint, t.TLSEndpoint, t.Region, t.Insecure
	o.Features, o.Bucket, o.Baseline, o.StrictBaseline = t.Features, t.Bucket, t.Baseline, t.StrictBaseline
	if t.Profile != "" {
		o.Profile = t.Profile
	}
	if t.Addressing != "" {
		o.Addressing = t.Addressing
	}
	for _, key := range []struct {
		into        *string
		given, from string
	}{
		{&o.AccessKey, t.AccessKey, t.AccessKeyEnv}, {&o.SecretKey, t.SecretKey, t.SecretKeyEnv},
		{&o.AltAccessKey, t.AltAccessKey, t.AltAccessKeyEnv}, {&o.AltSecretKey, t.AltSecretKey, t.AltSecretKeyEnv},
	} {
		*key.into = key.given
		if key.from == "" {
			continue
		}
		if key.given != "" {
			return o, fmt.Errorf("target %s: a key and the variable %s that holds it are both given", t.Name, key.from)
		}
		if *key.into = getenv(key.from); *key.into == "" {
			return o, fmt.Errorf("target %s: the variable %s, which is to hold a key, is not set", t.Name, key.from)
		}
	}
	return o, nil
}

const addrFileMark = "{addr-file}"

// start has the server up and points the options at it; dir is a place for its
// files. Its errors are of a server that cannot be reached.
func (t *target) start(ctx context.Context, o *conformance.Options, dir string) (stop func() error, err error) {
	switch {
	case t.Embedded != "":
		return embed(ctx, o, t.Embedded, filepath.Join(dir, "data"))
	case len(t.Command) == 0:
		return func() error { return nil }, nil
	}
	addrFile := filepath.Join(dir, "addr")
	argv := slices.Clone(t.Command)
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], addrFileMark, addrFile)
	}
	// It outlives the run, which removes what it made when ctx ends.
	p, err := launch(exec.CommandContext(context.WithoutCancel(ctx), argv[0], argv[1:]...), t.Name, dir, addrFile)
	if err != nil {
		return nil, &conformance.Error{Code: conformance.ExitPreflight, Err: err}
	}
	o.Endpoint = []string{p.url.String()}
	if o.TLSEndpoint == "" {
		o.TLSEndpoint = p.tls
	}
	return p.stop, nil
}

// note tells a reader how to have the server again.
func (t *target) note() string {
	if t.Note != "" || len(t.Command) == 0 {
		return t.Note
	}
	return fmt.Sprintf("ENDPOINT is the URL that `%s` writes to the file.", strings.Join(t.Command, " "))
}

// door is the command that repeats a run on the target, without flags.
func (t *target) door() string {
	if t.Embedded != "" && t.Embedded != reference.Memory {
		return "./run_e2e.sh --backend " + t.Embedded
	}
	return "bleepstore test"
}
