// Package liar stands before any S3 server and lies about what it did, one lie at
// a time, so that a conformance suite can be seen to notice. What no lie is about
// passes byte by byte, as through a proxy.Front.
//
// Most lies change an answer. Some change a request: it is then signed anew with
// the key that it was signed with, but only where its signature was right. One
// that is unsigned stays so, and one that is wrongly signed is never touched:
// nothing that a lie does makes a bad signature good. (The one family that sends a
// refused request again, perform, says so.) What a signature covers stays as wrong
// as it was: a hash that did not fit the body, a date that is too old.
//
// It knows nothing of the suite, nor of how the server works.
package liar
