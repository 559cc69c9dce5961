package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"unicode"
)

// maxBody bounds what a request may send, and maxID a node's id, in bytes.
const (
	maxBody = 64 << 10
	maxID   = 256
)

func (h *handler) status(w http.ResponseWriter, r *http.Request, c Cluster) {
	answer(w, http.StatusOK, summarise(c.Survey(r.Context())))
}

func (h *handler) nodes(w http.ResponseWriter, r *http.Request, c Cluster) {
	answer(w, http.StatusOK, map[string]any{"nodes": summarise(c.Survey(r.Context())).Nodes})
}

func (h *handler) add(w http.ResponseWriter, r *http.Request, c Cluster) {
	var in struct{ ID, Addr string }
	err := read(w, r, &in)
	if err == nil {
		err = named(in.ID)
	}
	if err == nil {
		err = dialable(in.Addr)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	if err := c.Add(r.Context(), in.ID, in.Addr); err != nil {
		h.fail(w, r, err)
		return
	}
	h.Log.Info("admin: node added", "node", in.ID, "addr", in.Addr)
	answer(w, http.StatusCreated, map[string]any{"id": in.ID, "addr": in.Addr, "voter": false})
}

func (h *handler) remove(w http.ResponseWriter, r *http.Request, c Cluster) {
	id, force := r.PathValue("id"), false
	if f := r.URL.Query().Get("force"); f != "" {
		var err error
		if force, err = strconv.ParseBool(f); err != nil {
			refuse(w, http.StatusBadRequest, "BadRequest", "force: want true or false")
			return
		}
	}
	if err := c.Remove(r.Context(), id, force); err != nil {
		h.fail(w, r, err)
		return
	}
	h.Log.Info("admin: node removed", "node", id, "force", force)
	w.WriteHeader(http.StatusNoContent)
}

func (h *handler) transfer(w http.ResponseWriter, r *http.Request, c Cluster) {
	var in struct{ ID string }
	if err := read(w, r, &in); err != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	if err := c.Transfer(r.Context(), in.ID); err != nil {
		h.fail(w, r, err)
		return
	}
	h.Log.Info("admin: leadership transferred", "to", in.ID)
	w.WriteHeader(http.StatusNoContent)
}

func (h *handler) stats(w http.ResponseWriter, _ *http.Request, c Cluster) {
	answer(w, http.StatusOK, c.Raft().Stats())
}

func (h *handler) snapshot(w http.ResponseWriter, r *http.Request, c Cluster) {
	if err := c.Raft().Snapshot(r.Context()); err != nil {
		h.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]uint64{"last_snapshot_index": c.Raft().Status().LastSnapshot})
}

// hash answers with a digest of this node's state: nodes that have applied up to
// the same index must have the same.
func (h *handler) hash(w http.ResponseWriter, r *http.Request, c Cluster) {
	digest, applied, err := c.Raft().Hash(r.Context())
	if err != nil {
		h.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"applied": applied, "hash": digest})
}

// read decodes the body of a request, a JSON object or nothing, into v. A field
// that v does not have is an error: a misspelt one should not be ignored.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("body: %w", err)
	}
	if d.More() {
		return errors.New("body: more than one JSON value")
	}
	return nil
}

// named says whether id can be a node's.
func named(id string) error {
	if id == "" || len(id) > maxID {
		return fmt.Errorf("id: want 1 to %d bytes", maxID)
	}
	for _, c := range id {
		if !unicode.IsPrint(c) {
			return errors.New("id: it has characters that cannot be printed")
		}
	}
	return nil
}

// dialable says whether addr can be where a node listens.
func dialable(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("addr: want HOST:PORT: %w", err)
	}
	if n, err := strconv.ParseUint(port, 10, 16); host == "" || err != nil || n == 0 {
		return fmt.Errorf("addr: %q: want HOST:PORT", addr)
	}
	return nil
}
