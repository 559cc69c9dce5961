package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Marshal writes settings as a YAML file that Resolve reads as the same. Values
// stay text, which Resolve takes for numbers and booleans too.
func Marshal(settings map[string]string, users []User) ([]byte, error) {
	doc := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if _, known := find(key); !known {
			return nil, fmt.Errorf("config: unknown key %q", key)
		}
		var value any = settings[key]
		if key == peersKey {
			peers, err := splitPeers(settings[key])
			if err != nil {
				return nil, fmt.Errorf("config: %s: %w", key, err)
			}
			value = peers
		}
		put(doc, strings.Split(key, "."), value)
	}
	if len(users) > 0 {
		put(doc, []string{"auth", "users"}, users)
	}
	return yaml.Marshal(doc)
}

// put sets a value below its sections.
func put(doc map[string]any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		below, ok := doc[name].(map[string]any)
		if !ok {
			below = map[string]any{}
			doc[name] = below
		}
		doc = below
	}
	doc[path[len(path)-1]] = value
}
