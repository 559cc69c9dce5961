package netns

import (
	"errors"
	"net"
)

// Datagrams opens a UDP port of a node and another one's that sends to it.
func (l *Lab) Datagrams(from, to string) (receives, sends net.Conn, err error) {
	a, err := l.node(from)
	if err != nil {
		return nil, nil, err
	}
	b, err := l.node(to)
	if err != nil {
		return nil, nil, err
	}
	var port *net.UDPConn
	err = b.space.do(func() (err error) {
		port, err = net.ListenUDP("udp4", &net.UDPAddr{IP: b.addr.AsSlice()})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	err = a.space.do(func() (err error) {
		sends, err = net.DialUDP("udp4", &net.UDPAddr{IP: a.addr.AsSlice()}, port.LocalAddr().(*net.UDPAddr))
		return err
	})
	if err != nil {
		return nil, nil, errors.Join(err, port.Close())
	}
	return port, sends, nil
}
