package peer

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// serverTLS admits every node with a certificate of our authorities; who it is
// and what it may do is seen to once it says what it wants.
func (p *Port) serverTLS() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{p.creds.Cert},
		MinVersion:   tls.VersionTLS13,
		NextProtos:   []string{alpnHTTP, alpnRaft},
		ClientAuth:   tls.RequireAnyClientCert, // VerifyConnection verifies it
		VerifyConnection: func(s tls.ConnectionState) error {
			_, err := p.creds.verify(s.PeerCertificates, x509.ExtKeyUsageClientAuth)
			return err
		},
		SessionTicketsDisabled: true,
	}
}

// clientTLS accepts the node that is asked for, or any if that is "".
func (p *Port) clientTLS(node, alpn string) *tls.Config {
	return &tls.Config{
		Certificates:       []tls.Certificate{p.creds.Cert},
		MinVersion:         tls.VersionTLS13,
		NextProtos:         []string{alpn},
		InsecureSkipVerify: true, // of host names: VerifyConnection verifies the node
		VerifyConnection: func(s tls.ConnectionState) error {
			got, err := p.creds.verify(s.PeerCertificates, x509.ExtKeyUsageServerAuth)
			if err != nil {
				return err
			}
			if node != "" && got != node {
				return fmt.Errorf("%w: node %q answers, not %q", ErrIdentity, got, node)
			}
			if s.NegotiatedProtocol != alpn {
				return fmt.Errorf("node %q does not speak %s", got, alpn)
			}
			return nil
		},
	}
}

// remote is the node at the other end of a connection that was verified.
func remote(s tls.ConnectionState) (string, error) {
	if len(s.PeerCertificates) == 0 {
		return "", fmt.Errorf("%w: there is none", ErrIdentity)
	}
	return nodeOf(s.PeerCertificates[0])
}
