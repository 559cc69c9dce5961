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
// locks, encryption and lifecycles.
func ofThree(op Op) bool {
	switch op := op.(type) {
	case SetSetting, SetUser, SetRetention, SetLegalHold, Expire:
		return true
	case CreateBucket:
		return op.ObjectLock
	case PutObject:
		return op.Attributes.ofThree()
	case CopyObject:
		return op.Attributes.ofThree()
	case CreateUpload:
		return op.Attributes.ofThree()
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
