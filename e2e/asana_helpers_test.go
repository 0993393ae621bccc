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

//go:build e2e

package e2e

import (
	"cmp"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// asana is a simulated workspace, served over HTTP, that records the sync tokens of requests. It refuses a token once a
// newer one was used, so a position that goes back becomes a gap.
type asana struct {
	*simulator.Simulator
	url, workspace, token string

	gate sync.RWMutex // Requests wait while it is locked.

	mu    sync.Mutex
	asked []string // The sync tokens of the requests for events.
}

// startAsana serves a workspace until the test ends. Nothing happens in it but what the test adds, unless the options
// give it a rate.
func startAsana(t *testing.T, o simulator.Options) *asana {
	t.Helper()
	o.Workspace, o.Token, o.StrictTokens = cmp.Or(o.Workspace, "1200000000000001"), "e2e", true
	a := &asana{Simulator: simulator.New(o), workspace: o.Workspace, token: o.Token}
	if o.Rate == 0 {
		a.Freeze()
	}
	server := httptest.NewServer(a)
	a.url = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return a
}

func (a *asana) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if query := r.URL.Query(); query.Has("sync") {
		a.mu.Lock()
		a.asked = append(a.asked, query.Get("sync"))
		a.mu.Unlock()
	}
	a.gate.RLock()
	a.gate.RUnlock() //nolint:staticcheck // Nothing is done inside: the gate is for waiting.
	a.Simulator.ServeHTTP(w, r)
}

// hold keeps requests waiting until release is called. It returns when there is one.
func (a *asana) hold(t *testing.T) (release func()) {
	t.Helper()
	a.gate.Lock()
	release = sync.OnceFunc(a.gate.Unlock)
	t.Cleanup(release)
	asked := a.requests()
	waitFor(t, patience, func() error {
		if a.requests() == asked {
			return errors.New("no request came")
		}
		return nil
	})
	return release
}

// requests returns how often events were asked for.
func (a *asana) requests() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.asked)
}

// positions returns the different sync tokens of the requests after the first n.
func (a *asana) positions(n int) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Compact(slices.Clone(a.asked[n:]))
}

// repeat puts one event of each label set into the stream.
func (a *asana) repeat(sets iter.Seq[simulator.Labels]) {
	for labels := range sets {
		event := simulator.Event{
			Action:   labels.Action,
			Resource: &simulator.Resource{GID: "1300000000000000", Type: labels.ResourceType, Subtype: labels.ResourceSubtype},
		}
		if labels.ParentType != "" {
			event.Parent = &simulator.Resource{GID: "1400000000000000", Type: labels.ParentType}
		}
		if labels.ChangeField != "" {
			event.Change = &simulator.Change{Field: labels.ChangeField, Action: "changed"}
		}
		a.Add(event)
	}
}

// workUntil puts events into the stream until done is closed, or patience ends.
func (a *asana) workUntil(done <-chan struct{}) {
	for deadline := time.After(patience); ; a.work(3) {
		select {
		case <-done:
			return
		case <-deadline:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// work puts n events into the stream: of sets that are known beforehand and of others.
func (a *asana) work(n int) {
	task := func(i int) *simulator.Resource {
		return &simulator.Resource{GID: strconv.Itoa(1300000000000000 + i), Type: "task", Subtype: "default_task"}
	}
	project := &simulator.Resource{GID: "1400000000000000", Type: "project"}
	for i := range n {
		switch i % 3 {
		case 0:
			a.Add(simulator.Event{Action: "deleted", Resource: task(i)})
		case 1:
			a.Add(simulator.Event{Action: "added", Resource: task(i), Parent: project})
		case 2:
			a.Add(simulator.Event{Action: "changed", Resource: task(i), Change: &simulator.Change{Field: "assignee", Action: "changed"}})
		}
	}
}
