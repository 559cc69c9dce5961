package reference

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"bleepstore/fault"
	"bleepstore/reference/crypt"
	"bleepstore/reference/kms"
	"bleepstore/reference/sse"
)

// masterFile holds the master key of a server that stands alone. Whoever has it,
// and the directory, can read everything; without it nobody can.
const masterFile = "master.key"

// ParseKeys reads master keys from a file: 64 hexadecimal digits a line.
func ParseKeys(text []byte) (keys []crypt.Key, err error) {
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		raw, err := hex.DecodeString(string(bytes.TrimSpace(line)))
		if err != nil { // which would repeat some of it
			return nil, fmt.Errorf("line %d is no key: want 64 hexadecimal digits", i+1)
		}
		k, err := crypt.KeyOf(raw)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// ClusterKey is the master key of a cluster whose nodes share that secret, and are
// given no other.
func ClusterKey(secret []byte) (crypt.Key, error) {
	return crypt.Derive(secret, nil, "bleepstore master key 1")
}

// openVault finds the keys by which objects are encrypted. account is whose the
// KMS keys are; d is nil in memory. A directory whose objects would not open is
// refused.
func (c *Config) openVault(d *datadir, account string) (*sse.Vault, error) {
	master, err := c.masterKeys(d)
	if err != nil {
		return nil, err
	}
	random := &lockedReader{r: c.Rand}
	// The oldest master key stays when another comes before it, and so does the
	// managed key.
	keys, err := kms.NewLocal(c.Region, account, master[len(master)-1], c.KMSKeys, random)
	if err != nil {
		return nil, err
	}
	v, err := sse.NewVault(master, keys, random)
	if err != nil || d == nil || d.id.Master == v.Mark() {
		return v, err
	}
	if d.id.Master != "" && !v.Has(d.id.Master) {
		return nil, fmt.Errorf("what is in %s was encrypted by the master key %s, and that is not among those that are configured", c.Dir, d.id.Master)
	}
	d.id.Master = v.Mark()
	return v, d.write()
}

// checkSharedKey refuses a node whose directory a server that stood alone has
// encrypted, unless it is given a master key: before anything becomes a cluster's,
// from which there is no way back.
func (c *Config) checkSharedKey() error {
	if c.Cluster == nil || len(c.MasterKeys) > 0 || c.Dir == "" {
		return nil
	}
	f, err := c.FS.OpenFile(filepath.Join(c.Dir, masterFile), os.O_RDONLY, 0)
	if err != nil {
		return nil // there is none; what else ails the directory shows when it is opened
	}
	if err := f.Close(); err != nil {
		return err
	}
	return fmt.Errorf("what is in %s was encrypted by the key in %s, which every node of a cluster needs: give it to all as their master key", c.Dir, masterFile)
}

// masterKeys are the keys that are configured, or the one that the nodes of a
// cluster derive from their secret, with the one of the directory if it has one.
func (c *Config) masterKeys(d *datadir) ([]crypt.Key, error) {
	keys := slices.Clone(c.MasterKeys)
	path := filepath.Join(c.Dir, masterFile)
	if d == nil && c.Memory.Snapshot != "" {
		path = c.Memory.Snapshot + ".key"
	}
	var own []crypt.Key
	if d != nil || c.Memory.Snapshot != "" {
		text, err := fault.ReadFile(c.FS, path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			if own, err = ParseKeys(text); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	switch {
	case c.Cluster != nil && len(keys) == 0 && len(c.Cluster.Secret) == 0:
		return nil, errors.New("the nodes of a cluster that share no secret need a master key that is the same on all")
	case c.Cluster != nil && len(keys) == 0:
		k, err := ClusterKey(c.Cluster.Secret)
		return []crypt.Key{k}, err
	case len(keys) > 0 || len(own) > 0:
		return append(keys, own...), nil
	case d != nil && d.id.Master != "":
		return nil, fmt.Errorf("what is in %s was encrypted by the master key %s, and there is none", c.Dir, d.id.Master)
	}
	k, err := crypt.NewKey(c.Rand)
	if err != nil || d == nil && c.Memory.Snapshot == "" {
		return []crypt.Key{k}, err
	}
	return []crypt.Key{k}, replaceFile(c.FS, path, func(w io.Writer) error {
		_, err := io.WriteString(w, hex.EncodeToString(k[:])+"\n")
		return err
	})
}
