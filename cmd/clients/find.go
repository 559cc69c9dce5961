package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A client is one row of the table of what is driven.
type client struct {
	name    string
	apt     string   // the package that has it, "" for none
	command string   // looked for in every directory of PATH
	version []string // arguments that make it print its version, or fail when it lacks something
	with    string   // what runs the script: "" for the command itself
	script  string
	npm     []string // packages, with versions, that the script needs
	// legacy says that the client is of before April 2023 and sends an ACL with
	// each object, which new buckets have refused since: its server gives
	// buckets what they had then.
	legacy bool
}

var clients = []client{
	{name: "aws", apt: "awscli", command: "aws", version: []string{"--version"}, with: "bash", script: "awscli.sh"},
	{name: "boto3", apt: "python3-boto3", command: "python3", version: []string{"-c", "import boto3; print('boto3', boto3.__version__)"}, script: "boto.py"},
	{name: "js", command: "node", version: []string{"--version"}, script: "sdk.mjs",
		npm: []string{"@aws-sdk/client-s3@3.1169.0", "@aws-sdk/lib-storage@3.1169.0", "@aws-sdk/s3-request-presigner@3.1163.0"}},
	{name: "js2", command: "node", version: []string{"--version"}, script: "sdk2.mjs", npm: []string{"aws-sdk@2.1693.0"}},
	{name: "minio-js", command: "node", version: []string{"--version"}, script: "minio.mjs", npm: []string{"minio@8.0.7"}},
	{name: "ruby", apt: "ruby-aws-sdk-s3", command: "ruby", version: []string{"-e", "require 'aws-sdk-s3'; puts 'aws-sdk-s3 ' + Aws::S3::GEM_VERSION"}, script: "ruby.rb"},
	{name: "curl", apt: "curl", command: "curl", version: []string{"--version"}, with: "bash", script: "curl.sh"},
	{name: "go", command: "go", version: []string{"version"}, with: "bash", script: "go.sh"},
	{name: "rclone", apt: "rclone", command: "rclone", version: []string{"version"}, with: "bash", script: "rclone.sh", legacy: true},
	{name: "restic", apt: "restic", command: "restic", version: []string{"version"}, with: "bash", script: "restic.sh"},
	{name: "s3cmd", apt: "s3cmd", command: "s3cmd", version: []string{"--version"}, with: "bash", script: "s3cmd.sh"},
	{name: "s4cmd", apt: "s4cmd", command: "s4cmd", version: []string{"--version"}, with: "bash", script: "s4cmd.sh"},
	{name: "s3fs", apt: "s3fs", command: "s3fs", version: []string{"--version"}, with: "bash", script: "s3fs.sh"},
}

// An installed client is one found on this machine.
type installed struct {
	path, version string
	modules       string // directory that holds the npm packages
}

// find returns every version of the client on PATH, or why there is none.
func (c client) find(ctx context.Context, b *bench, install bool) (found []installed, missing string) {
	missing = "no " + c.command + " on PATH"
	seen := map[string]bool{}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, c.command)
		if st, err := os.Stat(path); err != nil || st.IsDir() || st.Mode()&0o111 == 0 {
			continue
		}
		out, err := exec.CommandContext(ctx, path, c.version...).CombinedOutput()
		version := firstLine(out)
		if err != nil {
			missing = fmt.Sprintf("%s: %s", path, lastLine(out))
			continue
		}
		if !seen[version] {
			seen[version] = true
			found = append(found, installed{path: path, version: version})
		}
	}
	if len(found) == 0 || c.npm == nil {
		return found, missing
	}
	modules := filepath.Join(b.dir, c.name+"-modules")
	if !install {
		return nil, "its packages are installed only when asked for: -install"
	}
	args := append([]string{"install", "--prefix", modules, "--no-audit", "--no-fund", "--silent"}, c.npm...)
	if out, err := exec.CommandContext(ctx, "npm", args...).CombinedOutput(); err != nil {
		return nil, fmt.Sprintf("npm install: %v: %s", err, lastLine(out))
	}
	for i := range found {
		found[i].modules = modules
		found[i].version = c.npm[0] + ", node " + found[i].version
	}
	return found, ""
}

// installPackages installs Debian's packages of those clients whose command
// is missing, and says why it could not.
func installPackages(ctx context.Context, selected []client) (refusal string) {
	var want []string
	for _, c := range selected {
		if c.apt != "" && exec.Command("dpkg", "-s", c.apt).Run() != nil {
			want = append(want, c.apt)
		}
	}
	if len(want) == 0 {
		return ""
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return "there is no apt-get to install it with"
	}
	for _, args := range [][]string{{"update"}, append([]string{"install", "-y", "--no-install-recommends"}, want...)} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Sprintf("apt-get %s: %v: %s", args[0], err, lastLine(out))
		}
	}
	return ""
}

// firstLine returns the first line, or as much of it as a table takes.
func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	if words := strings.Fields(line); len(words) > 6 {
		line = strings.Join(words[:6], " ")
	}
	return line
}

func lastLine(b []byte) string {
	s := strings.TrimSpace(string(b))
	return s[strings.LastIndexByte(s, '\n')+1:]
}
