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
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/version"

	"github.com/asana-exporter/asana_exporter/client"
	"github.com/asana-exporter/asana_exporter/collector"
)

const (
	// longestRetry is the longest time until a workspace that can't be followed is tried again.
	longestRetry = 5 * time.Minute
	// longestOpening is when a workspace that is being opened hangs: files of some MiB are read and written.
	longestOpening = time.Minute
)

// A workspace is all that belongs to one workspace: its client, its state with the lock, its poller and its metrics.
type workspace struct {
	config    config               // Its workspace and token file are those of this workspace.
	transport http.RoundTripper    // nil for the network.
	registry  *prometheus.Registry // Holds the metrics of this workspace alone, so that they end together.
	metrics   *collector.Metrics
	logger    log.Logger
	first     bool               // It was there when the process began.
	stop      context.CancelFunc // Ends follow.
	tryNow    chan struct{}      // Ends a wait of follow. Holds at most one request.
	openStore func(dir, name string) (*collector.Store, error)

	poller atomic.Pointer[collector.Poller] // nil while it is not open.
	closed atomic.Pointer[collector.View]   // The View while there is no poller; it has the error.

	opening atomic.Pointer[time.Time] // When open ends at the latest; nil while it does not run.

	// The goroutine of open and run owns the rest.
	source *client.Client
	store  *collector.Store
}

// newWorkspace returns a workspace that is not open. It touches neither files nor the network.
func newWorkspace(c config, transport http.RoundTripper, logger log.Logger) *workspace {
	w := &workspace{
		config: c, transport: transport, registry: prometheus.NewRegistry(), logger: log.With(logger, "workspace", c.workspace),
		tryNow: make(chan struct{}, 1),
	}
	w.closed.Store(&collector.View{})
	w.metrics = collector.NewMetrics(w.registry, c.workspace)
	w.registry.MustRegister(collector.NewCollector(w.View, w.metrics, int(c.maxSeries)))
	return w
}

// follow opens and runs the workspace until ctx ends. Whatever fails is shown and tried again; delay is how long the first
// poll waits.
func (w *workspace) follow(ctx context.Context, delay time.Duration) {
	for failures := 0; ctx.Err() == nil; {
		err := w.open()
		if err == nil {
			failures = 0
			w.wait(ctx, delay)
			err = w.run(ctx)
		}
		if err != nil {
			failures++
			delay = 0
			w.wait(ctx, w.failed(err, failures))
		}
	}
}

// failed shows why the workspace is closed, and returns how long to wait: up to a second, doubled with each failure up to
// longestRetry.
func (w *workspace) failed(err error, failures int) time.Duration {
	wait := min(longestRetry, time.Second<<min(failures-1, 9)) / 2
	wait += rand.N(wait)
	before, now := w.View(), &collector.View{Err: err, FailingSince: time.Now()}
	leveled := level.Error(w.logger)
	if w.poller.Load() == nil && before.Err != nil {
		now.FailingSince = before.FailingSince
		if before.Err.Error() == err.Error() {
			leveled = level.Debug(w.logger)
		}
	}
	w.closed.Store(now)
	w.poller.Store(nil)
	leveled.Log("msg", "workspace not followed", "err", err, "retry_in", wait)
	return wait
}

// wait returns after some time, when ctx ends or when PollNow is called.
func (w *workspace) wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-w.tryNow:
	case <-time.After(d):
	}
}

