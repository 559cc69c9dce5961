package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"

	"bleepstore/reference"
	"bleepstore/reference/config"
)

// clouds are the backends that keep bodies with others.
var clouds = []string{reference.AWS, reference.GCP, reference.Azure}

// cloudSettings are the settings of a cloud's backend for servers that a run starts
// for itself: those that the environment has for serve. For another backend there
// are none. A bucket that is not named, and a cloud that this build lacks, are errors.
func cloudSettings(backend string, getenv func(string) string) (map[string]string, error) {
	if !slices.Contains(clouds, backend) {
		return nil, nil
	}
	all := map[string]string{"storage.backend": backend}
	for _, s := range config.Settings() {
		if value := getenv(config.Env(s.Key)); value != "" && strings.HasPrefix(s.Key, "storage."+backend+".") {
			all[s.Key] = value
		}
	}
	v, err := config.Resolve(all, func(string) string { return "" }, "")
	if err == nil {
		_, err = openBlobs(v, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; a run takes the settings of a cloud from what in the environment begins with %s_", err, config.Env("storage."+backend))
	}
	return all, nil
}

// apart gives settings of a cloud a prefix of their own, so that no two runs meet
// in its bucket, and tells that what is written stays there.
func apart(settings map[string]string, notes io.Writer) {
	backend := settings["storage.backend"]
	key := "storage." + backend + ".prefix"
	settings[key] += "bleep-run-" + strings.ToLower(rand.Text()[:10]) + "/"
	fmt.Fprintf(notes, "what the backend %s writes stays in its bucket, under %s\n", backend, settings[key])
}
