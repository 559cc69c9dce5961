//go:build cloud

package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob/azureblob"

	"bleepstore/reference/blob/cloud"
)

// A Config says which container, and who asks: a connection string, or an
// account with its key, the machine's identity, or what the default chain finds.
type Config struct {
	Container, Prefix string
	// ConnectionString has the account, its key and where it is.
	ConnectionString string
	// Account is the name of the storage account where there is no connection
	// string; Key is its key in base 64.
	Account, Key string
	// ManagedIdentity asks the machine who it is.
	ManagedIdentity bool
}

// attempts is how often the SDK makes a request beyond the first.
const attempts = 2

// Open opens the store in a container. Of o, Owner and what is optional count.
func Open(ctx context.Context, c Config, o cloud.Options) (*cloud.Store, error) {
	client, err := c.client()
	if err != nil {
		return nil, fmt.Errorf("azure: %w", err)
	}
	bucket, err := azureblob.OpenBucket(ctx, client, nil)
	if err != nil {
		return nil, fmt.Errorf("azure: %w", err)
	}
	o.Bucket, o.Prefix = bucket, c.Prefix
	// Blocks of uploads that were not committed are gone after a week.
	o.Provider = cloud.Provider{Name: "container " + c.Container + " of Azure", Kind: kind}
	return cloud.Open(ctx, o)
}

// client checks the settings and makes the client that they name.
func (c *Config) client() (*container.Client, error) {
	opts := &container.ClientOptions{ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{
		MaxRetries: attempts, RetryDelay: 200 * time.Millisecond, MaxRetryDelay: 2 * time.Second,
	}}}
	switch {
	case c.Container == "":
		return nil, errors.New("no container is given")
	case c.ConnectionString != "" && (c.Account != "" || c.Key != "" || c.ManagedIdentity):
		return nil, errors.New("a connection string says who asks: leave out account, key and managed identity")
	case c.ConnectionString != "":
		return container.NewClientFromConnectionString(c.ConnectionString, c.Container, opts)
	case c.Account == "":
		return nil, errors.New("neither a connection string nor an account is given")
	case c.Key != "" && c.ManagedIdentity:
		return nil, errors.New("an account's key, or the managed identity: one of them, not both")
	}
	where := (&url.URL{Scheme: "https", Host: c.Account + ".blob.core.windows.net", Path: "/" + c.Container}).String()
	if c.Key != "" {
		key, err := container.NewSharedKeyCredential(c.Account, c.Key)
		if err != nil {
			return nil, err
		}
		return container.NewClientWithSharedKeyCredential(where, key, opts)
	}
	identity, err := c.identity()
	if err != nil {
		return nil, err
	}
	return container.NewClient(where, identity, opts)
}

func (c *Config) identity() (azcore.TokenCredential, error) {
	if c.ManagedIdentity {
		return azidentity.NewManagedIdentityCredential(nil)
	}
	return azidentity.NewDefaultAzureCredential(nil)
}

// kind tells what an error of the SDK means.
func kind(err error) cloud.Kind {
	if _, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok {
		return cloud.Refused
	}
	answer, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		return cloud.Unknown
	}
	switch code := bloberror.Code(answer.ErrorCode); {
	case code == bloberror.ServerBusy, answer.StatusCode == http.StatusTooManyRequests:
		return cloud.Throttled
	case code == bloberror.ContainerNotFound, code == bloberror.ContainerBeingDeleted,
		answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		return cloud.Refused
	case answer.StatusCode == http.StatusNotFound:
		return cloud.NotFound
	case code == bloberror.BlobAlreadyExists, answer.StatusCode == http.StatusPreconditionFailed:
		return cloud.Exists
	case answer.StatusCode == http.StatusNotImplemented:
		return cloud.Unsupported
	}
	return cloud.Unknown
}
