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
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/asana-exporter/asana_exporter/bench/pages"
)

// patience is the time limit of one run.
const patience = 10 * time.Minute

// work is a stream of events and how it is served.
type work struct {
	events int
	// secure is HTTPS; without it, plain http. Pages are compressed either way, as Asana's are.
	secure bool
	delay  time.Duration
	rate   float64
	// installed starts the program as our systemd unit does.
	installed bool
	// state is a folder with the state of an earlier run; if it is empty, the run starts from scratch.
	state string
}

// job holds the settings of a poller.
type job struct {
	url     string
	state   string
	address string
	poll    time.Duration
}

// follow lets a poller read all of the work and returns its usage. It fails if the poller then shows a wrong number of
// events.
func (r *rig) follow(ctx context.Context, command func(context.Context, job) *exec.Cmd, w work) (usage, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	server, err := r.servePages(ctx, w)
	if err != nil {
		return usage{}, err
	}
	defer server.close()
	c, j, err := r.startPoller(ctx, command, server.url, w)
	if err != nil {
		return usage{}, err
	}
	defer c.stop() //nolint:errcheck // Again, in case of an error.
	report, err := server.wait(ctx, c)
	if err != nil {
		return usage{}, err
	}
	if err := c.until(ctx, shows(ctx, j.address, "asana_events_total", w.events)); err != nil {
		return usage{}, err
	}
	u, err := c.stop()
	u.wall = report.Last.Sub(report.First)
	return u, err
}

// startPoller starts a poller of the API at url.
func (r *rig) startPoller(ctx context.Context, command func(context.Context, job) *exec.Cmd, url string, w work) (*child, job, error) {
	dir := w.state
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp(r.dir, "state-"); err != nil {
			return nil, job{}, err
		}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, job{}, err
	}
	j := job{url: url, state: dir, address: address, poll: time.Second}
	cmd := command(ctx, j)
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+r.identity.certificate)
	start := func(start func() error) error { return start() }
	if w.installed {
		start = withTimerSlack
	}
	var c *child
	err = start(func() (err error) {
		c, err = startChild(cmd, filepath.Join(dir, "log"))
		return err
	})
	return c, j, err
}

// pageServer is a running page server.
type pageServer struct {
	*child
	url    string
	out    *os.File
	answer *json.Decoder
}

func (s *pageServer) close() {
	s.stop()          //nolint:errcheck // What it spent is of no interest.
	_ = s.out.Close() // It was read only.
}

// servePages starts a page server and waits until it listens.
func (r *rig) servePages(ctx context.Context, w work) (*pageServer, error) {
	args := []string{
		"-gzip", "-events", strconv.Itoa(w.events), "-delay", w.delay.String(), "-rate", strconv.FormatFloat(w.rate, 'f', -1, 64),
	}
	if w.secure {
		args = append(args, "-tls-cert", r.identity.certificate, "-tls-key", r.identity.key)
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	cmd := exec.CommandContext(ctx, r.program("pageserver"), args...)
	cmd.Stdout = in
	c, err := startChild(cmd, filepath.Join(r.dir, "pageserver.log"))
	if err != nil {
		return nil, err
	}
	s := &pageServer{child: c, out: out, answer: json.NewDecoder(out)}
	var first struct {
		URL string `json:"url"`
	}
	if err := s.answer.Decode(&first); err != nil {
		s.close()
		return nil, c.failed(fmt.Errorf("read its address: %w", err))
	}
	// Without an address, the exporter would use its default, the real service.
	if !strings.Contains(first.URL, "://127.0.0.1:") {
		s.close()
		return nil, c.failed(fmt.Errorf("its address %q is not on the loopback", first.URL))
	}
	s.url = first.URL
	return s, nil
}

// wait returns when reader has read everything, or has ended.
func (s *pageServer) wait(ctx context.Context, reader *child) (pages.Report, error) {
	var report pages.Report
	done := make(chan error, 1)
	go func() { done <- s.answer.Decode(&report) }()
	if err := reader.until(ctx, done); err != nil {
		return pages.Report{}, fmt.Errorf("wait for the end of the stream: %w", err)
	}
	return report, nil
}
