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

// Command bench measures the cost of asana_exporter, mostly as a whole process. It prints each number with its bound and with
// the cost of another program that does the same work on the same machine at the same time.
//
//	go run .                     about fourteen minutes
//	go run . -long               memory after ten million events
//	go run . -only million,node  some rows only
//
// The figures are for people. Runs are interleaved and their medians compared, because machines are busy and only ratios can
// be compared between machines. Where CPU time is compared, the exporter runs with the timer slack of its systemd unit.
// It exits 0 whatever the figures are, and 1 if something could not be measured. It reads /proc and therefore needs Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	events := flags.Int("events", 1_000_000, "events in each run")
	runs := flags.Int("runs", 3, "runs of each program; the median counts")
	long := flags.Bool("long", false, "measure memory over ten million events")
	only := flags.String("only", "", "rows to measure, comma-separated: "+strings.Join(keys(), ", "))
	dir := flags.String("dir", "", "folder for state, best on a disk like that of production (default: a temporary folder)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	r, err := newRig(*dir, progress)
	if err != nil {
		return err
	}
	defer r.remove()
	r.events, r.runs, r.memoryEvents = *events, *runs, *events
	if *long {
		r.memoryEvents = 10_000_000
	}
	return r.report(ctx, chosen, out)
}

// report measures the chosen rows and prints them. After a failure it goes on with the next row; after an interrupt it prints
// the rows that are complete.
func (r *rig) report(ctx context.Context, chosen []row, out io.Writer) error {
	if err := r.build(ctx); err != nil {
		return err
	}
	var results []result
	var failures []error
	for _, row := range chosen {
		found, err := row.measure(r, ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			found = []result{{number: row.key, note: "interrupted"}}
			failures = []error{ctx.Err()}
		case errors.Is(err, errAbsent):
			found = []result{{number: row.key, note: err.Error()}}
		case err != nil:
			failures = append(failures, fmt.Errorf("%s: %w", row.key, err))
			found = []result{{number: row.key, note: "see the error below"}}
		}
		results = append(results, found...)
	}
	if err := printTable(out, r.machine(), results); err != nil {
		return err
	}
	return errors.Join(failures...)
}

// row is one number, or several from the same runs.
type row struct {
	key     string
	measure func(*rig, context.Context) ([]result, error)
}

func rows() []row {
	return []row{
		{"million", (*rig).million},
		{"node", (*rig).node},
		{"paced", (*rig).paced},
		{"catchup", (*rig).catchUp},
		{"memory", (*rig).memory},
		{"start", (*rig).start},
		{"company", (*rig).company},
		{"functions", (*rig).functions},
	}
}

func keys() []string {
	var all []string
	for _, row := range rows() {
		all = append(all, row.key)
	}
	return all
}

// choose returns the rows that a list of keys names, all of them for an empty list.
func choose(list string) ([]row, error) {
	if list == "" {
		return rows(), nil
	}
	var chosen []row
	for key := range strings.SplitSeq(list, ",") {
		at := slices.Index(keys(), key)
		if at < 0 {
			return nil, fmt.Errorf("-only: no row %q, there are %s", key, strings.Join(keys(), ", "))
		}
		chosen = append(chosen, rows()[at])
	}
	return chosen, nil
}
