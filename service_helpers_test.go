package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"asana_exporter/simulator"
)

// A service is the simulator with a second count of its gaps: fresh tokens of a 412 with which somebody came back.
type service struct {
	asana   *simulator.Simulator
	asked   atomic.Int64
	refused atomic.Int64 // Of these, how many got no page.

	mu    sync.Mutex
	fresh map[string]bool
	lost  int
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	sync := r.URL.Query().Get("sync")
	s.mu.Lock()
	if s.fresh[sync] {
		delete(s.fresh, sync)
		s.lost++
	}
	s.mu.Unlock()
	r.Header.Del("Accept-Encoding") // To read the bodies.
	resp, err := s.asana.RoundTrip(r)
	if err != nil || resp.StatusCode >= 300 {
		s.refused.Add(1)
	}
	if err != nil {
		panic(http.ErrAbortHandler) // The documented way to hang up.
	}
	maps.Copy(w.Header(), resp.Header)
	body, err := io.ReadAll(resp.Body)
	var expired struct {
		Sync string `json:"sync"`
	}
	if json.Unmarshal(body, &expired) == nil && resp.StatusCode == http.StatusPreconditionFailed && sync != "" && expired.Sync != "" {
		s.mu.Lock()
		s.fresh[expired.Sync] = true
		s.mu.Unlock()
	}
	w.Header().Set("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(body)
	if err != nil {
		panic(http.ErrAbortHandler) // It was cut off.
	}
}

// gaps returns how many positions have died.
func (s *service) gaps() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}
