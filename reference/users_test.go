package reference_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/admin"
)

// signs reports how a request under an access key is answered: "", or a code.
func signs(t *testing.T, url string, p admin.Pair) string {
	t.Helper()
	c := s3.New(s3.Options{BaseEndpoint: &url, Region: "us-east-1", UsePathStyle: true, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(p.ID, p.Secret, "")})
	_, err := c.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	return code(err)
}

func wantSigns(t *testing.T, url string, p admin.Pair, want string) {
	t.Helper()
	if got := signs(t, url, p); got != want {
		t.Errorf("%s: got %q, want %q", p.ID, got, want)
	}
}

const unknownKey = "InvalidAccessKeyId"

// A user lives as long as an operator wants, on every backend and beyond a
// restart.
func TestUsers(t *testing.T) {
	backends(t, func(t *testing.T, change func(*reference.Config)) {
		dir := t.TempDir()
		conf := func(c *reference.Config) {
			change(c)
			if c.Dir == "" {
				c.Dir = dir
			}
			if c.Backend == reference.Memory {
				c.Memory.Snapshot = filepath.Join(dir, "snapshot")
			}
		}
		var ada admin.Pair
		t.Run("before", func(t *testing.T) {
			in := reference.Start(t, conf)
			users, ctx := in.Server.Users(), t.Context()
			u, pair, err := users.Add(ctx, "ada", "", admin.Pair{})
			if err != nil || len(u.Account) != 64 || len(pair.Secret) != 40 {
				t.Fatalf("got %+v, %v", u, err)
			}
			ada = pair
			wantSigns(t, in.URL, ada, "")
			wantSigns(t, in.URL, admin.Pair{ID: ada.ID, Secret: "wrong"}, "SignatureDoesNotMatch")
			rotated, err := users.Issue(ctx, "ada", ada.ID, admin.Pair{})
			if err != nil || rotated.ID != ada.ID || rotated.Secret == ada.Secret {
				t.Fatal(err)
			}
			wantSigns(t, in.URL, ada, "SignatureDoesNotMatch")
			ada = rotated
			second, err := users.Issue(ctx, "ada", "", admin.Pair{ID: "second", Secret: "second-secret"})
			if err != nil {
				t.Fatal(err)
			}
			wantSigns(t, in.URL, second, "")
			for _, f := range []func() error{
				func() error { return users.Disable(ctx, "ada", second.ID, true) },
				func() error { return users.Disable(ctx, "ada", "", true) },
				func() error { return users.Disable(ctx, "ada", "", false) },
				func() error { return users.Disable(ctx, "ada", second.ID, false) },
			} {
				if err := f(); err != nil {
					t.Fatal(err)
				}
			}
			if err := users.Disable(ctx, "ada", "", true); err != nil {
				t.Fatal(err)
			}
			wantSigns(t, in.URL, second, unknownKey)
			wantSigns(t, in.URL, ada, unknownKey)
			if err := errors.Join(users.Disable(ctx, "ada", "", false), users.Remove(ctx, "ada", second.ID)); err != nil {
				t.Fatal(err)
			}
			wantSigns(t, in.URL, second, unknownKey)
			wantSigns(t, in.URL, ada, "")
		})
		t.Run("after", func(t *testing.T) {
			in := reference.Start(t, conf)
			wantSigns(t, in.URL, ada, "")
			if err := in.Server.Users().Remove(t.Context(), "ada", ""); err != nil {
				t.Fatal(err)
			}
			wantSigns(t, in.URL, ada, unknownKey)
		})
	})
}

