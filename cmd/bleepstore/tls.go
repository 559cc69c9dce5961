package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"bleepstore/reference"
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
		pair, err = reference.SelfSigned(v.String("server.host"), time.Now())
	} else {
		pair, err = tls.LoadX509KeyPair(cert, key)
	}
	if err != nil {
		return nil, fmt.Errorf("server.tls: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}
