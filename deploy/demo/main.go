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

// Command demo runs the exporter's demo with a Prometheus server and an Alertmanager: a simulated workspace with a past of
// five weeks, the delivered rules, and pages that are printed. `make demo` runs it, at the top of the repository.
//
// It needs Go, and prometheus, promtool and alertmanager on the PATH. It keeps everything in a temporary folder, which it
// removes at its end: on Ctrl-C, or when one of its parts ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// options are the addresses of the parts.
type options struct {
	exporter, prometheus, alertmanager, pages string
	onlyPages                                 bool
}

func main() {
	// SIGPIPE: the reader of the output has gone.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	context.AfterFunc(ctx, stop) // A second signal ends the process at once.
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o options
	f := flag.NewFlagSet("demo", flag.ContinueOnError)
	f.StringVar(&o.exporter, "exporter", "localhost:10176", "address of the exporter")
	f.StringVar(&o.prometheus, "prometheus", "localhost:9190", "address of the Prometheus server")
	f.StringVar(&o.alertmanager, "alertmanager", "localhost:9193", "address of Alertmanager")
	f.StringVar(&o.pages, "pages", "127.0.0.1:9911", "address to which Alertmanager sends pages and warnings")
	f.BoolVar(&o.onlyPages, "only-pages", false, "do nothing but print what is sent there")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.onlyPages {
		return receive(ctx, o.pages, "")
	}
	return o.demo(ctx)
}

// demo prepares everything and runs it until ctx ends, which is no error.
func (o options) demo(ctx context.Context) error {
	if err := errors.Join(missing(), taken(ctx, o.exporter, o.prometheus, o.alertmanager, o.pages)); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "asana_exporter-stack-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := o.prepare(ctx, dir); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return receive(ctx, o.pages, filepath.Join(dir, "asana_exporter.log")) })
	for _, command := range o.commands(dir) {
		group.Go(func() error { return live(ctx, dir, command) })
	}
	group.Go(func() error { return o.welcome(ctx) })
	return group.Wait()
}

// commands are the parts that run.
func (o options) commands(dir string) [][]string {
	return [][]string{
		append(prometheus(), "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"),
			"--storage.tsdb.retention.time=35d", "--web.listen-address="+o.prometheus),
		{
			alertmanager(), "--config.file=" + filepath.Join(dir, "alertmanager.yml"), "--storage.path=" + filepath.Join(dir, "alertmanager"),
			"--web.listen-address=" + o.alertmanager, "--cluster.listen-address=",
		},
		{
			filepath.Join(dir, "asana_exporter"), "--demo", "--events.log=deleted,removed,undeleted", "--log.format=json",
			"--web.listen-address=" + o.exporter,
		},
	}
}

// welcome waits until all parts answer, and prints what to look at.
func (o options) welcome(ctx context.Context) error {
	for _, address := range []string{o.prometheus, o.alertmanager, o.exporter} {
		if err := ready(ctx, address); err != nil {
			return err
		}
	}
	if ctx.Err() == nil {
		fmt.Printf(guide, o.prometheus, o.alertmanager, o.exporter)
	}
	return nil
}

const guide = `
The stack is up, and pages are printed here. Somebody deletes 800 tasks 90 seconds after the start, and again every half an hour.
The page follows within four minutes, and goes on firing while the last deletions are less than 75 minutes old.
Or bring an incident yourself:

  curl -X POST 'http://%[3]s/control/incident?n=1000'

  http://%[1]s/graph?g0.tab=0&g0.range_input=6h&g0.expr=%%7Bkind%%3D%%22burst%%22,__name__%%3D~%%22workspace_kind.*:asana_deletions:(count%%7Climit)%%22%%7D
      the deletions in 15 minutes, beside the limits that the rules learned; the alerts are a page of the same server
  amtool --alertmanager.url=http://%[2]s alert
      what Alertmanager knows
  http://%[3]s
      the exporter

Grafana with the dashboards: see deploy/compose, or add http://%[1]s as a data source to yours, with a scrape interval of 1m. Ctrl-C ends everything.

`
