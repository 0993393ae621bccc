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
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/asana-exporter/asana_exporter/client"
	"github.com/asana-exporter/asana_exporter/collector"
)

const (
	defaultAddress = ":10176"
	demoAddress    = "127.0.0.1:10176" // Anybody who reaches the demo can control it.
)

// Limits of the flags.
const (
	shortestInterval = 10 * time.Millisecond  // A shorter one is a slip, such as a missing unit in a script.
	longestInterval  = 6 * time.Hour          // Leaves time to notice failing polls before the position dies.
	shortestTimeout  = 100 * time.Millisecond // No answer of Asana takes less.
	longestTimeout   = 10 * time.Minute       // A hanging request counts as healthy until then.
	longestZeroFirst = time.Hour              // Alerts see a new series that much later.
	mostSeries       = 100_000                // Keeps the state file below its limit of 64 MiB.
)

// config holds the values of the flags.
type config struct {
	workspace, tokenFile, tokenDir string
	asanaURL                       string
	pollInterval, timeout          time.Duration
	stateDir                       string
	zeroFirst                      time.Duration
	maxSeries                      int64
	eventLog                       string
	telemetryPath                  string
	disableExporterMetrics, pprof  bool
	web                            *web.FlagConfig
	logLevel, logFormat            string
	demo, checkOnly, healthcheck   bool

	// The demo changes the defaults of these flags, unless they were given on the command line.
	workspaceGiven, pollIntervalGiven, zeroFirstGiven, stateDirGiven, addressGiven bool
}

// parseFlags reads the command line. For --help and --version it prints the answer to stdout and returns done.
func parseFlags(args []string, stdout io.Writer) (c config, done bool, err error) {
	app := kingpin.New("asana_exporter", "Counts what happens in Asana workspaces, for Prometheus.")
	app.HelpFlag.Short('h')
	app.UsageWriter(stdout)
	app.Terminate(func(int) { done = true })
	// Not app.Version: --help-man would put all its lines into one macro of the manual page.
	app.Flag("version", "Show the version.").Short('V').PreAction(func(*kingpin.ParseContext) error {
		fmt.Fprintln(stdout, version.Print("asana_exporter"))
		done = true
		return nil
	}).Bool()
	c.register(app)
	if _, err := app.Parse(args); err != nil && !done {
		return c, false, fmt.Errorf("%w; try --help", blame(app, args, err))
	}
	if done {
		return c, true, nil
	}
	return c, false, c.check()
}

// blame adds the name of the flag to an error about its value; kingpin does not name it.
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

// register defines the flags. Scripts of operators depend on the names and defaults.
func (c *config) register(app *kingpin.Application) {
	c.registerAsana(app)
	c.registerCounting(app)
	c.registerServing(app)
	app.Flag("check", "Ask Asana about each workspace whether token, gid and plan are right, print what to do, and exit with 0 or 1. Changes nothing on the disk.").
		BoolVar(&c.checkOnly)
	app.Flag("healthcheck", "Ask the exporter that runs with the same --web flags whether it is healthy, print the answer, and exit with 0 or 1.").
		BoolVar(&c.healthcheck)
	app.Flag("demo", "Follow a simulated workspace inside the process: no token, no network. Listens on "+demoAddress+" only, unless --web.listen-address is given.").
		BoolVar(&c.demo)
}

// registerAsana defines the flags about what to follow.
func (c *config) registerAsana(app *kingpin.Application) {
	app.Flag("asana.workspace", "Gid of the workspace to follow, a number.").
		Envar("ASANA_WORKSPACE").IsSetByUser(&c.workspaceGiven).StringVar(&c.workspace)
	app.Flag("asana.token-file", "File with the service account's token. Read again for each request.").
		Envar("ASANA_TOKEN_FILE").StringVar(&c.tokenFile)
	app.Flag("asana.token-dir", "In place of the two above: folder with a file for each workspace, named by its gid, that holds its token. Files may come, change and go.").
		Envar("ASANA_TOKEN_DIR").StringVar(&c.tokenDir)
	app.Flag("asana.url", "Root of Asana's API. Plain http is accepted for loopback addresses only.").
		Default(client.DefaultURL).StringVar(&c.asanaURL)
	app.Flag("asana.poll-interval", "Time between polls of the event stream. 1s with --demo.").
		Default("15s").IsSetByUser(&c.pollIntervalGiven).DurationVar(&c.pollInterval)
	app.Flag("asana.timeout", "Time limit of one request to Asana, headers and body.").
		Default("30s").DurationVar(&c.timeout)
}

// registerCounting defines the flags about the events and the state.
func (c *config) registerCounting(app *kingpin.Application) {
	app.Flag("state.dir", "Folder of the position in the stream and of the counts. A temporary folder with --demo.").
		Default("data").IsSetByUser(&c.stateDirGiven).StringVar(&c.stateDir)
	app.Flag("events.zero-first", "How long a new series is exposed at 0 before its value. Must be longer than the scrape interval; 0 turns it off. 5s with --demo.").
		Default("90s").IsSetByUser(&c.zeroFirstGiven).DurationVar(&c.zeroFirst)
	app.Flag("events.max-series", "Number of event series. Beyond it, new label sets are counted under _folded labels.").
		Default("5000").Int64Var(&c.maxSeries)
	app.Flag("events.log", "Actions whose events are logged, a line with gids for each: such as deleted,removed,undeleted, or all. None by default.").
		StringVar(&c.eventLog)
}

