package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/version"

	"asana_exporter/client"
	"asana_exporter/collector"
)

// A workspace is all that belongs to one workspace: its client, its state with the lock, its poller and its metrics.
type workspace struct {
	config   config               // Its workspace and token file are those of this workspace.
	demo     *demo                // nil for a real one.
	registry *prometheus.Registry // Holds the metrics of this workspace alone, so that they end together.
	metrics  *collector.Metrics
	logger   log.Logger

	poller atomic.Pointer[collector.Poller] // nil while it is not open.

	// The goroutine of open and run owns the rest.
	source *client.Client
	store  *collector.Store
}

// newWorkspace returns a workspace that is not open. It touches neither files nor the network.
func newWorkspace(c config, demo *demo, logger log.Logger) *workspace {
	w := &workspace{config: c, demo: demo, registry: prometheus.NewRegistry(), logger: log.With(logger, "workspace", c.workspace)}
	w.metrics = collector.NewMetrics(w.registry, c.workspace)
	w.registry.MustRegister(collector.NewCollector(w.View, w.metrics, int(c.maxSeries)))
	return w
}

// open reads the token, opens the state and makes the poller. After an error nothing is open.
func (w *workspace) open() (err error) {
	if w.source, err = newSource(w.config, w.demo, observe(w.metrics, w.logger)); err != nil {
		return err
	}
	if w.store, err = collector.OpenStore(w.config.stateDir, w.config.stateName()); err != nil {
		return err
	}
	state, damaged, err := w.store.Begin(time.Now())
	if err != nil {
		_ = w.store.Close() // The first error says more.
		return err
	}
	logBegin(w.logger, state, damaged)
	w.poller.Store(collector.NewPoller(w.source, w.store, w.metrics, state, collector.Options{
		Interval:  w.config.pollInterval,
		Timeout:   w.config.timeout,
		ZeroFirst: w.config.zeroFirst,
		MaxSeries: int(w.config.maxSeries),
		Logger:    w.logger,
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

// View returns what may be seen now of an open workspace.
func (w *workspace) View() *collector.View { return w.poller.Load().View() }

// Healthy reports whether the poller is on time.
func (w *workspace) Healthy() bool { return w.poller.Load().Healthy() }

// Ready reports whether the first catch-up is complete and the last successful poll is recent.
func (w *workspace) Ready() bool { return w.poller.Load().Ready() }

// PollNow makes the poller poll at once.
func (w *workspace) PollNow() { w.poller.Load().PollNow() }

// newSource returns the client of Asana's API, or of the demo's simulator.
func newSource(c config, demo *demo, observe func(client.Exchange)) (*client.Client, error) {
	options := client.Options{
		URL:       c.asanaURL,
		Workspace: c.workspace,
		TokenFile: c.tokenFile,
		Timeout:   c.timeout,
		UserAgent: "asana_exporter/" + version.Version,
		Observe:   observe,
	}
	if demo != nil {
		options.Transport = demo.asana
	}
	return client.New(options)
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
