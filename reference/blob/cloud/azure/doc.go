// Package azure opens blob stores in containers of Azure Blob Storage. It knows
// nothing of blobs but where they are kept. Its library takes long to compile: the
// package is empty without the build tag cloud.
package azure
