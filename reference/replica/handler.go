package replica

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"
)

const (
	// transferIdle is how long one read or write of a body may take.
	transferIdle = time.Minute
	// maxDrain is how much of a refused body is read, in bytes: who still sends
	// could else miss the answer.
	maxDrain = 16 << 20
	// maxList bounds the ids of one request, in bytes.
	maxList = 1 << 20
)

// Handler serves this node's copies to the other nodes under /blobs/. It trusts
// whoever gets through to it.
func (s *Store) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /blobs/{id}", s.servePut)
	mux.HandleFunc("GET /blobs/{id}", s.serveGet) // and HEAD
	mux.HandleFunc("POST /blobs/have", s.serveHave)
	mux.HandleFunc("POST /blobs/delete", s.serveDelete)
	mux.HandleFunc("POST /blobs/hint", s.serveHint)
	return mux
}

// servePut stores a body, which must be as long as it says.
func (s *Store) servePut(w http.ResponseWriter, req *http.Request) {
	id := blob.ID(req.PathValue("id"))
	body := &rolling{req.Body, http.NewResponseController(w)}
	err := s.opt.Space()
	var info blob.Info
	if req.ContentLength < 0 {
		err = fmt.Errorf("%s: %w: none is announced", id, blob.ErrSize)
	}
	if err == nil {
		info, err = s.take(req.Context(), id, body, req.ContentLength)
	}
	if errors.Is(err, blob.ErrSync) {
		s.opt.Failed(err)
	}
	if err == nil || errors.Is(err, blob.ErrExists) {
		setInfo(w.Header(), info)
	}
	if err != nil {
		// The answer must leave before the rest of the body has come.
		_ = body.conn.EnableFullDuplex()
		refuse(w, err)
		_ = body.conn.Flush()
		_, _ = io.CopyN(io.Discard, body, maxDrain)
	}
}

// take stores a copy; a deletion of id ends it.
func (s *Store) take(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer s.running.begin(id, cancel)()
	return s.opt.Local.Create(ctx, id, r, size)
}

// rolling reads a body whose every Read has a deadline. Behind the last there is
// none: net/http goes on reading, and would take it for the sender's end.
type rolling struct {
	io.Reader
	conn *http.ResponseController
}

func (r *rolling) Read(p []byte) (int, error) {
	if err := r.conn.SetReadDeadline(time.Now().Add(transferIdle)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := r.Reader.Read(p)
	if err != nil {
		_ = r.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// serveGet sends a range of a blob. What fails before the first byte is told,
// what fails later cuts the answer off.
func (s *Store) serveGet(w http.ResponseWriter, req *http.Request) {
	id := blob.ID(req.PathValue("id"))
	info, err := s.stat(req.Context(), id)
	if err != nil {
		refuse(w, err)
		return
	}
	setInfo(w.Header(), info)
	if req.Method == http.MethodHead {
		return
	}
	span, err := spanOf(req, info)
	if err != nil {
		refuse(w, err)
		return
	}
	rc, err := s.opt.Local.Open(req.Context(), id, span.Off, span.N)
	if err != nil {
		refuse(w, err)
		return
	}
	defer rc.Close()
	first := make([]byte, min(span.N, 512))
	if _, err := io.ReadFull(rc, first); err != nil {
		s.ifCorrupt(id, err)
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Length", strconv.FormatInt(span.N, 10))
	w.Header().Set("Content-Type", "application/octet-stream")
	out := &deadlined{w, http.NewResponseController(w)}
	defer func() { _ = out.conn.SetWriteDeadline(time.Time{}) }()
	_, err = out.Write(first)
	if err == nil {
		_, err = io.Copy(out, rc)
	}
	if err != nil {
		s.ifCorrupt(id, err)
		panic(http.ErrAbortHandler)
	}
}

// deadlined writes an answer whose every Write has a deadline.
type deadlined struct {
	w    io.Writer
	conn *http.ResponseController
}

func (d *deadlined) Write(p []byte) (int, error) {
	if err := d.conn.SetWriteDeadline(time.Now().Add(transferIdle)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return d.w.Write(p)
}

func (s *Store) ifCorrupt(id blob.ID, err error) {
	if errors.Is(err, blob.ErrCorrupt) {
		s.corrupt(id, err)
	}
}

// spanOf reads the range of a request; without one it is the whole blob.
func spanOf(req *http.Request, info blob.Info) (block.Span, error) {
	bounds := [2]int64{0, -1}
	for i, name := range []string{"off", "n"} {
		text := req.FormValue(name)
		if text == "" {
			continue
		}
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return block.Span{}, fmt.Errorf("%s: %w: %s is %.40q", info.ID, blob.ErrRange, name, text)
		}
		bounds[i] = v
	}
	return block.NewSpan(info.ID, info.Size, bounds[0], bounds[1])
}

// idsOf reads the ids of a request; false if it has answered with why not.
func idsOf(w http.ResponseWriter, req *http.Request) ([]blob.ID, bool) {
	var ids []blob.ID
	err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxList)).Decode(&ids)
	if err == nil && len(ids) > MaxBatch {
		err = fmt.Errorf("%d ids are more than %d", len(ids), MaxBatch)
	}
	for _, id := range ids {
		if err == nil {
			err = id.Check()
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return ids, err == nil
}

func (s *Store) serveHave(w http.ResponseWriter, req *http.Request) {
	ids, ok := idsOf(w, req)
	if !ok {
		return
	}
	has, err := s.haveHere(req.Context(), ids)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(has) // to somebody who may have gone
}

func (s *Store) serveDelete(w http.ResponseWriter, req *http.Request) {
	ids, ok := idsOf(w, req)
	if !ok {
		return
	}
	if s.pauses.held() {
		return
	}
	for _, id := range ids {
		s.forget(req.Context(), id)
		if err := s.Local().Delete(req.Context(), id); err != nil {
			refuse(w, err)
			return
		}
	}
}

func (s *Store) serveHint(w http.ResponseWriter, req *http.Request) {
	ids, ok := idsOf(w, req)
	for _, id := range ids {
		if ok {
			s.urgent.add(id, false)
		}
	}
}
