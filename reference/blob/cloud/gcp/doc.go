// Package gcp opens blob stores in Google Cloud Storage. It knows nothing of
// blobs but where they are kept. Its library takes longer to compile than all the
// rest of the server: the package is empty without the build tag cloud.
package gcp
