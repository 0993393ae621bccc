// Copyright The asana_exporter Authors
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
// http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/asana-exporter/asana_exporter/simulator"
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