// registerServing defines the flags about the web server and the log.
func (c *config) registerServing(app *kingpin.Application) {
	c.web = kingpinflag.AddFlags(app, defaultAddress)
	app.GetFlag("web.listen-address").IsSetByUser(&c.addressGiven)
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
}

// check reports the first flag whose value can't be right, before anything is opened, written or registered.
func (c *config) check() error {
	if c.healthcheck {
		return nil // It asks the program that has checked them.
	}
	if err := c.checkAsana(); err != nil {
		return err
	}
	switch {
	case c.demo && c.checkOnly:
		return errors.New("--check asks Asana, and --demo has none to ask: leave one out")
	case c.stateDir == "":
		return errors.New("--state.dir is empty: name a folder, or leave it out for `data`")
	case c.maxSeries < 0 || c.maxSeries > mostSeries:
		return fmt.Errorf("--events.max-series=%d: must be from 0 to %d", c.maxSeries, mostSeries)
	}
	if err := c.checkEventLog(); err != nil {
		return fmt.Errorf("--events.log=%s: %w", c.eventLog, err)
	}
	if err := checkPath(c.telemetryPath); err != nil {
		return fmt.Errorf("--web.telemetry-path=%s: %w", c.telemetryPath, err)
	}
	if err := web.Validate(*c.web.WebConfigFile); err != nil {
		return errors.New("--web.config.file: " + strings.Join(strings.Fields(err.Error()), " ")) // YAML's have many lines.
	}
	return cmp.Or(
		checkDuration("asana.poll-interval", c.pollInterval, shortestInterval, longestInterval, ", since Asana forgets the position within a day"),
		checkDuration("asana.timeout", c.timeout, shortestTimeout, longestTimeout, ""),
		checkDuration("events.zero-first", c.zeroFirst, 0, longestZeroFirst, ""),
	)
}

// checkAsana checks the flags about what to follow. The demo needs none of them.
func (c *config) checkAsana() error {
	one := !c.demo && c.tokenDir == ""
	switch {
	case !c.demo && c.tokenDir != "" && (c.workspace != "" || c.tokenFile != ""):
		return errors.New("--asana.token-dir takes the place of --asana.workspace and --asana.token-file: leave these out, and unset ASANA_WORKSPACE and ASANA_TOKEN_FILE")
	case one && c.workspace == "":
		return errors.New("--asana.workspace is missing: give the gid of the workspace, or try --demo")
	case one && c.tokenFile == "":
		return errors.New("--asana.token-file is missing: name the file with the service account's token, or try --demo")
	case c.asanaURL == "":
		return errors.New("--asana.url is empty: leave it out for Asana's own")
	}
	if err := client.CheckWorkspace(c.workspace); err != nil && (one || c.demo && c.workspaceGiven) {
		return fmt.Errorf("--asana.workspace: %w", err)
	}
	if err := client.CheckURL(c.asanaURL); err != nil {
		return fmt.Errorf("--asana.url: %w", err)
	}
	if c.demo {
		return nil
	}
	return client.CheckEnvironment()
}

// logActions returns the actions of which events are logged.
func (c *config) logActions() []string {
	return strings.FieldsFunc(c.eventLog, func(r rune) bool { return r == ',' || r == ' ' })
}

func (c *config) checkEventLog() error {
	actions, known := c.logActions(), collector.LoggableActions()
	if len(actions) == 0 && c.eventLog != "" {
		return errors.New("names no action: leave it out, or name some of " + strings.Join(known, ", "))
	}
	for _, action := range actions {
		if !slices.Contains(known, action) {
			return fmt.Errorf("no action %q: name some of %s", action, strings.Join(known, ", "))
		}
	}
	if len(actions) > 0 && (c.logLevel == "warn" || c.logLevel == "error") {
		return fmt.Errorf("events are logged at level info, which --log.level=%s leaves out", c.logLevel)
	}
	return nil
}

// checkDuration returns an error unless d is from shortest to longest; why explains the longest.
func checkDuration(flag string, d, shortest, longest time.Duration, why string) error {
	switch {
	case d < shortest:
		return fmt.Errorf("--%s=%s: must be at least %s", flag, d, shortest)
	case d > longest:
		return fmt.Errorf("--%s=%s: must be at most %s%s", flag, d, longest, why)
	}
	return nil
}

// of returns the settings of one workspace.
func (c config) of(gid string) config {
	if c.tokenDir != "" {
		c.workspace, c.tokenFile = gid, filepath.Join(c.tokenDir, gid)
	}
	return c
}

// stateName returns the name of the state file. The demo's differs, so that no demo touches the state of a workspace.
func (c *config) stateName() string {
	if c.demo {
		return "demo-" + c.workspace
	}
	return c.workspace
}

// checkPath returns why metrics can't be served at p.
func checkPath(p string) error {
	switch {
	case !strings.HasPrefix(p, "/"):
		return errors.New("must begin with /")
	case p == "/", strings.HasPrefix(p, "/-/"), strings.HasPrefix(p, "/debug/pprof/"), strings.HasPrefix(p, "/control/"):
		return errors.New("this program has another page there")
	case strings.ContainsAny(p, " \t{}?#%\""): // Spaces and braces mean something to http.ServeMux.
		return errors.New("must have no space and none of {}?#%\"")
	case path.Clean(p) != p:
		return fmt.Errorf("write it as %s", path.Clean(p))
	}
	return nil
}
