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
		b = append(binary.AppendUvarint(b, uint64(len(c))), c...)
	}
	return b
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
		n, k := binary.Uvarint(b)
		if k <= 0 || n > math.MaxInt32 || int(n) > len(b)-k {
			return nil, fmt.Errorf("%w: length", errPack)
		}
		c, err := meta.Decode(b[k : k+int(n) : k+int(n)])
		if err != nil {
			return nil, err
		}
		c.Stamp = stamp
		commands = append(commands, c)
		b = b[k+int(n):]
	}
	return commands, nil
}
