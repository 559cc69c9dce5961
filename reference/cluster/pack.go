package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"bleepstore/reference/meta"
)

// packVersion is the first byte of a log entry. Another one means a program
// that knows more than this one: the node must stop.
const packVersion = 1

// errPack is an entry that is none of ours, or damaged.
var errPack = errors.New("log entry is no pack of commands")

// pack makes one log entry of encoded commands: the version, the leader's
// stamp, and each command behind its length.
func pack(stamp int64, commands [][]byte) []byte {
	n := 1 + binary.MaxVarintLen64
	for _, c := range commands {
		n += binary.MaxVarintLen32 + len(c)
	}
	b := binary.AppendVarint(append(make([]byte, 0, n), packVersion), stamp)
	for _, c := range commands {
		b = appendSized(b, c)
	}
	return b
}

// appendSized appends c behind its length.
func appendSized(b, c []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(c))), c...)
}

// cutSized is the reverse: c is a part of b.
func cutSized(b []byte) (c, rest []byte, err error) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > math.MaxInt32 || int(n) > len(b)-k {
		return nil, nil, fmt.Errorf("%w: length", errPack)
	}
	return b[k : k+int(n) : k+int(n)], b[k+int(n):], nil
}

// unpack is the reverse of pack; the bodies of the commands are parts of b.
// Every command gets the pack's stamp.
func unpack(b []byte) ([]meta.Command, error) {
	if len(b) == 0 || b[0] != packVersion {
		return nil, fmt.Errorf("%w: format", errPack)
	}
	stamp, k := binary.Varint(b[1:])
	if k <= 0 {
		return nil, fmt.Errorf("%w: stamp", errPack)
	}
	var commands []meta.Command
	for b = b[1+k:]; len(b) > 0; {
		encoded, rest, err := cutSized(b)
		if err != nil {
			return nil, err
		}
		c, err := meta.Decode(encoded)
		if err != nil {
			return nil, err
		}
		if c.Stamp == 0 || !meta.WallClock.On() {
			c.Stamp = stamp
		}
		commands, b = append(commands, c), rest
	}
	return commands, nil
}
