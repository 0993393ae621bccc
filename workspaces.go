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
	"cmp"
	"context"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/asana-exporter/asana_exporter/collector"
)

// longestSpread is the longest time over which workspaces that start together begin to poll.
const longestSpread = 15 * time.Second

// workspaces are those that this process follows. The methods are safe for concurrent use.
type workspaces struct {
	config    config
	transport http.RoundTripper // nil for the network.
	registry  prometheus.Registerer
	logger    log.Logger
	resized   func(n int) // Called when some were started or stopped.
	running   sync.WaitGroup
	begun     bool // The workspaces of the start have been added.
	openStore func(dir, name string) (*collector.Store, error)

	mu  sync.Mutex
	all map[string]*workspace // By gid.
}

// newWorkspaces returns an empty set. It registers the metrics without the label workspace: the number of workspaces, and a flag that
// rules compare with the scrape interval.
func newWorkspaces(c config, transport http.RoundTripper, registry prometheus.Registerer, logger log.Logger) *workspaces {
	s := &workspaces{
		config: c, transport: transport, registry: registry, logger: logger, resized: func(int) {}, openStore: collector.OpenStore,
		all: map[string]*workspace{},
	}
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "asana_exporter_workspaces",
		Help: "Workspaces that are followed, those in trouble included.",
	}, func() float64 { return float64(len(s.list())) }))
	zeroFirst := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "asana_exporter_zero_first_seconds",
		Help: "How long a new series is exposed at 0 before its value: --events.zero-first. 0 turns it off.",
	})
	zeroFirst.Set(c.zeroFirst.Seconds())
	registry.MustRegister(zeroFirst)
	return s
}

// follow keeps the workspaces in step with the token files until ctx ends, and starts those that were found first. The
// trouble of one of them is no error.
func (s *workspaces) follow(ctx context.Context, first []string, hangups <-chan os.Signal, files *tokenFiles) error {
	defer s.running.Wait()
	s.start(ctx, first)
	s.begun = true
	refresh(ctx, hangups, files, s)
	return nil
}

// start follows workspaces until they are stopped or ctx ends. They begin to poll one after the other.
func (s *workspaces) start(ctx context.Context, gids []string) {
	spread := min(s.config.pollInterval, longestSpread)
	for i, gid := range gids {
		w := s.add(gid)
		level.Info(w.logger).Log("msg", "workspace found", "file", w.config.tokenFile)
		ctx, stop := context.WithCancel(ctx)
		w.stop = stop
		delay := spread * time.Duration(i) / time.Duration(len(gids))
		s.running.Go(func() {
			defer stop()
			w.follow(ctx, delay)
		})
	}
	if len(gids) > 0 {
		s.resized(len(s.list()))
	}
}

// add adds a workspace, which is not open yet, and registers its metrics.
func (s *workspaces) add(gid string) *workspace {
	w := newWorkspace(s.config.of(gid), s.transport, s.logger)
	w.first, w.openStore = !s.begun, s.openStore
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[gid] = w
	s.registry.MustRegister(w.registry)
	return w
}

// stop ends workspaces. Their series end at once, their state stays.
func (s *workspaces) stop(gids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, gid := range gids {
		w := s.all[gid]
		level.Info(w.logger).Log("msg", "workspace not followed any more: its token file has gone", "file", w.config.tokenFile)
		delete(s.all, gid)
		s.registry.Unregister(w.registry)
		w.stop()
	}
	if len(gids) > 0 {
		s.resized(len(s.all))
	}
}

// pollNow makes workspaces poll at once.
func (s *workspaces) pollNow(gids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, gid := range gids {
		s.all[gid].PollNow()
	}
}

// list returns the workspaces in the order of their gids.
func (s *workspaces) list() []*workspace {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*workspace, 0, len(s.all))
	for _, w := range s.all {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b *workspace) int { return cmp.Compare(a.config.workspace, b.config.workspace) })
	return list
}
