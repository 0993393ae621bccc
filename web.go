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
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/exporter-toolkit/web"
)

// listen opens the addresses, so that one in use ends the start before the state folder is touched. It returns nil for
// systemd and vsock addresses, which exporter-toolkit opens itself.
func listen(ctx context.Context, flags *web.FlagConfig) ([]net.Listener, error) {
	if *flags.WebSystemdSocket {
		return nil, nil
	}
	var listeners []net.Listener
	for _, address := range *flags.WebListenAddresses {
		if strings.HasPrefix(address, "vsock://") {
			return nil, closeAll(listeners)
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("web server: %w; name another address with --web.listen-address", err), closeAll(listeners))
		}
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) error {
	var all error
	for _, listener := range listeners {
		all = errors.Join(all, listener.Close())
	}
	return all
}

// newServer returns a server that slow, idle and hostile clients can't fill.
func newServer(handler http.Handler, logs loggers, cutOff func()) *http.Server {
	connections := &connections{cutOff: cutOff, open: map[net.Conn]connection{}}
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       9 * time.Second,
		WriteTimeout:      9 * time.Second, // Less than a scrape may take by default. The profiler adds to it what it needs.
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnState:         connections.changed,
		ErrorLog:          logs.serverLog(),
	}
}

// serve serves until ctx ends, and then gives requests drainTime to end.
func serve(ctx context.Context, listeners []net.Listener, server *http.Server, flags *web.FlagConfig, logs loggers) error {
	defer func() { _ = closeAll(listeners) }() // If they were not served.
	ended := make(chan error, 1)
	go func() {
		if len(listeners) > 0 {
			ended <- web.ServeMultiple(listeners, server, flags, logs.slog)
		} else {
			ended <- web.ListenAndServe(server, flags, logs.slog)
		}
	}()
	select {
	case err := <-ended:
		if *flags.WebSystemdSocket {
			return fmt.Errorf("web server: %w; leave out --web.systemd-socket where systemd passes no socket", err)
		}
		return fmt.Errorf("web server: %w; see --web.listen-address", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		level.Warn(logs.kit).Log("msg", "requests cut off", "err", err)
		_ = server.Close() // A slow reader is no reason to fail.
	}
	return nil
}

// newHandler returns the handler of all paths, and registers the metrics of the process and of the handler itself.
func newHandler(c config, demo *demo, registry *prometheus.Registry, spaces *workspaces, logs loggers, cutOff func()) http.Handler {
	mux := http.NewServeMux()
	// GET stands for HEAD, too. Other methods get a 405.
	mux.Handle("GET "+c.telemetryPath, metricsHandler(c, registry, logs, cutOff))
	mux.HandleFunc("GET /-/healthy", status(spaces, healthy))
	mux.HandleFunc("GET /-/ready", status(spaces, ready))
	mux.Handle("GET /{$}", landingPage(c, spaces))
	if demo != nil {
		mux.Handle("/control/", demo.asana.Control())
	}
	if c.pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return secureHeaders(mux)
}

// secureHeaders has browsers run nothing and show no page in a frame. Headers of --web.config.file win.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setDefault(w.Header(), "X-Content-Type-Options", "nosniff")
		setDefault(w.Header(), "X-Frame-Options", "DENY")
		setDefault(w.Header(), "Content-Security-Policy", contentPolicy)
		next.ServeHTTP(w, r)
	})
}

const contentPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func setDefault(header http.Header, key, value string) {
	if header.Get(key) == "" {
		header.Set(key, value)
	}
}

// metricsHandler serves the registry, with the metrics of the process unless they are turned off, as in node_exporter.
func metricsHandler(c config, registry *prometheus.Registry, logs loggers, cutOff func()) http.Handler {
	registry.MustRegister(versioncollector.NewCollector("asana_exporter"))
	options := promhttp.HandlerOpts{
		ErrorLog:            logs.errorLog(),
		ErrorHandling:       promhttp.HTTPErrorOnError, // Half a scrape would look like series that ended.
		EnableOpenMetrics:   true,
		OfferedCompressions: []promhttp.Compression{promhttp.Identity, promhttp.Gzip},
	}
	if c.disableExporterMetrics {
		return newScrapes(promhttp.HandlerFor(registry, options), cutOff)
	}
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	options.Registry = registry
	return promhttp.InstrumentMetricHandler(registry, newScrapes(promhttp.HandlerFor(registry, options), cutOff))
}

// status answers with a sentence about the workspaces, 200 if it is good and 503 otherwise, and with what is wrong with each.
func status(spaces *workspaces, judge func([]*workspace) (good bool, sentence string)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		list := spaces.list()
		good, sentence := judge(list)
		code := http.StatusOK
		if !good {
			code = http.StatusServiceUnavailable
		}
		lines := []string{sentence}
		for _, space := range list {
			for _, line := range trouble(space.View(), space.Healthy()) {
				lines = append(lines, space.config.workspace+": "+line)
			}
		}
		http.Error(w, strings.Join(lines, "\n"), code) // Plain text, and nosniff.
	}
}

// healthy judges the process: it must be restarted if a poller hangs.
func healthy(spaces []*workspace) (good bool, sentence string) {
	var hanging []string
	for _, space := range spaces {
		if !space.Healthy() {
			hanging = append(hanging, space.config.workspace)
		}
	}
	if len(hanging) > 0 {
		return false, "Not healthy: pollers that hang: " + strings.Join(hanging, ", ") + "."
	}
	return true, "Healthy."
}

// ready judges the counts. At the start it waits for the first catch-up of each workspace; after that, one workspace that is up to date
// is enough, so that one in trouble does not take the others' target away.
func ready(spaces []*workspace) (good bool, sentence string) {
	var starting []string
	for _, space := range spaces {
		good = good || space.Ready()
		if space.starting() {
			starting = append(starting, space.config.workspace)
		}
	}
	switch {
	case len(spaces) == 0:
		return false, "Not ready: the folder of tokens has no file named by a gid."
	case len(starting) > 0:
		return false, "Not ready: workspaces in their first catch-up: " + strings.Join(starting, ", ") + "."
	case !good:
		return false, "Not ready: no poll has succeeded for three intervals."
	}
	return true, "Ready."
}
