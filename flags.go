package main

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"asana_exporter/client"
)

// longestInterval leaves time to notice that polls fail before the position dies.
const longestInterval = 6 * time.Hour

// config is what the command line says.
type config struct {
	workspace, tokenFile, asanaURL string
	pollInterval, timeout          time.Duration
	stateDir                       string
	zeroFirst                      time.Duration
	maxSeries                      int64
	telemetryPath                  string
	disableExporterMetrics, pprof  bool
	web                            *web.FlagConfig
	logLevel, logFormat            string
	demo                           bool

	// Whether these were on the command line: the demo leaves them alone then.
	workspaceGiven, pollIntervalGiven, zeroFirstGiven, stateDirGiven bool
}

// parseFlags reads the command line. It is done where that asked for help or the version, which it prints to stdout.
func parseFlags(args []string, stdout io.Writer) (c config, done bool, err error) {
	app := kingpin.New("asana_exporter", "Counts what happens in an Asana workspace, for Prometheus.")
	app.HelpFlag.Short('h')
	app.UsageWriter(stdout)
	app.Terminate(func(int) { done = true })
	app.Version(version.Print("asana_exporter"))
	app.VersionFlag.Short('V')
	c.register(app)
	if _, err := app.Parse(args); err != nil && !done {
		return c, false, fmt.Errorf("%w; try --help", blame(app, args, err))
	}
	if done {
		return c, true, nil
	}
	return c, false, c.check()
}

// blame puts the name of the flag before an error about its value: the parser does not.
func blame(app *kingpin.Application, args []string, err error) error {
	parsed, parseErr := app.ParseContext(args)
	if parseErr != nil {
		return err
	}
	for _, element := range parsed.Elements {
		flag, ok := element.Clause.(*kingpin.FlagClause)
		if ok && flag.Model().Value.Set(*element.Value) != nil {
			return fmt.Errorf("--%s=%s: %w", flag.Model().Name, *element.Value, err)
		}
	}
	return err
}

// register names the flags. Names and defaults are a promise to the scripts of others.
func (c *config) register(app *kingpin.Application) {
	app.Flag("asana.workspace", "The gid of the workspace to follow.").
		Envar("ASANA_WORKSPACE").IsSetByUser(&c.workspaceGiven).StringVar(&c.workspace)
	app.Flag("asana.token-file", "File with the service account's token. Read again whenever it is used.").
		Envar("ASANA_TOKEN_FILE").StringVar(&c.tokenFile)
	app.Flag("asana.url", "Root of Asana's API. Plain http is for loopback addresses only.").
		Default(client.DefaultURL).StringVar(&c.asanaURL)
	app.Flag("asana.poll-interval", "Time between polls of the event stream. 1s in the demo.").
		Default("15s").IsSetByUser(&c.pollIntervalGiven).DurationVar(&c.pollInterval)
	app.Flag("asana.timeout", "For one request, headers and body.").
		Default("30s").DurationVar(&c.timeout)
	app.Flag("state.dir", "Folder of the state: the position in the stream and the counts. A temporary one in the demo.").
		Default("data").IsSetByUser(&c.stateDirGiven).StringVar(&c.stateDir)
	app.Flag("events.zero-first", "How long a new series is exposed at 0 before its value: longer than a scrape interval. 0 turns it off. 5s in the demo.").
		Default("90s").IsSetByUser(&c.zeroFirstGiven).DurationVar(&c.zeroFirst)
	app.Flag("events.max-series", "Number of label sets beyond which new ones are folded into _folded.").
		Default("5000").Int64Var(&c.maxSeries)
	c.web = kingpinflag.AddFlags(app, ":10176")
	app.Flag("web.telemetry-path", "Path under which to expose metrics.").
		Default("/metrics").StringVar(&c.telemetryPath)
	app.Flag("web.disable-exporter-metrics", "Exclude metrics about the exporter itself (promhttp_*, process_*, go_*).").
		BoolVar(&c.disableExporterMetrics)
	app.Flag("web.enable-pprof", "Serve the Go profiler under /debug/pprof/.").
		BoolVar(&c.pprof)
	app.Flag("log.level", "Only log messages with the given severity or above. One of: [debug, info, warn, error]").
		Default("info").EnumVar(&c.logLevel, "debug", "info", "warn", "error")
	app.Flag("log.format", "Output format of log messages. One of: [logfmt, json]").
		Default("logfmt").EnumVar(&c.logFormat, "logfmt", "json")
	app.Flag("demo", "Follow a simulated workspace inside the process: no token, no network.").
		BoolVar(&c.demo)
}

// check finds what the parser can't.
func (c *config) check() error {
	switch {
	case !c.demo && c.workspace == "":
		return errors.New("--asana.workspace is missing: give the gid of the workspace, or try --demo")
	case !c.demo && c.tokenFile == "":
		return errors.New("--asana.token-file is missing: name the file with the service account's token, or try --demo")
	case c.stateDir == "":
		return errors.New("--state.dir is empty: name a folder, or leave it out for `data`")
	case c.asanaURL == "":
		return errors.New("--asana.url is empty: leave it out for Asana's own")
	case c.pollInterval <= 0:
		return fmt.Errorf("--asana.poll-interval=%s: must be more than 0", c.pollInterval)
	case c.pollInterval > longestInterval:
		return fmt.Errorf("--asana.poll-interval=%s: must be at most %s, since Asana forgets the position within a day", c.pollInterval, longestInterval)
	case c.timeout <= 0:
		return fmt.Errorf("--asana.timeout=%s: must be more than 0", c.timeout)
	case c.zeroFirst < 0:
		return fmt.Errorf("--events.zero-first=%s: must not be negative", c.zeroFirst)
	case c.maxSeries < 0:
		return fmt.Errorf("--events.max-series=%d: must not be negative", c.maxSeries)
	case !isFree(c.telemetryPath):
		return fmt.Errorf("--web.telemetry-path=%s: must begin with / and be a page of its own", c.telemetryPath)
	}
	if err := web.Validate(*c.web.WebConfigFile); err != nil {
		return errors.New("--web.config.file: " + strings.Join(strings.Fields(err.Error()), " ")) // YAML's have many lines.
	}
	return nil
}

// stateName returns the name of the state file. That of the demo is another one, so that it can be tried in any folder.
func (c *config) stateName() string {
	if c.demo {
		return "demo-" + c.workspace
	}
	return c.workspace
}

// isFree tells whether a page can be served under page: not where others are, and not under a pattern of http.ServeMux.
func isFree(page string) bool {
	taken := page == "/" || strings.HasPrefix(page, "/-/") || strings.HasPrefix(page, "/debug/pprof/")
	return !taken && strings.HasPrefix(page, "/") && path.Clean(page) == page && !strings.ContainsAny(page, " \t{}?#%\"")
}
