package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"bleepstore/conformance"
	"bleepstore/reference"
	"bleepstore/reference/backup"
	"bleepstore/reference/config"
)

// tokenEnv is where the token of the admin API is looked for, as serve does.
var tokenEnv = config.Env("server.admin_token")

// backupCmd writes a backup: of a directory that no server uses, or of a server.
type backupCmd struct {
	Data   string `xor:"source" placeholder:"DIR" help:"Data directory of a server that is stopped (./data)."`
	Config string `xor:"source-config" placeholder:"FILE" help:"YAML file of its settings, when it has one."`
	Admin  string `xor:"source,source-config" placeholder:"URL" help:"A server that runs, by the address of its second listener; a cluster by that of any node."`
	Token  string `placeholder:"TOKEN" help:"Its server.admin_token; else BLEEPSTORE_SERVER_ADMIN_TOKEN, which other users of the machine do not see."`
	To     string `required:"" placeholder:"FILE" help:"File that gets the backup once it is whole; - is standard output."`
}

// Run implements the command.
func (c *backupCmd) Run() error {
	ctx, in := interruptible()
	defer in.release()
	write := c.directory
	if c.Admin != "" {
		write = c.server
	}
	m, err := save(ctx, c.To, write)
	if err != nil {
		return ended(ctx, fmt.Errorf("backup: %w", err))
	}
	out := os.Stdout
	if c.To == "-" {
		out = os.Stderr
	}
	fmt.Fprintf(out, "backed up %s, taken %s\n", counted(m), m.Made.Format("2006-01-02 15:04:05 MST"))
	return nil
}

// counted says what a backup holds.
func counted(m backup.Manifest) string {
	return fmt.Sprintf("%d buckets with %d objects, %d uploads in progress; %d bytes of metadata, %d bytes in %d blobs", m.Buckets, m.Objects, m.Uploads, m.MetaBytes, m.BlobBytes, m.Blobs)
}

// ended gives a failure the exit code of one, or that of an interrupt.
func ended(ctx context.Context, err error) error {
	code := conformance.ExitFailed
	if ctx.Err() != nil {
		code = conformance.ExitInterrupted
	}
	return &conformance.Error{Code: code, Err: err}
}

// directory backs up a data directory.
func (c *backupCmd) directory(ctx context.Context, w io.Writer) (m backup.Manifest, err error) {
	rc, err := stored(c.Data, "", c.Config)
	if err != nil {
		return m, err
	}
	rc.Backend = "" // the directory knows
	return reference.Backup(ctx, rc, w)
}

// stored is where the settings say that data are.
func stored(data, backend, file string) (c reference.Config, err error) {
	given := map[string]string{}
	for key, value := range map[string]string{"storage.data": data, "storage.backend": backend} {
		if value != "" {
			given[key] = value
		}
	}
	v, err := config.Resolve(given, os.Getenv, file)
	if err != nil {
		return c, err
	}
	return site(v)
}

// site is where a server keeps what it has.
func site(v *config.Values) (c reference.Config, err error) {
	c.Dir, c.Backend, c.BlobDir = v.String("storage.data"), v.String("storage.backend"), v.String("storage.local.root_dir")
	c.MetaPath = v.String("metadata.sqlite.path")
	if v.String("metadata.engine") == "raft" {
		if c.MetaPath, err = metaPath(v); err != nil {
			return c, err
		}
	}
	c.OpenBlobs, err = openBlobs(v, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	return c, err
}

// server fetches the backup of a server that runs, and checks it on its way.
func (c *backupCmd) server(ctx context.Context, w io.Writer) (m backup.Manifest, err error) {
	u, token, err := (&adminServer{Admin: c.Admin, Token: c.Token}).reach()
	if err != nil {
		return m, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.JoinPath("admin", "backup").String(), nil)
	if err != nil {
		return m, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return m, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return m, refusal(resp)
	}
	m, err = backup.Verify(ctx, io.TeeReader(resp.Body, w))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the server broke it off, and its log says why: %w", err)
	}
	return m, err
}

// refusal is what a server says in the place of a backup.
func refusal(resp *http.Response) error {
	var e struct {
		Error struct{ Code, Message string } `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&e); err != nil || e.Error.Code == "" {
		return fmt.Errorf("the server answers %s: is this its second listener?", resp.Status)
	}
	return fmt.Errorf("the server answers %s %s: %s", resp.Status, e.Error.Code, e.Error.Message)
}

// save writes a file that has its name only when it is whole and durable; "-" is
// standard output.
func save(ctx context.Context, path string, write func(context.Context, io.Writer) (backup.Manifest, error)) (m backup.Manifest, err error) {
	if path == "-" {
		if info, err := os.Stdout.Stat(); err == nil && info.Mode()&fs.ModeCharDevice != 0 {
			return m, errors.New("--to -: a backup is not written to a terminal")
		}
		return write(ctx, os.Stdout)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return m, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	m, err = write(ctx, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return m, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return m, err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return m, err
	}
	_ = errors.Join(dir.Sync(), dir.Close()) // the file is whole; its name may go with the power
	return m, nil
}
