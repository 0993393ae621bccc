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
	"os"
	"os/exec"
)

// million compares the CPU time for a million events with that of the plain poller and of statsd_exporter.
func (r *rig) million(ctx context.Context) ([]result, error) {
	all, err := r.compete(ctx, "million", work{events: r.events, secure: true},
		r.installed(), r.poller("plain Go poller", r.plainCommand), contender{"statsd_exporter", r.receive})
	if err != nil {
		return nil, err
	}
	exporter, plain, statsd := all[0], all[1], all[2]
	return []result{
		{
			number: "CPU time for a million events over HTTPS and gzip, relative to a plain Go poller",
			value:  exporter.median(cpu) / plain.median(cpu), bound: 1.0 / 3, format: "%.2f x",
			beside: r.costs(own, exporter) + "; " + r.costs("plain Go poller", plain),
		},
		{
			number: "the same, relative to statsd_exporter, which only receives the events",
			value:  exporter.median(cpu) / statsd.median(cpu), bound: .9, format: "%.2f x",
			beside: "statsd_exporter " + r.cost(statsd),
		},
	}, nil
}

// node compares the CPU time over plain http with that of a poller built on Asana's own Node client.
func (r *rig) node(ctx context.Context) ([]result, error) {
	if err := installNode(ctx); err != nil {
		return nil, err
	}
	all, err := r.compete(ctx, "node", work{events: r.events},
		r.installed(), r.poller("Node poller", r.nodeCommand))
	if err != nil {
		return nil, err
	}
	exporter, node := all[0], all[1]
	return []result{{
		number: "the same over plain http and gzip, relative to a Node poller",
		value:  exporter.median(cpu) / node.median(cpu), bound: 1.0 / 5, format: "%.2f x",
		beside: r.costs(own, exporter) + "; " + r.costs("Node poller", node),
	}}, nil
}

// installNode installs the libraries in the Node poller's lock file, unless they are there.
func installNode(ctx context.Context) error {
	if _, err := exec.LookPath("node"); err != nil {
		return fmt.Errorf("node %w", errAbsent)
	}
	if _, err := os.Stat("nodepoller/node_modules/asana"); err == nil {
		return nil
	}
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = "nodepoller"
	if output, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %s", err, output)
	}
	return nil
}

// paced compares the CPU time at the highest rate that Asana's limits allow with that of the plain poller.
func (r *rig) paced(ctx context.Context) ([]result, error) {
	const rate, seconds = 25_000, 20
	all, err := r.compete(ctx, "paced", work{events: rate * seconds, secure: true, rate: rate},
		r.installed(), r.poller("plain Go poller", r.plainCommand),
		r.poller("exporter without the unit's timer slack", r.exporterCommand), r.poller("the same that logs events", r.loggingCommand))
	if err != nil {
		return nil, err
	}
	share := func(u usage) float64 { return 100 * u.cpu.Seconds() / seconds }
	exporter, plain, slackless, logging := all[0], all[1], all[2], all[3]
	return []result{{
		number: "CPU time at 25,000 events per second, relative to a plain Go poller",
		value:  exporter.median(cpu) / plain.median(cpu), bound: .36, format: "%.2f x",
		beside: fmt.Sprintf("%s of a core, without the unit's timer slack %s; plain Go poller %s",
			exporter.spread(share, "%.1f %%"), slackless.spread(share, "%.1f %%"), plain.spread(share, "%.1f %%")),
	}, {
		number: "the same with --events.log=all, which logs 1000 of them, relative to without",
		value:  logging.median(cpu) / slackless.median(cpu), bound: 1.5, format: "%.2f x",
		beside: logging.spread(share, "%.1f %%") + " of a core",
	}}, nil
}

// memory measures the peak of resident memory, and whether it grows.
func (r *rig) memory(ctx context.Context) ([]result, error) {
	w := work{events: r.memoryEvents, secure: true}
	u, err := r.follow(ctx, r.exporterCommand, w)
	if err != nil {
		return nil, err
	}
	plain, err := r.follow(ctx, r.plainCommand, work{events: min(r.events, r.memoryEvents), secure: true})
	if err != nil {
		return nil, err
	}
	if len(u.resident) == 0 {
		return nil, errors.New("too few events to see any memory")
	}
	early, late := u.resident[len(u.resident)/10], u.resident[len(u.resident)-1]
	return []result{{
		number: fmt.Sprintf("peak resident memory over %d events", w.events),
		value:  mib(u.peak), bound: 40, format: "%.1f MiB",
		beside: fmt.Sprintf("%.1f MiB after a tenth of the time, %.1f MiB at the end; plain Go poller at most %.1f MiB",
			mib(early), mib(late), mib(plain.peak)),
	}}, nil
}

// cost writes the CPU seconds of runs, for a million events.
func (r *rig) cost(all runs) string {
	scaled := func(u usage) float64 { return cpu(u) * 1e6 / float64(r.events) }
	return all.spread(scaled, "%.2f") + " s"
}

// costs is cost with the memory.
func (r *rig) costs(name string, all runs) string {
	return fmt.Sprintf("%s %s, %.0f MiB", name, r.cost(all), all.median(peak))
}
