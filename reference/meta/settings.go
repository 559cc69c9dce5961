package meta

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"maps"

	"bleepstore/reference/errcode"
)

// A Setting names a configuration of a bucket that the state machine keeps and,
// but for those of settingChecks, does not read.
type Setting string

// The settings.
const (
	ObjectLock Setting = "object-lock"
	CORS       Setting = "cors"
	Encryption Setting = "encryption"
	Lifecycle  Setting = "lifecycle"
	Website    Setting = "website"
)

// Settings are the configurations of a bucket, as JSON of whoever sets them; what
// was never set, or was removed, is absent. They are never changed in place.
type Settings map[Setting]json.RawMessage

// settingChecks refuse what a bucket cannot be set to, given what it is; nil
// stands for a removal. They are a function of the state alone.
var settingChecks = map[Setting]func(b *bucketRow, value json.RawMessage) error{
	ObjectLock: checkLock,
}

func packSettings(s Settings) (driver.Value, error) {
	if len(s) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(s) // in the order of the names
	if err != nil {
		return nil, fmt.Errorf("pack settings: %w", err)
	}
	return string(b), nil
}

func unpackSettings(v driver.Value) (s Settings, err error) {
	if v == nil {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text(v)), &s); err != nil {
		return nil, fmt.Errorf("unpack settings: %w", err)
	}
	return s, nil
}

// set replaces one configuration of a bucket.
func (m *machine) set(op SetSetting) (Result, error) {
	b, err := m.bucket(op.Bucket)
	if err != nil {
		return Result{}, err
	}
	switch op.Setting {
	case ObjectLock, CORS, Encryption, Lifecycle, Website:
	default:
		return Result{}, errcode.New(errcode.NotImplemented, "There is no setting %q.", op.Setting)
	}
	if check := settingChecks[op.Setting]; check != nil {
		if err := check(b, op.Value); err != nil {
			return Result{Bucket: b.Bucket}, err
		}
	}
	s := maps.Clone(b.Settings)
	if op.Value == nil {
		delete(s, op.Setting)
	} else {
		if s == nil {
			s = Settings{}
		}
		s[op.Setting] = op.Value
	}
	packed, err := packSettings(s)
	if err != nil {
		return Result{}, err
	}
	b.Settings, m.turned = s, true
	return Result{Bucket: b.Bucket}, m.c.exec("UPDATE bucket SET settings = ? WHERE id = ?", packed, b.row)
}
