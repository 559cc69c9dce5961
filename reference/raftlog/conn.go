package raftlog

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync"

	"modernc.org/sqlite"
)

// A conn is one connection to SQLite with its prepared statements, without
// database/sql between: it would cost a small append a fifth of its time. Not
// for concurrent use.
type conn struct {
	dc    driver.Conn
	stmts map[string]*stmt
}

// A stmt is a prepared statement and the memory of its last execution.
type stmt struct {
	exec  driver.StmtExecContext
	query driver.StmtQueryContext
	close func() error
	args  []driver.NamedValue
	row   []value
}

// A value is what a column holds: int64, string, []byte or nil.
type value = driver.Value

// dsn names the database in file, an absolute path, for the driver.
func dsn(file, vfs string) string {
	s := "file:" + (&url.URL{Path: file}).EscapedPath()
	if vfs != "" {
		s += "?vfs=" + url.QueryEscape(vfs)
	}
	return s
}

func openConn(dsn string, pragmas ...string) (*conn, error) {
	dc, err := (&sqlite.Driver{}).Open(dsn)
	if err != nil {
		return nil, err
	}
	c := &conn{dc: dc, stmts: map[string]*stmt{}}
	if err := c.set(pragmas...); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.close())
	}
	return errors.Join(append(errs, c.dc.Close())...)
}

func (c *conn) set(pragmas ...string) error {
	for _, p := range pragmas {
		if err := c.script("PRAGMA " + p); err != nil {
			return err
		}
	}
	return nil
}

// script runs statements that are used once and return nothing of interest.
func (c *conn) script(sql string) error {
	if _, err := c.dc.(driver.ExecerContext).ExecContext(context.Background(), sql, nil); err != nil {
		return fmt.Errorf("%.60q: %w", sql, err)
	}
	return nil
}

// prepare returns the statement of sql, which must be a constant: it is kept.
func (c *conn) prepare(sql string) (*stmt, error) {
	if s := c.stmts[sql]; s != nil {
		return s, nil
	}
	ds, err := c.dc.Prepare(sql)
	if err != nil {
		return nil, fmt.Errorf("prepare %.60q: %w", sql, err)
	}
	s := &stmt{exec: ds.(driver.StmtExecContext), query: ds.(driver.StmtQueryContext), close: ds.Close}
	c.stmts[sql] = s
	return s, nil
}

// bind puts args where the driver wants them.
func (s *stmt) bind(args []value) []driver.NamedValue {
	s.args = s.args[:0]
	for i, a := range args {
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return s.args
}

func (c *conn) exec(sql string, args ...value) error {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	if _, err := s.exec.ExecContext(context.Background(), s.bind(args)); err != nil {
		return fmt.Errorf("%.60q: %w", sql, err)
	}
	return nil
}

// first returns the first row of a query, nil when there is none. It is valid
// until sql is used again; the byte slices in it stay.
func (c *conn) first(sql string, args ...value) (first []value, err error) {
	err = c.each(func(row []value) error {
		first = row
		return io.EOF
	}, sql, args...)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return first, err
}

// each calls fn for every row, which is valid during the call only, but for the
// byte slices in it. An error of fn ends it and is returned.
func (c *conn) each(fn func(row []value) error, sql string, args ...value) error {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	rows, err := s.query.QueryContext(context.Background(), s.bind(args))
	if err != nil {
		return fmt.Errorf("%.60q: %w", sql, err)
	}
	if n := len(rows.Columns()); len(s.row) != n {
		s.row = make([]value, n)
	}
	for {
		if err = rows.Next(s.row); err == nil {
			err = fn(s.row)
		} else if errors.Is(err, io.EOF) {
			return rows.Close()
		}
		if err != nil {
			_ = rows.Close() // it repeats what Next has said
			return err
		}
	}
}

// num, text and blob read a column; NULL is zero.
func num(v value) int64 {
	n, _ := v.(int64)
	return n
}

func text(v value) string {
	s, _ := v.(string)
	return s
}

func blob(v value) []byte {
	b, _ := v.([]byte)
	return b
}

// readers are the connections that read. They are opened when they are needed.
type readers struct {
	name string
	idle chan *conn // nil: one that is to be opened
	over chan struct{}
	once sync.Once
}

// newReaders returns at most n connections.
func newReaders(name string, n int) *readers {
	r := &readers{name: name, idle: make(chan *conn, n), over: make(chan struct{})}
	for range n {
		r.idle <- nil
	}
	return r
}

// errClosed is what comes too late: raft has a goroutine that measures the age of
// the log, for which it does not wait when it ends.
var errClosed = errors.New("raft log: closed")

// get waits for a connection, which put takes back.
func (r *readers) get() (c *conn, err error) {
	select {
	case <-r.over:
		return nil, errClosed
	default:
	}
	select {
	case c = <-r.idle:
	case <-r.over:
		return nil, errClosed
	}
	if c != nil {
		return c, nil
	}
	c, err = openConn(r.name, "busy_timeout = 5000", "query_only = ON", "cache_size = -1024")
	if err != nil {
		r.idle <- nil
	}
	return c, err
}

func (r *readers) put(c *conn) { r.idle <- c }

// close closes all, once they are back.
func (r *readers) close() error {
	var errs []error
	r.once.Do(func() {
		close(r.over)
		for range cap(r.idle) {
			if c := <-r.idle; c != nil {
				errs = append(errs, c.close())
			}
		}
	})
	return errors.Join(errs...)
}