func TestUserErrors(t *testing.T) {
	in := reference.Start(t)
	users, ctx := in.Server.Users(), t.Context()
	if _, _, err := users.Add(ctx, "ada", "", admin.Pair{ID: "one"}); err != nil {
		t.Fatal(err)
	}
	_, _, twice := users.Add(ctx, "ada", "", admin.Pair{})
	_, _, taken := users.Add(ctx, "bob", "", admin.Pair{ID: "one"})
	_, _, fixed := users.Add(ctx, "bob", "", admin.Pair{ID: in.AccessKey})
	_, _, named := users.Add(ctx, in.AccessKey, "", admin.Pair{}) // a configured user is called as its key
	_, own := users.Issue(ctx, in.AccessKey, "", admin.Pair{})
	_, nobody := users.Issue(ctx, "bob", "", admin.Pair{})
	_, nothing := users.Issue(ctx, "ada", "two", admin.Pair{})
	for _, tt := range []struct{ got, want error }{
		{twice, admin.ErrUserExists}, {taken, admin.ErrKeyTaken}, {fixed, admin.ErrKeyTaken}, {named, admin.ErrConfigured}, {own, admin.ErrConfigured},
		{nobody, admin.ErrUnknownUser}, {nothing, admin.ErrUnknownKey}, {users.Remove(ctx, "bob", ""), admin.ErrUnknownUser},
		{users.Remove(ctx, "ada", "two"), admin.ErrUnknownKey}, {users.Disable(ctx, in.AccessKey, "", true), admin.ErrConfigured},
	} {
		if !errors.Is(tt.got, tt.want) {
			t.Errorf("got %v, want %v", tt.got, tt.want)
		}
	}
	list, err := users.List(ctx)
	if err != nil || len(list) != 2 || !list[0].Configured || list[0].Keys[0].ID != in.AccessKey || list[1].Name != "ada" || list[1].Keys[0].ID != "one" {
		t.Errorf("got %+v, %v", list, err)
	}
	for err := error(nil); err == nil; {
		if _, err = users.Issue(ctx, "ada", "", admin.Pair{}); err != nil && !errors.Is(err, admin.ErrTooMany) {
			t.Error(err)
		}
	}
}

// Changes of one user by several operators are all done.
func TestUserChangesAreNotLost(t *testing.T) {
	in := reference.Start(t)
	users, ctx := in.Server.Users(), t.Context()
	if _, _, err := users.Add(ctx, "ada", "", admin.Pair{ID: "zero"}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i, id := range []string{"one", "two", "three"} {
		wg.Go(func() { _, errs[i] = users.Issue(ctx, "ada", "", admin.Pair{ID: id}) })
	}
	wg.Wait()
	list, err := users.List(ctx)
	done := 1
	for _, e := range errs {
		switch {
		case e == nil:
			done++
		case !errors.Is(e, admin.ErrUserChanged):
			t.Error(e)
		}
	}
	if err != nil || len(list[1].Keys) != done {
		t.Errorf("%d access keys, want %d: %v", len(list[1].Keys), done, err)
	}
}

// A user that one node makes signs at every node, and is a principal of policies
// there.
func TestUsersOfACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster")
	}
	c := reference.StartCluster(t, 3)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	u, pair, err := c.Node(1).Server.Users().Add(ctx, "ada", "", admin.Pair{})
	if err != nil {
		t.Fatal(err)
	}
	everywhere := func(want string) {
		t.Helper()
		for i := range 3 {
			await(t, fmt.Sprintf("node %d answers %q", i, want), func() bool { return signs(t, c.Node(i).URL, pair) == want })
		}
	}
	everywhere("")
	owner := s3.NewFromConfig(c.Node(2).AWS, func(o *s3.Options) { o.UsePathStyle = true })
	bucket := "bucket"
	if _, err := owner.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	policy := `{"Statement":{"Effect":"Allow","Principal":{"CanonicalUser":"` + u.Account + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}}`
	if _, err := owner.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policy}); err != nil {
		t.Error(err)
	}
	if err := c.Node(2).Server.Users().Disable(ctx, "ada", "", true); err != nil {
		t.Fatal(err)
	}
	everywhere(unknownKey)
	if list, err := c.Node(0).Server.Users().List(ctx); err != nil || !strings.Contains(list[len(list)-1].Name, "ada") || !list[len(list)-1].Disabled {
		t.Errorf("got %+v, %v", list, err)
	}
}
