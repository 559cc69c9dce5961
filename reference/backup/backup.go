// Package backup writes the whole of a store to one stream, and makes a store of
// such a stream again. It knows nothing of directories, clusters or commands:
// the metadata is an image that it is given, the bodies are a blob.Store.
//
// A backup is a tar archive: manifest.json, the metadata as meta.db, every blob
// that the metadata names as blobs/ID, ids ascending, and end.json, which
// numbers them and has the SHA-256 of all that stands before it. A stream that
// breaks off anywhere, or was changed anywhere, is not a backup.
package backup

import (
	"archive/tar"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/crypt"
	"bleepstore/reference/meta"
)

// format is the version of the stream that this program writes and reads.
const format = 1

// The names of the archive's entries.
const (
	manifestName = "manifest.json"
	imageName    = "meta.db"
	blobPrefix   = "blobs/"
	endName      = "end.json"
)

// maxManifest bounds the manifest, in bytes.
const maxManifest = 64 << 10

// ErrDamaged is a stream that is not a whole backup: cut, changed, or something
// else altogether.
var ErrDamaged = errors.New("not a whole backup")

// A Manifest is what a backup holds; it is the first entry.
type Manifest struct {
	Format       int       `json:"format"`
	Made         time.Time `json:"made"` // UTC, whole seconds
	Applied      uint64    `json:"applied"`
	StateVersion int       `json:"state_version"`
	Buckets      int64     `json:"buckets"`
	Objects      int64     `json:"objects"`      // current ones
	ObjectBytes  int64     `json:"object_bytes"` // of the current ones
	Uploads      int64     `json:"uploads"`
	MetaBytes    int64     `json:"meta_bytes"` // of the metadata's image
	Blobs        int64     `json:"blobs"`
	BlobBytes    int64     `json:"blob_bytes"`
	// Master is the mark of the master key by which objects were encrypted last. The
	// backup does not hold the key.
	Master string `json:"master,omitempty"`
}

// A MissingError says that blobs which the metadata names could not be had.
type MissingError struct {
	Blobs, Of int64
	First     blob.ID
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%d of %d blobs are missing here, the first is %s", e.Blobs, e.Of, e.First)
}

// measure fills the manifest's figures from the image.
func (m *Manifest) measure(i *meta.Image) error {
	st, err := i.Stats()
	if err != nil {
		return err
	}
	m.Applied, m.StateVersion = st.Applied, st.Version
	m.Buckets, m.Objects, m.ObjectBytes, m.Uploads = st.Buckets, st.Objects, st.Bytes, st.Uploads
	m.Blobs, m.BlobBytes = 0, 0
	return eachBlob(i, func(_ string, size int64) error {
		m.Blobs++
		m.BlobBytes += size
		return nil
	})
}

// eachBlob tells of each blob that the image names, and how long it is where it is
// kept: the metadata count what sealed ones stand for.
func eachBlob(i *meta.Image, fn func(id string, size int64) error) error {
	return i.EachBlob(func(id string, size int64) error {
		if blob.ID(id).Sealed() {
			size = crypt.SealedSize(size)
		}
		return fn(id, size)
	})
}

func (m *Manifest) header(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: m.Made}
}

// seal is everything behind the last blob, byte for byte.
func (m *Manifest) seal(sum []byte) ([]byte, error) {
	text, err := json.Marshal(map[string]any{"blobs": m.Blobs, "blob_bytes": m.BlobBytes, "sha256": hex.EncodeToString(sum)})
	if err != nil {
		return nil, err
	}
	text = append(text, '\n')
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	if err := t.WriteHeader(m.header(endName, int64(len(text)))); err != nil {
		return nil, err
	}
	if _, err := t.Write(text); err != nil {
		return nil, err
	}
	err = t.Close()
	return b.Bytes(), err
}