// open reads the token, opens the state and makes the poller. After an error nothing is open.
func (w *workspace) open() (err error) {
	deadline := time.Now().Add(longestOpening)
	w.opening.Store(&deadline)
	defer w.opening.Store(nil)
	if w.source, err = newSource(w.config, w.transport, observe(w.metrics, w.logger)); err != nil {
		return err
	}
	if w.store, err = w.openStore(w.config.stateDir, w.config.stateName()); err != nil {
		return err
	}
	state, damaged, err := w.store.Begin(time.Now())
	if err != nil {
		_ = w.store.Close() // The first error says more.
		return err
	}
	logBegin(w.logger, state, damaged)
	users, err := w.store.LoadUsers()
	if err != nil {
		level.Warn(w.logger).Log("msg", "active users lost: they are counted anew, and too low until the windows are over", "err", err)
	}
	w.poller.Store(collector.NewPoller(w.source, w.store, w.metrics, state, collector.Options{
		Interval:   w.config.pollInterval,
		Timeout:    w.config.timeout,
		ZeroFirst:  w.config.zeroFirst,
		MaxSeries:  int(w.config.maxSeries),
		Users:      users,
		UserSaver:  w.store,
		LogActions: w.config.logActions(),
		Logger:     w.logger,
	}))
	return nil
}

// run follows the open workspace until ctx ends, which is no error, or until another process may own its state. Then it
// closes the workspace.
func (w *workspace) run(ctx context.Context) error {
	defer w.close()
	return w.poller.Load().Run(ctx)
}

// close lets another process have the state.
func (w *workspace) close() {
	_ = w.store.Close()
	w.source.CloseIdleConnections()
}

// View returns what may be seen now: of a workspace that is not open, only the error that keeps it closed.
func (w *workspace) View() *collector.View {
	if poller := w.poller.Load(); poller != nil {
		return poller.View()
	}
	return w.closed.Load()
}

// Healthy reports whether the poller is on time or, while there is none, whether open is.
func (w *workspace) Healthy() bool {
	if poller := w.poller.Load(); poller != nil {
		return poller.Healthy()
	}
	deadline := w.opening.Load()
	return deadline == nil || time.Now().Before(*deadline)
}

// Ready reports whether the first catch-up is complete and the last successful poll is recent.
func (w *workspace) Ready() bool {
	poller := w.poller.Load()
	return poller != nil && poller.Ready()
}

// starting reports whether a workspace that was there when the process began is still in its first catch-up. One that failed or hangs
// is not: it would keep the process from being ready.
func (w *workspace) starting() bool {
	view := w.View()
	return w.first && !view.Exposed && view.Err == nil && w.Healthy()
}

// PollNow makes the workspace poll at once, or try at once to be opened. It does not block.
func (w *workspace) PollNow() {
	if poller := w.poller.Load(); poller != nil {
		poller.PollNow()
		return
	}
	select {
	case w.tryNow <- struct{}{}:
	default: // One request is enough.
	}
}

// newSource returns the client of Asana's API.
func newSource(c config, transport http.RoundTripper, observe func(client.Exchange)) (*client.Client, error) {
	return client.New(client.Options{
		URL:       c.asanaURL,
		Workspace: c.workspace,
		TokenFile: c.tokenFile,
		Timeout:   c.timeout,
		UserAgent: "asana_exporter/" + version.Version,
		Transport: transport,
		Observe:   observe,

		ResourceGIDs: len(c.logActions()) > 0,
	})
}

// logBegin logs where the counts start: at the loaded state, or at zero.
func logBegin(logger log.Logger, state collector.State, damaged *collector.DamagedError) {
	switch {
	case damaged != nil:
		level.Error(logger).Log("msg", "state lost: counting starts from zero", "err", damaged)
	case state.Token == "":
		level.Info(logger).Log("msg", "no state yet: counting starts from zero")
	default:
		level.Info(logger).Log("msg", "state loaded", "epoch", state.Epoch.Format(time.RFC3339),
			"committed", state.Committed.Format(time.RFC3339), "series", state.Active())
	}
}

// observe counts requests, and logs an announced change of the API once. Requests come one after the other.
func observe(metrics *collector.Metrics, logger log.Logger) func(client.Exchange) {
	const most = 100 // A server may make up any number of names.
	seen := map[string]bool{}
	return func(e client.Exchange) {
		metrics.Requested(e)
		for _, change := range e.Changes {
			if !seen[change.Name] && len(seen) < most {
				seen[change.Name] = true
				level.Warn(logger).Log("msg", "Asana announces a change of its API", "change", change.Name, "info", change.Info)
			}
		}
	}
}
