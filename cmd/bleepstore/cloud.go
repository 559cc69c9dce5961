package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"

	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/cloud"
	"bleepstore/reference/blob/cloud/aws"
	"bleepstore/reference/config"
)

// An openCloud opens the store of a cloud that the settings name.
type openCloud func(context.Context, cloud.Options) (*cloud.Store, error)

// openBlobs is how the backend that the settings name opens its bodies' store;
// nil where the server has one of its own.
func openBlobs(v *config.Values, log *slog.Logger) (func(context.Context, string) (blob.Store, error), error) {
	var open openCloud
	var err error
	switch backend := v.String("storage.backend"); backend {
	case reference.AWS:
		open, err = openAWS(v)
	case reference.GCP:
		open, err = openGCP(v)
	case reference.Azure:
		open, err = openAzure(v)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, owner string) (blob.Store, error) {
		store, err := open(ctx, cloud.Options{Owner: owner, Logger: log, Jitter: rand.Float64})
		if err != nil {
			return nil, err // a nil of another type must not end up in the interface
		}
		return store, nil
	}, nil
}

func openAWS(v *config.Values) (openCloud, error) {
	const at = "storage.aws."
	path, err := v.Bool(at + "use_path_style")
	if err != nil {
		return nil, err
	}
	c := aws.Config{
		Bucket: v.String(at + "bucket"), Prefix: v.String(at + "prefix"), Region: v.String(at + "region"),
		Endpoint: v.String(at + "endpoint_url"), PathStyle: path,
		AccessKey: v.String(at + "access_key_id"), SecretKey: v.String(at + "secret_access_key"),
	}
	if c.Bucket == "" {
		return nil, fmt.Errorf("storage.backend is aws: %sbucket has to name its bucket", at)
	}
	return func(ctx context.Context, o cloud.Options) (*cloud.Store, error) { return aws.Open(ctx, c, o) }, nil
}
