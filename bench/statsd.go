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
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/asana-exporter/asana_exporter/bench/pages"
)

// receive sends the events to statsd_exporter as lines over TCP, and returns its usage. It fetches and stores nothing.
func (r *rig) receive(ctx context.Context, w work) (usage, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lines, err := newLines()
	if err != nil {
		return usage{}, err
	}
	c, web, statsd, err := r.startStatsd(ctx)
	if err != nil {
		return usage{}, err
	}
	defer c.stop()                                                           //nolint:errcheck // Again, in case of an error.
	if err := c.until(ctx, shows(ctx, web, "asana_events", 0)); err != nil { // It listens.
		return usage{}, err
	}
	start := time.Now()
	if err := lines.send(ctx, statsd, w.events); err != nil {
		return usage{}, c.failed(err)
	}
	if err := c.until(ctx, shows(ctx, web, "asana_events", w.events)); err != nil {
		return usage{}, err
	}
	wall := time.Since(start)
	u, err := c.stop()
	u.wall = wall
	return u, err
}

// startStatsd returns the running exporter and the addresses of its pages and of its TCP port.
func (r *rig) startStatsd(ctx context.Context) (c *child, web, statsd string, err error) {
	if web, err = freeAddress(); err != nil {
		return nil, "", "", err
	}
	if statsd, err = freeAddress(); err != nil {
		return nil, "", "", err
	}
	cmd := exec.CommandContext(ctx, r.program("statsd_exporter"), "--web.listen-address="+web,
		"--statsd.listen-tcp="+statsd, "--statsd.listen-udp=", "--log.level=warn")
	cmd.Env = os.Environ()
	c, err = startChild(cmd, filepath.Join(r.dir, "statsd_exporter.log"))
	return c, web, statsd, err
}

// lines are the lines of events, page by page.
type lines [][]string

// newLines returns the events of a few pages as statsd writes them, with their labels as tags.
func newLines() (lines, error) {
	const count = 10
	book, err := pages.NewBook(count, time.Now())
	if err != nil {
		return nil, err
	}
	all := make(lines, count)
	for n := range all {
		for _, labels := range book.Labels(n) {
			all[n] = append(all[n], line(labels))
		}
	}
	return all, nil
}

// line returns an event as one line. Empty tags are refused, so they become "none".
func line(labels pages.Labels) string {
	var b strings.Builder
	b.WriteString("asana_events:1|c|#workspace:" + workspace)
	for i, name := range pages.Names() {
		value := labels[i]
		if value == "" {
			value = "none"
		}
		b.WriteString("," + name + ":" + value)
	}
	b.WriteByte('\n')
	return b.String()
}

// send writes so many events to address.
func (l lines) send(ctx context.Context, address string, events int) error {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("send events: %w", err)
	}
	defer connection.Close()
	out := bufio.NewWriterSize(connection, 64<<10)
	for i := range events {
		page := l[i/pages.Size%len(l)]
		if _, err := out.WriteString(page[i%pages.Size]); err != nil {
			return fmt.Errorf("send events: %w", err)
		}
	}
	return out.Flush()
}
