package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"bleepstore/reference/config"
)

// secure returns the server's TLS configuration, nil when none is asked for.
func secure(v *config.Values) (*tls.Config, error) {
	self, err := v.Bool("server.tls.self_signed")
	if err != nil {
		return nil, err
	}
	cert, key := v.String("server.tls.cert_file"), v.String("server.tls.key_file")
	switch {
	case self && cert+key != "":
		return nil, errors.New("server.tls: either self_signed or cert_file and key_file, not both")
	case (cert == "") != (key == ""):
		return nil, errors.New("server.tls: cert_file and key_file go together")
	case !self && cert == "":
		if v.String("server.tls.addr") != "" {
			return nil, errors.New("server.tls.addr: needs self_signed, or cert_file and key_file")
		}
		return nil, nil
	}
	var pair tls.Certificate
	if self {
		pair, err = selfSigned(v.String("server.host"), time.Now())
	} else {
		pair, err = tls.LoadX509KeyPair(cert, key)
	}
	if err != nil {
		return nil, fmt.Errorf("server.tls: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// selfSigned makes a certificate for this machine's own names and host, valid
// for a year. It lives no longer than the process, so clients must be told not
// to verify it.
func selfSigned(host string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	names := []string{"localhost", "*.localhost"}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	ips := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	if ip := net.ParseIP(host); ip != nil {
		ips = append(ips, ip)
	} else if host != "" {
		names = append(names, host, "*."+host)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "bleepstore"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: names, IPAddresses: ips,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
