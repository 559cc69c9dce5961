//go:build cloud

package main

import (
	"context"
	"fmt"

	"bleepstore/reference/blob/cloud"
	"bleepstore/reference/blob/cloud/azure"
	"bleepstore/reference/blob/cloud/gcp"
	"bleepstore/reference/config"
)

func openGCP(v *config.Values) (openCloud, error) {
	const at = "storage.gcp."
	c := gcp.Config{
		Bucket: v.String(at + "bucket"), Prefix: v.String(at + "prefix"),
		Project: v.String(at + "project"), CredentialsFile: v.String(at + "credentials_file"),
	}
	if c.Bucket == "" {
		return nil, fmt.Errorf("storage.backend is gcp: %sbucket has to name its bucket", at)
	}
	return func(ctx context.Context, o cloud.Options) (*cloud.Store, error) { return gcp.Open(ctx, c, o) }, nil
}

func openAzure(v *config.Values) (openCloud, error) {
	const at = "storage.azure."
	managed, err := v.Bool(at + "use_managed_identity")
	if err != nil {
		return nil, err
	}
	c := azure.Config{
		Container: v.String(at + "container"), Prefix: v.String(at + "prefix"), ConnectionString: v.String(at + "connection_string"),
		Account: v.String(at + "account"), Key: v.String(at + "account_key"), ManagedIdentity: managed,
	}
	if c.Container == "" {
		return nil, fmt.Errorf("storage.backend is azure: %scontainer has to name its container", at)
	}
	return func(ctx context.Context, o cloud.Options) (*cloud.Store, error) { return azure.Open(ctx, c, o) }, nil
}
