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
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/asana-exporter/asana_exporter/collector"
	"github.com/asana-exporter/asana_exporter/simulator"
)

// A fakeCompany has workspaces on synctest's clock. It notes when each was asked for events.
type fakeCompany struct {
	refuse func(gid string) error // Why a request gets no answer; nil if it gets one.

	mu    sync.Mutex
	of    map[string]*simulator.Simulator
	asked map[string][]time.Time
}

func (f *fakeCompany) RoundTrip(r *http.Request) (*http.Response, error) {
	gid := regexp.MustCompile(`/workspaces/(\d+)`).FindStringSubmatch(r.URL.Path)[1]
	f.mu.Lock()
	if f.of[gid] == nil {
		f.of[gid] = simulator.New(simulator.Options{Workspace: gid})
	}
	asana := f.of[gid]
	if strings.HasSuffix(r.URL.Path, "/events") {
		f.asked[gid] = append(f.asked[gid], time.Now())
	}
	f.mu.Unlock()
	if f.refuse != nil {
		if err := f.refuse(gid); err != nil {
			return nil, err
		}
	}
	return asana.RoundTrip(r)
}

// A fakeFolder follows the workspaces of a folder of tokens on synctest's clock.
type fakeFolder struct {
	t       *testing.T
	asana   *fakeCompany
	dir     string // Of the tokens.
	state   string
	spaces  *workspaces
	hangups chan os.Signal
	logs    *logbook
	resized atomic.Int64 // The number of workspaces that the memory is for.
	files   *tokenFiles
}

// inFakeFolder follows workspaces until the end of the bubble.
func inFakeFolder(t *testing.T, refuse func(gid string) error, gids ...string) *fakeFolder {
	t.Helper()
	f := newFakeFolder(t, refuse, gids...)
	f.follow()
	return f
}

func newFakeFolder(t *testing.T, refuse func(gid string) error, gids ...string) *fakeFolder {
	t.Helper()
	f := &fakeFolder{
		t: t, asana: &fakeCompany{refuse: refuse, of: map[string]*simulator.Simulator{}, asked: map[string][]time.Time{}},
		dir: t.TempDir(), state: t.TempDir(), hangups: make(chan os.Signal), logs: &logbook{},
	}
	for _, gid := range gids {
		f.put(gid, testToken)
	}
	c, _, err := parseFlags([]string{"--asana.token-dir", f.dir, "--state.dir", f.state, "--asana.poll-interval", "10s"}, t.Output())
	must(t, err)
	logger := newLoggers(f.logs, "debug", "logfmt").kit
	f.spaces = newWorkspaces(c, f.asana, prometheus.NewPedanticRegistry(), logger)
	f.spaces.resized = func(n int) { f.resized.Store(int64(n)) }
	f.files = &tokenFiles{config: c, logger: logger}
	return f
}

func (f *fakeFolder) follow() {
	f.t.Helper()
	found, err := f.files.look()
	must(f.t, err)
	ctx, cancel := context.WithCancel(f.t.Context())
	go func() { _ = f.spaces.follow(ctx, found.appeared, f.hangups, f.files) }()
	f.t.Cleanup(func() {
		cancel()
		synctest.Wait()
	})
}

func (f *fakeFolder) put(gid, token string) {
	f.t.Helper()
	must(f.t, os.WriteFile(filepath.Join(f.dir, gid), []byte(token), 0o600))
}

// pass lets time pass.
func (f *fakeFolder) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// wantReady compares the answer of /-/ready.
func (f *fakeFolder) wantReady(when string, want bool, sentence string) {
	f.t.Helper()
	if got, text := ready(f.spaces.list()); got != want || text != sentence {
		f.t.Errorf("%s: ready %v, %q; want %v, %q", when, got, text, want, sentence)
	}
}

func TestWorkspacesThatStartTogetherPollOneAfterTheOther(t *testing.T) {
	var gids []string
	for i := range 50 {
		gids = append(gids, fmt.Sprint(100+i))
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		f := inFakeFolder(t, nil, gids...)
		f.pass(time.Minute)
		if got := f.resized.Load(); got != 50 {
			t.Errorf("memory for %d workspaces", got)
		}
		for i, gid := range gids {
			want := began.Add(time.Duration(i) * 200 * time.Millisecond)
			if polls := f.asana.asked[gid]; !polls[0].Equal(want) || len(polls) < 6 {
				t.Errorf("%s polls at %s, want first at %s", gid, polls, want)
			}
		}
	})
}

