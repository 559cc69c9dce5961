package peer

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"math/big"
)

func TestSecretMakesOneAuthority(t *testing.T) {
	first, _, err := authority(secret)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := authority(bytes.Clone(secret))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Raw, again.Raw) {
		t.Error("the same secret made two authorities")
	}
	a, b := creds(t, secret, "a"), creds(t, secret, "b")
	if !a.Roots.Equal(b.Roots) {
		t.Error("two nodes do not trust the same")
	}
	if bytes.Equal(a.Cert.PrivateKey.(ed25519.PrivateKey), creds(t, secret, "a").Cert.PrivateKey.(ed25519.PrivateKey)) {
		t.Error("a node's key is not fresh")
	}
	for _, use := range bothSides {
		if got, err := a.verify([]*x509.Certificate{b.Cert.Leaf}, use); got != "b" || err != nil {
			t.Errorf("got %q, %v, want b", got, err)
		}
		if _, err := creds(t, other, "a").verify([]*x509.Certificate{b.Cert.Leaf}, use); !errors.Is(err, ErrIdentity) {
			t.Errorf("got %v across secrets, want ErrIdentity", err)
		}
	}
}

// TestClockSkew: certificates hold on a machine whose clock is wrong by years.
func TestClockSkew(t *testing.T) {
	c := creds(t, secret, "a")
	for _, at := range []time.Time{time.Now().AddDate(-10, 0, 0), time.Now().AddDate(100, 0, 0)} {
		if _, err := c.Cert.Leaf.Verify(x509.VerifyOptions{Roots: c.Roots, CurrentTime: at}); err != nil {
			t.Errorf("at %v: %v", at, err)
		}
	}
}

func TestWhatSecretsAreRefused(t *testing.T) {
	if _, err := FromSecret(secret[:15], "a"); err == nil {
		t.Error("a secret of 15 bytes was taken")
	}
	if _, err := FromSecret(secret[:16], "a"); err != nil {
		t.Error(err)
	}
	if _, err := FromSecret(secret, ""); err == nil {
		t.Error("no node was taken")
	}
}

// TestOddNames: any id is named as it is, however a URL has to write it.
func TestOddNames(t *testing.T) {
	for _, node := range []string{"node-1", "a b", "a/b", "a%2Fb", "ä", "a:7000", "?#"} {
		if got, err := nodeOf(creds(t, secret, node).Cert.Leaf); got != node || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, node)
		}
	}
}

// files writes PEM files of a certificate that is made from what is given.
func files(t *testing.T, change func(*x509.Certificate)) (cert, key, ca string) {
	t.Helper()
	root, rootKey, err := authority(secret)
	if err != nil {
		t.Fatal(err)
	}
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: notBefore, NotAfter: notAfter, URIs: []*url.URL{nodeURI("a")}, ExtKeyUsage: bothSides}
	change(c)
	leaf, err := sign(c, root, pub, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert", "CERTIFICATE", leaf.Raw), write("key", "PRIVATE KEY", der), write("ca", "CERTIFICATE", root.Raw)
}

func TestFromFiles(t *testing.T) {
	cert, key, ca := files(t, func(*x509.Certificate) {})
	c, err := FromFiles(cert, key, ca, "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromFiles(cert, key, key, "a"); err == nil {
		t.Error("a file without an authority was taken")
	}
	if _, err := FromFiles(cert, key, ca, "b"); !errors.Is(err, ErrIdentity) {
		t.Errorf("got %v for another node, want ErrIdentity", err)
	}
	f := newFleet(t, "b")
	f.open("a", func(o *Options) { o.Creds = c })
	if _, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/", "")); err != nil {
		t.Error(err)
	}
	if _, err := Listen(Options{Node: "b", Listen: "127.0.0.1:0", Creds: c}); !errors.Is(err, ErrIdentity) {
		t.Errorf("got %v for a port of another node, want ErrIdentity", err)
	}
}

// TestFilesThatOthersWouldRefuse are found at the start.
func TestFilesThatOthersWouldRefuse(t *testing.T) {
	for name, change := range map[string]func(*x509.Certificate){
		"expired":      func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) },
		"servers only": func(c *x509.Certificate) { c.ExtKeyUsage = bothSides[:1] },
		"clients only": func(c *x509.Certificate) { c.ExtKeyUsage = bothSides[1:] },
		"no node":      func(c *x509.Certificate) { c.URIs = nil },
		"two nodes":    func(c *x509.Certificate) { c.URIs = append(c.URIs, nodeURI("b")) },
	} {
		cert, key, ca := files(t, change)
		if _, err := FromFiles(cert, key, ca, "a"); !errors.Is(err, ErrIdentity) {
			t.Errorf("%s: got %v, want ErrIdentity", name, err)
		}
	}
}
