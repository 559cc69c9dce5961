package meta

// OldestVersion is the version of the state machine that a program which does not
// say what it can apply is taken to know at most, and whose commands every other
// one knows.
const OldestVersion = 2

// Needs returns the version of the state machine that c is part of: c must not be
// in the log before a SetVersion of that version has been applied, since a node
// that does not know it stops there. What c has in addition to an older version of
// itself counts, and not what it leaves out.
func (c Command) Needs() int {
	if ofThree(value(c.Op)) {
		return 3
	}
	return OldestVersion
}

// ofThree says whether op came, or has what came, with version 3: settings, users,
// locks, encryption, lifecycles and checksums.
func ofThree(op Op) bool {
	switch op := op.(type) {
	case SetSetting, SetUser, SetRetention, SetLegalHold, Expire:
		return true
	case CreateBucket:
		return op.ObjectLock
	case PutObject:
		return op.Attributes.ofThree() || sumOfThree(op.Checksum.Algorithm)
	case CopyObject:
		return op.Attributes.ofThree() || sumOfThree(op.Checksum.Algorithm)
	case CreateUpload:
		return op.Attributes.ofThree() || sumOfThree(op.Algorithm)
	case DeleteObject:
		return op.Item.Bypass
	case DeleteObjects:
		for i := range op.Items {
			if op.Items[i].Bypass {
				return true
			}
		}
	}
	return false
}

func (a *Attributes) ofThree() bool { return a.Lock != nil || a.Seal != nil }

// sumOfThree says whether a checksum algorithm came with version 3. It would be
// stored by an older node all the same, which then could neither compute it for a
// part or a copy nor say what it is.
func sumOfThree(algorithm string) bool {
	switch algorithm {
	case "MD5", "SHA512", "XXHASH128", "XXHASH3", "XXHASH64":
		return true
	}
	return false
}
