package reference_test

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"bleepstore/reference"
)

// TestBrowser uploads by form from a page of another origin, in headless
// Chromium, and reads back by fetch, as far as the bucket's CORS configuration
// allows. `make browser` installs what it needs, where that is to be had.
func TestBrowser(t *testing.T) {
	modules := os.Getenv("BLEEPSTORE_BROWSER_MODULES")
	if modules == "" {
		t.Skip("make browser runs it: it needs Chromium, Node.js and playwright-core")
	}
	node, chromium := lookUp("node"), lookUp("chromium", "chromium-browser", "google-chrome")
	if node == "" || chromium == "" {
		t.Skip("no node or no Chromium on PATH")
	}
	sdk := browserTarget(t)
	home, abroad := newPage(t), newPage(t)
	page := uploadPage(t, sdk, home.URL)
	home.page, abroad.page = page, page
	out, err := exec.CommandContext(t.Context(), node, filepath.Join("testdata", "browser.mjs"), modules, chromium, home.URL, abroad.URL).CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	steps := 0
	for _, text := range strings.Split("\n"+string(out), "\nok\t")[1:] {
		name, _, _ := strings.Cut(text, "\n")
		steps++
		t.Log("ok", name)
	}
	const want = 5
	if err != nil || steps != want {
		t.Errorf("%d of %d steps passed: %v\n%s", steps, want, err, out)
	}
	got, err := sdk.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("uploads"), Key: aws.String("by-form/hello.txt")})
	if err != nil || aws.ToInt64(got.ContentLength) != 13 {
		t.Errorf("what the browser uploaded: %+v %v", got, err)
	}
}

// lookUp returns where the first of the programs is that there is, "" for none.
func lookUp(names ...string) string {
	for _, name := range names {
		if at, err := exec.LookPath(name); err == nil {
			return at
		}
	}
	return ""
}

// browserTarget starts a server, and returns a client of its owner.
func browserTarget(t *testing.T) *s3.Client {
	t.Helper()
	user := reference.User{AccessKey: "browser", SecretKey: "browser-secret-key"}
	srv, err := reference.Open(t.Context(), reference.Config{Backend: reference.Memory, Users: []reference.User{user}, Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve() }()
	t.Cleanup(func() {
		if err := errors.Join(srv.Close(context.Background()), <-served); err != nil {
			t.Error(err)
		}
	})
	return s3.New(s3.Options{BaseEndpoint: aws.String(srv.URL()), Region: "us-east-1", UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: user.AccessKey, SecretAccessKey: user.SecretKey}, nil
		})})
}

// A pageServer serves one page, under every path.
type pageServer struct {
	*httptest.Server
	page []byte
}

func newPage(t *testing.T) *pageServer {
	p := &pageServer{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(p.page) // the browser will tell
	}))
	t.Cleanup(p.Close)
	return p
}

var pageText = template.Must(template.New("").Parse(`<!doctype html><meta charset="utf-8"><title>Upload</title><link rel="icon" href="data:,">
<form id="form" action="{{.Action}}" method="post" enctype="multipart/form-data">
{{range $name, $value := .Fields}}<input type="hidden" name="{{$name}}" value="{{$value}}">
{{end}}<input id="file" type="file" name="file"><button id="send">Upload</button></form>
<script>window.target = {{.Target}}</script>`))

// uploadPage makes a bucket that allows origin to POST and to GET with a Range,
// and a page with a form for it and an address to read from.
func uploadPage(t *testing.T, sdk *s3.Client, origin string) []byte {
	t.Helper()
	bucket, key := aws.String("uploads"), aws.String("by-form/hello.txt")
	if _, err := sdk.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	rule := types.CORSRule{AllowedOrigins: []string{origin}, AllowedMethods: []string{"GET", "POST"}, AllowedHeaders: []string{"range"}, ExposeHeaders: []string{"ETag", "Content-Range"}}
	if _, err := sdk.PutBucketCors(t.Context(), &s3.PutBucketCorsInput{Bucket: bucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{rule}}}); err != nil {
		t.Fatal(err)
	}
	signer := s3.NewPresignClient(sdk)
	form, err := signer.PresignPostObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("by-form/${filename}")}, func(o *s3.PresignPostOptions) {
		o.Expires = time.Hour
		o.Conditions = []any{[]any{"starts-with", "$success_action_redirect", origin}, []any{"content-length-range", 1, 1024}, []any{"starts-with", "$key", "by-form/"}}
	})
	if err != nil {
		t.Fatal(err)
	}
	form.Values["success_action_redirect"] = origin + "/done"
	get, err := signer.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	fetched, err := signer.PresignPostObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("by-fetch")})
	if err != nil {
		t.Fatal(err)
	}
	target, err := json.Marshal(map[string]any{"form": fetched.Values, "get": get.URL, "absent": strings.Replace(get.URL, "hello.txt", "absent.txt", 1)})
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	err = pageText.Execute(&page, map[string]any{"Action": form.URL, "Fields": form.Values, "Target": template.JS(target)})
	if err != nil {
		t.Fatal(err)
	}
	return []byte(page.String())
}
