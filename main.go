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

// Command asana_exporter counts what happens in an Asana workspace, each event exactly once, and serves the counts to
// Prometheus. Start with run, which reads the flags, and follow, which builds the parts and runs each in a goroutine.
//
// flags.go has the command line. workspaces.go follows all workspaces, workspace.go one of them, and tokens.go notices new tokens;
// demo.go stands in for Asana. web.go serves, with landing.go for people, and with scrape.go and connections.go against clients
// that are slow or too many. check.go and healthcheck.go ask once, and end.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/version"
	"golang.org/x/sync/errgroup"
)

// After SIGTERM, requests may go on for drainTime, and a commit for stopTime. After exitTime the program ends even if nobody reads
// its log, so that no last line can be written.
const (
	drainTime = 3 * time.Second
	stopTime  = 4500 * time.Millisecond
	exitTime  = 4900 * time.Millisecond
)

// softMemory is Go's soft memory limit. The largest answer takes several times its 16 MiB while it is read; only a state of very many
// series takes more.
const softMemory = 80 << 20

// memoryOfWorkspace is how much softMemory grows with each workspace after the first: at a lower limit the garbage collector would have
// no room beside the series and the users of fifty.
const memoryOfWorkspace = 4 << 20

// gcPercent is Go's GOGC. The first collection comes at a heap of 8 MiB instead of 4: with 2 MiB in use and much garbage from each page,
// collections are a third as frequent.
const gcPercent = 200

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // A second signal ends the process at once.
		time.AfterFunc(exitTime, func() { os.Exit(1) })
	})
	hangups := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) { // As after nohup.
		signal.Notify(hangups, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGPIPE) // A reader of the log that goes away must not end the counting.
	limitMemory(1)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if version.Version == "" {
		info, _ := debug.ReadBuildInfo()
		version.Version = moduleVersion(info, release, archive)
	}
	stdlog.SetOutput(io.Discard) // net/http logs unsolicited answers there, and these may repeat the token.
	if err := run(ctx, os.Args[1:], hangups, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "asana_exporter: error: %v\n", err)
		os.Exit(1)
	}
}

// limitMemory sets Go's soft memory limit for so many workspaces, unless the environment does.
func limitMemory(workspaces int) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory + int64(max(0, workspaces-1))*memoryOfWorkspace)
	}
}

// run runs the exporter until ctx ends, which is no error, or until a part of it fails.
func run(ctx context.Context, args []string, hangups <-chan os.Signal, stdout, stderr io.Writer) error {
	c, done, err := parseFlags(withFlagsOfFirstProcess(args), stdout)
	if err != nil || done {
		return err
	}
	if c.healthcheck {
		return healthcheck(ctx, c, stdout)
	}
	logs := newLoggers(stderr, c.logLevel, c.logFormat)
	if c.checkOnly {
		return check(ctx, c, stdout, logs)
	}
	if !c.demo {
		return follow(ctx, c, nil, hangups, logs)
	}
	warnOfIgnored(c, logs.kit)
	ctx, stop := stopOnSignals(ctx)
	defer stop()
	demo, err := newDemo(&c)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer demo.close()
	return follow(ctx, c, demo, nil, logs)
}

// follow counts the events of the workspaces, of the demo's if there is one, and serves the counts. Everything else that can be
// wrong with the command line is found before the state folder is opened, so that a bad start leaves it alone.
func follow(ctx context.Context, c config, demo *demo, hangups <-chan os.Signal, logs loggers) error {
	registry := prometheus.NewRegistry()
	spaces := newWorkspaces(c, demo.transport(), registry, logs.kit)
	spaces.resized = limitMemory
	files := &tokenFiles{config: c, logger: logs.kit}
	found, err := files.look()
	if err != nil {
		return err
	}
	listeners, err := listen(ctx, c.web)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	if c.tokenDir == "" {
		found.appeared = nil
		only := spaces.add(c.workspace)
		if err := only.open(); err != nil {
			return errors.Join(err, closeAll(listeners))
		}
		group.Go(func() error { return only.run(ctx) })
	}
	level.Info(logs.kit).Log("msg", "starting asana_exporter", "version", version.Info(), "build", version.BuildContext())
	slow := &minuteLog{logger: logs.kit, msg: "slow or idle clients cut off"}
	server := newServer(newHandler(c, demo, registry, spaces, logs, slow.add), logs, slow.add)
	group.Go(func() error { return serve(ctx, listeners, server, c.web, logs) })
	group.Go(func() error { return spaces.follow(ctx, found.appeared, hangups, files) })
	if demo != nil {
		group.Go(func() error { return demo.run(ctx, logs.kit) })
	}
	return waitAfter(ctx, group, logs.kit)
}

// waitAfter waits for the goroutines. After ctx ended it does not wait long: a goroutine that hangs in a file system must not
// keep the process alive.
func waitAfter(ctx context.Context, group *errgroup.Group, logger log.Logger) error {
	ended := make(chan error, 1)
	go func() { ended <- group.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		level.Info(logger).Log("msg", "stopping")
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(stopTime):
		return errors.New("stopped while something hung, most likely a commit; the state on disk is that of the last commit")
	}
}
