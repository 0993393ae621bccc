package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"

	"asana_exporter/collector"
)

// listen opens the addresses that are named, so that one which is taken is found out before anything begins. It leaves to the
// toolkit what only that knows, and returns none then.
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

// serve answers until ctx ends, and then lets the requests under way end.
func serve(ctx context.Context, listeners []net.Listener, handler http.Handler, flags *web.FlagConfig, logs loggers) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute, // A CPU profile takes a while.
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          logs.errorLog(),
	}
	defer func() { _ = closeAll(listeners) }() // Those that were never served.
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
		_ = server.Close() // Somebody who reads slowly is no reason to fail.
	}
	return nil
}

// newHandler returns all pages of the program, and registers the metrics of the process and of its own.
func newHandler(c config, demo *demo, registry *prometheus.Registry, poller *collector.Poller, logs loggers) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(c.telemetryPath, metricsHandler(c, registry, logs))
	mux.HandleFunc("/-/healthy", status(poller.Healthy, "Healthy.", "The poller is late: it hangs."))
	mux.HandleFunc("/-/ready", status(poller.Ready, "Ready.", "Not ready: no recent success, or the first catch-up goes on."))
	mux.Handle("/", landingPage(c, poller))
	if demo != nil {
		mux.Handle("/control/", demo.asana.Control())
	}
	if c.pprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// metricsHandler serves the registry, with the metrics of the process unless they are not wanted, as node_exporter does.
func metricsHandler(c config, registry *prometheus.Registry, logs loggers) http.Handler {
	registry.MustRegister(versioncollector.NewCollector("asana_exporter"))
	options := promhttp.HandlerOpts{
		ErrorLog:          logs.errorLog(),
		ErrorHandling:     promhttp.HTTPErrorOnError, // Half a scrape would look like series that ended.
		EnableOpenMetrics: true,
	}
	if c.disableExporterMetrics {
		return promhttp.HandlerFor(registry, options)
	}
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	options.Registry = registry
	return promhttp.InstrumentMetricHandler(registry, promhttp.HandlerFor(registry, options))
}

// status answers 200 or 503 with a word of why.
func status(good func() bool, yes, no string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if !good() {
			http.Error(w, no, http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(yes + "\n"))
	}
}

// landingPage shows the state of the workspace in the frame that exporters share.
func landingPage(c config, poller *collector.Poller) http.HandlerFunc {
	table := template.Must(template.New("state").Parse(stateHTML))
	return func(w http.ResponseWriter, r *http.Request) {
		var state strings.Builder
		if err := table.Execute(&state, describe(c, poller)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		page, err := web.NewLandingPage(web.LandingConfig{
			Name:        "asana_exporter",
			Description: "Counts what happens in an Asana workspace.",
			Version:     version.Info(),
			ExtraHTML:   state.String(),
			ExtraCSS:    "th{text-align:left;padding-right:1em;font-weight:normal}",
			Profiling:   strconv.FormatBool(c.pprof),
			Links: []web.LandingLinks{
				{Address: c.telemetryPath, Text: "Metrics"},
				{Address: "/-/healthy", Text: "Healthy", Description: "the process works"},
				{Address: "/-/ready", Text: "Ready", Description: "the first catch-up is complete, and polls succeed"},
			},
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		page.ServeHTTP(w, r)
	}
}

// workspaceState is what the landing page tells.
type workspaceState struct {
	Name, Workspace               string
	Demo, Up, Ready, CatchingUp   bool
	Exposed                       bool // The events.
	Events, Waiting               uint64
	Series, MaxSeries             int
	Epoch, LastSuccess, LastEvent string
	Gaps                          uint64
}

func describe(c config, poller *collector.Poller) workspaceState {
	view := poller.View()
	s := workspaceState{
		Name: view.State.Name, Workspace: c.workspace, Demo: c.demo, Up: view.Up, Ready: poller.Ready(), CatchingUp: view.CatchingUp(),
		Exposed: view.Exposed,
		Series:  view.State.Active(), MaxSeries: int(c.maxSeries),
		Epoch: moment(view.State.Epoch), LastSuccess: moment(view.LastSuccess), LastEvent: moment(view.State.LastEvent),
	}
	for _, series := range view.State.Series() {
		s.Events += series.Visible()
		s.Waiting += series.Value - series.Visible()
	}
	for _, gap := range view.State.Gaps {
		count, _ := gap.Visible()
		s.Gaps += count
	}
	return s
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "not yet"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

const stateHTML = `<table>
<tr><th>Workspace</th><td>{{or .Name "name not known yet"}} ({{.Workspace}}){{if .Demo}}, simulated{{end}}</td></tr>
<tr><th>Last poll</th><td>{{if .Up}}succeeded{{else}}did not succeed: see the log{{end}}</td></tr>
<tr><th>Counts</th><td>{{if .CatchingUp}}a backlog is being read{{else if .Ready}}up to date{{else}}not up to date{{end}}{{if not .Exposed}}, not exposed until caught up{{end}}</td></tr>
<tr><th>Events counted</th><td>{{.Events}} since {{.Epoch}}{{if .Waiting}}, and {{.Waiting}} in new series that are shown at 0 first{{end}}</td></tr>
<tr><th>Series</th><td>{{.Series}} of at most {{.MaxSeries}}</td></tr>
<tr><th>Last page counted</th><td>{{.LastSuccess}}</td></tr>
<tr><th>Newest event</th><td>{{.LastEvent}}</td></tr>
<tr><th>Gaps</th><td>{{.Gaps}}</td></tr>
</table>
`
