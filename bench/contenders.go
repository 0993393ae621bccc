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
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// contender is a program that does the work of a row.
type contender struct {
	name string
	run  func(context.Context, work) (usage, error)
}

// poller returns the contender that reads pages with the command.
func (r *rig) poller(name string, command func(context.Context, job) *exec.Cmd) contender {
	return contender{name, func(ctx context.Context, w work) (usage, error) { return r.follow(ctx, command, w) }}
}

// installed is poller for the exporter as our systemd unit starts it.
func (r *rig) installed() contender {
	return contender{own, func(ctx context.Context, w work) (usage, error) {
		w.installed = true
		return r.follow(ctx, r.exporterCommand, w)
	}}
}

// exporterCommand exposes new series at once: the sum on /metrics is then complete at the end of the stream.
func (r *rig) exporterCommand(ctx context.Context, j job) *exec.Cmd {
	return exec.CommandContext(ctx, r.program(own),
		"--asana.url="+j.url, "--asana.workspace="+workspace, "--asana.token-file="+r.tokenFile(),
		"--asana.poll-interval="+j.poll.String(), "--state.dir="+filepath.Join(j.state, "data"),
		"--events.zero-first=0s", "--web.listen-address="+j.address)
}

// loggingCommand also logs events, as many a second as the exporter allows.
func (r *rig) loggingCommand(ctx context.Context, j job) *exec.Cmd {
	command := r.exporterCommand(ctx, j)
	command.Args = append(command.Args, "--events.log=all")
	return command
}

func (r *rig) plainCommand(ctx context.Context, j job) *exec.Cmd {
	return exec.CommandContext(ctx, r.program("plainpoller"),
		"-url", j.url, "-workspace", workspace, "-token-file", r.tokenFile(), "-poll-interval", j.poll.String(),
		"-state", filepath.Join(j.state, "state.json"), "-listen", j.address)
}

func (r *rig) nodeCommand(ctx context.Context, j job) *exec.Cmd {
	_, port, _ := net.SplitHostPort(j.address)
	return exec.CommandContext(ctx, "node", "nodepoller/index.js",
		"--url="+j.url, "--workspace="+workspace, "--token-file="+r.tokenFile(),
		"--poll-interval="+strconv.FormatInt(j.poll.Milliseconds(), 10),
		"--state="+filepath.Join(j.state, "state.json"), "--listen="+port)
}

// compete runs the contenders in turns, so that all see the same disturbances, and returns the usage of each run.
func (r *rig) compete(ctx context.Context, row string, w work, contenders ...contender) ([]runs, error) {
	all := make([]runs, len(contenders))
	for round := range r.runs {
		for i, c := range contenders {
			u, err := c.run(ctx, w)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			r.say("%s, run %d of %d: %s took %.2f s of CPU and %.2f s in all, %.1f MiB at its peak",
				row, round+1, r.runs, c.name, u.cpu.Seconds(), u.wall.Seconds(), mib(u.peak))
			all[i] = append(all[i], u)
		}
	}
	return all, nil
}

// runs are the runs of one contender.
type runs []usage

// median returns the median of a value over the runs.
func (all runs) median(of func(usage) float64) float64 {
	return median(all.values(of))
}

func (all runs) values(of func(usage) float64) []float64 {
	var values []float64
	for _, u := range all {
		values = append(values, of(u))
	}
	return values
}

// spread formats the median and, in brackets, the minimum and maximum.
func (all runs) spread(of func(usage) float64, format string) string {
	values := all.values(of)
	return fmt.Sprintf(format+" ("+format+" to "+format+")", median(values), slices.Min(values), slices.Max(values))
}

// median returns the middle value, the higher of two; zero for an empty slice.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func cpu(u usage) float64  { return u.cpu.Seconds() }
func peak(u usage) float64 { return mib(u.peak) }
func mib(b int64) float64  { return float64(b) / (1 << 20) }
