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

// Command history writes the past of a simulated workspace as OpenMetrics: what a Prometheus server would hold had it
// scraped the exporter of that workspace for weeks, and what the rules would have recorded of it.
//
//	go run ./history -instance localhost:10176 ../deletions.yml ../recording.yml >past.txt
//	promtool tsdb create-blocks-from openmetrics --max-block-duration=1458h past.txt data
//
// (promtool reads the file once for each block, hence the large ones.) With the defaults it is the past of
// asana_exporter --demo: the events of a week are the simulator's, those of the weeks before are drawn from it hour by hour.
// Samples are as dense as the rules need them; the older, the thinner. What the exporter says of itself is there for two days.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
	"github.com/asana-exporter/asana_exporter/simulator"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// options say whose past it is.
type options struct {
	workspace, name, job, instance string

	rate       float64 // Events a second while all are at work,
	nightShare float64 // and the share of it that is left at night and at weekends;
	users      int     // if the rate is 0, the size of the company, which sets the pace.
	seed       uint64

	to    time.Time // Where the past ends: a full minute.
	days  int
	rules []string // Files.
}

func main() {
	if err := run(os.Stdout, os.Args[1:], time.Now()); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "history:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, args []string, now time.Time) error {
	o := options{to: now.Truncate(time.Minute)}
	f := flag.NewFlagSet("history", flag.ContinueOnError)
	f.StringVar(&o.workspace, "workspace", "1200000000000001", "gid of the workspace")
	f.StringVar(&o.name, "name", "Example Company (simulated)", "its name")
	f.StringVar(&o.job, "job", "asana", "label of the exporter's target")
	f.StringVar(&o.instance, "instance", "localhost:10176", "label of the exporter's target")
	f.Float64Var(&o.rate, "rate", simulator.DemoRate, "events a second while all are at work; 0 for the pace of so many users")
	f.Float64Var(&o.nightShare, "night-share", simulator.DemoNightShare, "with -rate: the share of it that is left at night and at weekends")
	f.IntVar(&o.users, "users", 200, "size of the company, which sets the pace of its work without -rate")
	f.Uint64Var(&o.seed, "seed", 1, "seed of everything that happens")
	f.IntVar(&o.days, "days", 35, "length of the past")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "usage: history [flags] rules.yml...")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return err
	}
	o.rules = f.Args()
	store, err := o.past()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<20)
	write(out, store, o.to)
	return out.Flush()
}

// past returns all that a server would hold, every minute of it.
func (o options) past() (*engine.Store, error) {
	rules, err := engine.Load(o.rules...)
	if err != nil {
		return nil, err
	}
	if rules, err = rules.Recording(); err != nil {
		return nil, err
	}
	from := o.to.Add(-time.Duration(o.days) * day).Truncate(time.Hour)
	all, err := o.life(from)
	if err != nil {
		return nil, err
	}
	store := engine.NewStore()
	o.scrape(store, from, all)
	_, err = engine.Evaluate(rules, store, from.UnixMilli(), o.to.UnixMilli())
	return store, err
}
