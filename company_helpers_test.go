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
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// A company has several workspaces behind one address, each with a token of its own.
type company struct {
	url  string
	gids []string
	of   map[string]http.Handler
	// inside are the workspaces that a simulator serves.
	inside map[string]*simulator.Simulator

	mu     sync.Mutex
	asked  map[string]int
	last   map[string]time.Time
	pauses map[string]time.Duration
}

// newCompany returns a company with n workspaces in which nothing happens by itself, unless it is thawed.
func newCompany(t *testing.T, n int, o simulator.Options) *company {
	t.Helper()
	c := &company{
		of: map[string]http.Handler{}, inside: map[string]*simulator.Simulator{},
		asked: map[string]int{}, last: map[string]time.Time{}, pauses: map[string]time.Duration{},
	}
	for i := range n {
		gid := fmt.Sprint(int64(1200000000000001) + int64(i))
		o.Workspace, o.Token, o.Name, o.Seed = gid, tokenOf(gid), "Company "+gid, *seed+uint64(i)
		c.gids, c.inside[gid] = append(c.gids, gid), simulator.New(o)
		c.inside[gid].Freeze()
		c.of[gid] = c.inside[gid]
	}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *company) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	gid := strings.Split(r.URL.Path, "/")[2] // After "" and "workspaces".
	c.mu.Lock()
	now := time.Now()
	if last, known := c.last[gid]; known {
		c.pauses[gid] = max(c.pauses[gid], now.Sub(last))
	}
	c.last[gid] = now
	c.asked[gid]++
	c.mu.Unlock()
	if handler := c.of[gid]; handler != nil {
		handler.ServeHTTP(w, r)
		return
	}
	http.NotFound(w, r)
}

// requests returns how often each workspace was asked.
func (c *company) requests() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.asked)
}

// longestPause returns the longest pause between two requests of one of these workspaces, since it was called last.
func (c *company) longestPause(gids []string) (longest time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, gid := range gids {
		longest = max(longest, c.pauses[gid])
	}
	clear(c.pauses)
	return longest
}

func tokenOf(gid string) string { return "token-of-" + gid }

// A secret is a folder of tokens as Kubernetes mounts it: gid -> ..data/gid, and ..data -> ..1, which is swapped in one step.
type secret struct {
	dir     string
	version int
}

// put replaces the content, as Kubernetes does: first the swap, then the links of what came and of what went.
func (s *secret) put(t *testing.T, tokens map[string]string) {
	t.Helper()
	s.version++
	version := fmt.Sprintf("..%d", s.version)
	must(t, os.MkdirAll(filepath.Join(s.dir, version), 0o700))
	for name, token := range tokens {
		must(t, os.WriteFile(filepath.Join(s.dir, version, name), []byte(token), 0o600))
	}
	must(t, os.Symlink(version, filepath.Join(s.dir, "..data_tmp")))
	must(t, os.Rename(filepath.Join(s.dir, "..data_tmp"), filepath.Join(s.dir, "..data")))
	must(t, os.RemoveAll(filepath.Join(s.dir, fmt.Sprintf("..%d", s.version-1))))
	entries, err := os.ReadDir(s.dir)
	must(t, err)
	for _, entry := range entries {
		if _, there := tokens[entry.Name()]; !there && !strings.HasPrefix(entry.Name(), "..") {
			must(t, os.Remove(filepath.Join(s.dir, entry.Name())))
		}
	}
	for name := range tokens {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(s.dir, name)); !os.IsExist(err) {
			must(t, err)
		}
	}
}

// tokens returns the right tokens of workspaces.
func tokens(gids ...string) map[string]string {
	of := map[string]string{}
	for _, gid := range gids {
		of[gid] = tokenOf(gid)
	}
	return of
}

// inFolder returns flags with which the program follows the workspaces of a folder of tokens at url, fast.
func inFolder(t *testing.T, url, dir string, changes ...string) []string {
	t.Helper()
	return following(t, url, append([]string{
		"--asana.workspace", missing, "--asana.token-file", missing, "--asana.token-dir", dir,
	}, changes...)...)
}

// ups returns asana_workspace_up of each workspace that is exposed.
func ups(t *testing.T, address string) map[string]float64 {
	t.Helper()
	up := map[string]float64{}
	for series, value := range samples(t, address) {
		if gid, found := strings.CutPrefix(series, `asana_workspace_up{workspace="`); found {
			up[strings.TrimSuffix(gid, `"}`)] = value
		}
	}
	return up
}

// wantUps waits until these workspaces are exposed, with these values.
func wantUps(t *testing.T, address string, want map[string]float64) {
	t.Helper()
	eventually(t, fmt.Sprint("workspaces up: ", want), func() bool { return maps.Equal(ups(t, address), want) })
}

// byWorkspace returns the event families of each workspace.
func byWorkspace(families []*dto.MetricFamily) map[string][]*dto.MetricFamily {
	of := map[string][]*dto.MetricFamily{}
	for _, family := range families {
		metrics := map[string][]*dto.Metric{}
		for _, metric := range family.GetMetric() {
			i := slices.IndexFunc(metric.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == "workspace" })
			if i >= 0 {
				gid := metric.GetLabel()[i].GetValue()
				metrics[gid] = append(metrics[gid], metric)
			}
		}
		for gid, own := range metrics {
			of[gid] = append(of[gid], &dto.MetricFamily{Name: family.Name, Type: family.Type, Metric: own})
		}
	}
	return of
}