// A workspace that hangs holds the process back until its first request has failed, and no longer. One that comes later does not.
func TestReadyWaitsForTheWorkspacesOfTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		down := []string{"2"}
		set := func(gids ...string) {
			mu.Lock()
			defer mu.Unlock()
			down = gids
		}
		hang := errors.New("no answer")
		f := inFakeFolder(t, func(gid string) error {
			mu.Lock()
			fails := slices.Contains(down, gid)
			mu.Unlock()
			if fails {
				time.Sleep(20 * time.Second)
				return hang
			}
			return nil
		}, "1", "2")
		f.pass(10 * time.Second)
		f.wantReady("while one hangs", false, "Not ready: workspaces in their first catch-up: 2.")
		f.pass(20 * time.Second)
		f.wantReady("when that has failed", true, "Ready.")
		f.put("3", testToken)
		set("2", "3")
		f.pass(15 * time.Second)
		if got := len(f.spaces.list()); got != 3 {
			t.Errorf("%d workspaces", got)
		}
		f.wantReady("while another hangs that came later", true, "Ready.")
		set("1", "2", "3")
		f.pass(10 * time.Minute)
		f.wantReady("when all fail", false, "Not ready: no poll has succeeded for three intervals.")
		set()
		f.pass(10 * time.Minute)
		f.wantReady("when all are well", true, "Ready.")
		for _, gid := range []string{"1", "2", "3"} {
			must(t, os.Remove(filepath.Join(f.dir, gid)))
		}
		f.pass(10 * time.Second)
		if got := f.resized.Load(); got != 0 {
			t.Errorf("memory for %d workspaces", got)
		}
		f.wantReady("without a workspace", false, "Not ready: the folder of tokens has no file named by a gid.")
	})
}

// The state of a workspace is in a folder that does not answer. The process is not healthy, and the others are followed, those
// that come later included.
func TestHangingStateKeepsNoOtherBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, release := newFakeFolder(t, nil, "1", "2"), make(chan struct{})
		f.spaces.openStore = func(dir, name string) (*collector.Store, error) {
			if name == "1" {
				<-release
			}
			return collector.OpenStore(dir, name)
		}
		f.follow()
		wantHealthy := func(when string, want bool, sentence string) {
			t.Helper()
			if got, text := healthy(f.spaces.list()); got != want || text != sentence {
				t.Errorf("%s: healthy %v, %q; want %v, %q", when, got, text, want, sentence)
			}
		}
		f.pass(50 * time.Second)
		wantHealthy("when it may still answer", true, "Healthy.")
		f.wantReady("when it may still answer", false, "Not ready: workspaces in their first catch-up: 1.")
		f.pass(20 * time.Second)
		wantHealthy("when it hangs", false, "Not healthy: pollers that hang: 1.")
		f.wantReady("when it hangs", true, "Ready.")
		f.put("3", testToken)
		f.pass(20 * time.Second)
		if spaces := f.spaces.list(); len(spaces) != 3 || !spaces[1].Ready() || !spaces[2].Ready() {
			t.Errorf("%d workspaces, want three and the others ready", len(spaces))
		}
		must(t, os.Remove(filepath.Join(f.dir, "1")))
		f.pass(tokenFilesEvery)
		wantHealthy("without it", true, "Healthy.")
		f.put("1", testToken)
		f.pass(tokenFilesEvery)
		close(release)
		f.pass(10 * time.Minute)
		wantHealthy("when it answers", true, "Healthy.")
		if spaces := f.spaces.list(); len(spaces) != 3 || !spaces[0].Ready() {
			t.Errorf("%d workspaces, want three and the first ready", len(spaces))
		}
	})
}

// A workspace that can't be opened is tried again, ever more rarely, and at once when its token file changes or after SIGHUP.
func TestWorkspaceThatCanNotBeOpenedIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := inFakeFolder(t, nil)
		f.put("1", "")
		tries := func(d time.Duration) int {
			start := f.logs.len()
			f.pass(d)
			text, _ := f.logs.from(start)
			return strings.Count(text, `msg="workspace not followed"`)
		}
		if n := tries(time.Minute); n < 5 || n > 9 {
			t.Errorf("%d tries in the first minute", n)
		}
		tries(time.Hour)
		if n := tries(10 * time.Hour); n < 120 || n > 240 {
			t.Errorf("%d tries in ten hours", n)
		}
		if n := strings.Count(f.logs.String(), "level=error"); n != 1 {
			t.Errorf("%d errors in the log, want one", n)
		}
		start := f.logs.len()
		f.hangups <- os.Interrupt
		synctest.Wait()
		if text, _ := f.logs.from(start); !strings.Contains(text, "workspace not followed") {
			t.Errorf("not tried after SIGHUP: %s", text)
		}
		f.put("1", testToken)
		f.pass(tokenFilesEvery)
		if !f.spaces.list()[0].Ready() {
			t.Error("not ready with a token")
		}
	})
}
