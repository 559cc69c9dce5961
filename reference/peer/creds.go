package peer

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"strings"
	"time"
)

// minSecret is how many bytes a secret has at least.
const minSecret = 16

// The validity of what FromSecret mints: clocks may be wrong, and nobody could
// renew it.
var (
	notBefore = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	notAfter  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// Credentials are a node's certificate with its key, and the authorities whose
// certificates it trusts. The certificate has exactly one URI of the form
// bleepstore:node:<id>, the id escaped as in a URL path, and serves for both
// sides of a connection.
type Credentials struct {
	Cert  tls.Certificate
	Roots *x509.CertPool
}

// FromSecret mints a certificate for a node, by an authority whose key follows
// from the secret: all nodes that have the secret trust each other. A secret of
// less than 16 bytes is refused; it should be random, since whoever guesses it
// is a node.
func FromSecret(secret []byte, node string) (Credentials, error) {
	if len(secret) < minSecret {
		return Credentials{}, fmt.Errorf("cluster secret: %d bytes, want at least %d", len(secret), minSecret)
	}
	if node == "" {
		return Credentials{}, errors.New("cluster secret: a node id is required")
	}
	c, err := mint(secret, node)
	if err != nil {
		return Credentials{}, fmt.Errorf("mint certificate: %w", err)
	}
	return c, nil
}

func mint(secret []byte, node string) (Credentials, error) {
	ca, caKey, err := authority(secret)
	if err != nil {
		return Credentials{}, err
	}
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Credentials{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Credentials{}, err
	}
	leaf, err := sign(&x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "bleepstore node"},
		NotBefore:    notBefore, NotAfter: notAfter,
		URIs:     []*url.URL{nodeURI(node)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: bothSides,
		BasicConstraintsValid: true,
	}, ca, pub, caKey)
	if err != nil {
		return Credentials{}, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	return Credentials{Cert: tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, Roots: roots}, nil
}

// authority is the same certificate, byte by byte, for the same secret: nothing
// in it is random, and Ed25519 signs without randomness.
func authority(secret []byte) (*x509.Certificate, ed25519.PrivateKey, error) {
	seed, err := hkdf.Key(sha256.New, secret, nil, "bleepstore cluster authority 1", ed25519.SeedSize)
	if err != nil {
		return nil, nil, err
	}
	key := ed25519.NewKeyFromSeed(seed)
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "bleepstore cluster"},
		NotBefore:    notBefore, NotAfter: notAfter,
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, MaxPathLenZero: true,
		BasicConstraintsValid: true,
	}
	ca, err := sign(t, t, key.Public(), key)
	return ca, key, err
}

func sign(t, by *x509.Certificate, pub any, key ed25519.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, by, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// FromFiles reads PEM files: a certificate (with those between it and the
// authority, if any), its key, and the authorities. The certificate must name
// the node and be one that another node would accept now.
func FromFiles(cert, key, ca, node string) (Credentials, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return Credentials{}, fmt.Errorf("read certificate: %w", err)
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return Credentials{}, fmt.Errorf("read authorities: %w", err)
	}
	c := Credentials{Cert: pair, Roots: x509.NewCertPool()}
	if !c.Roots.AppendCertsFromPEM(pem) {
		return Credentials{}, fmt.Errorf("read authorities: no certificate in %s", ca)
	}
	if err := c.check(node); err != nil {
		return Credentials{}, fmt.Errorf("certificate of %s: %w", cert, err)
	}
	return c, nil
}

// check tells what another node would refuse in this certificate.
func (c Credentials) check(node string) error {
	chain := make([]*x509.Certificate, 0, len(c.Cert.Certificate))
	for _, der := range c.Cert.Certificate {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		chain = append(chain, cert)
	}
	for _, use := range bothSides {
		named, err := c.verify(chain, use)
		if err != nil {
			return err
		}
		if named != node {
			return fmt.Errorf("%w: it names %q, not %q", ErrIdentity, named, node)
		}
	}
	return nil
}

var bothSides = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}

// verify checks a chain against the roots and tells whom its first certificate
// names.
func (c Credentials) verify(chain []*x509.Certificate, use x509.ExtKeyUsage) (node string, err error) {
	if len(chain) == 0 {
		return "", fmt.Errorf("%w: there is none", ErrIdentity)
	}
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	o := x509.VerifyOptions{Roots: c.Roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{use}}
	if _, err := chain[0].Verify(o); err != nil {
		return "", fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	return nodeOf(chain[0])
}

func nodeURI(node string) *url.URL {
	return &url.URL{Scheme: "bleepstore", Opaque: "node:" + url.PathEscape(node)}
}

// nodeOf is the node that a certificate names.
func nodeOf(cert *x509.Certificate) (string, error) {
	var found []string
	for _, u := range cert.URIs {
		if id, ok := strings.CutPrefix(u.Opaque, "node:"); ok && u.Scheme == "bleepstore" {
			found = append(found, id)
		}
	}
	if len(found) != 1 || found[0] == "" {
		return "", fmt.Errorf("%w: it names %d nodes, want one URI bleepstore:node:<id>", ErrIdentity, len(found))
	}
	id, err := url.PathUnescape(found[0])
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	return id, nil
}
