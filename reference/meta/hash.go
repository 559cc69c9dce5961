package meta

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
)

// Hash returns a digest of the whole state except the applied index and term:
// two databases that applied equal commands have equal ones. It reads
// everything.
func (db *DB) Hash(ctx context.Context) (string, error) {
	digest, _, err := db.HashAt(ctx)
	return digest, err
}

// HashAt is Hash with the applied index of the very state that it is of.
func (db *DB) HashAt(ctx context.Context) (digest string, applied uint64, err error) {
	h := sha256.New()
	err = db.View(ctx, func(tx *Tx) error {
		st, err := tx.Stats()
		if err != nil {
			return err
		}
		applied = st.Applied
		for _, t := range tables {
			from, begun := t.from, false
			if from == "" {
				fmt.Fprintf(h, "table %s\n", t.name)
				from, begun = t.name, true
			}
			err := tx.c.each(func(row []driver.Value) error {
				if !begun {
					fmt.Fprintf(h, "table %s\n", t.name)
					begun = true
				}
				return hashRow(h, row)
			}, "SELECT "+t.columns+" FROM "+from+" ORDER BY "+t.order)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), applied, err
}

// hashRow feeds one row; every value goes with its type and length.
func hashRow(h hash.Hash, row []driver.Value) error {
	var b []byte
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, 'n')
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v))
		case string:
			b = binary.AppendUvarint(append(b, 't'), uint64(len(v)))
			b = append(b, v...)
		case []byte:
			b = binary.AppendUvarint(append(b, 'b'), uint64(len(v)))
			b = append(b, v...)
		default:
			return fmt.Errorf("column of type %T", v)
		}
	}
	h.Write(append(b, '\n'))
	return nil
}
