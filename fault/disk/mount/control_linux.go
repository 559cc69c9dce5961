package mount

import (
	"encoding/json"
	"net/http"

	"bleepstore/fault"
)

// control is what a mounted disk is told, and asked:
//
//	POST /trouble  a fault.DiskTrouble in JSON: what ails it from now on
//	POST /crash    a loss of power: what is not synced is forgotten, the mount is another
//	GET  /stat     a Stat in JSON
func (d *daemon) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /trouble", func(w http.ResponseWriter, r *http.Request) {
		var t fault.DiskTrouble
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&t); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		d.disk.Trouble(t)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /crash", func(w http.ResponseWriter, r *http.Request) {
		if err := d.crash(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /stat", func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		s := Stat{Use: d.disk.Use(), Crashes: d.crashes}
		d.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s) // who asked has gone, if it fails
	})
	return mux
}
