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
	"net/http"
	"os"
	"os/exec"
	"time"
)

// start measures the time from the start of the process to the answer to its first scrape. From the second start on there is a
// state file, as at a restart.
func (r *rig) start(ctx context.Context) ([]result, error) {
	const rounds = 11
	w := work{events: 20_000, secure: true}
	server, err := r.servePages(ctx, w)
	if err != nil {
		return nil, err
	}
	defer server.close()
	commands := []func(context.Context, job) *exec.Cmd{r.exporterCommand, r.plainCommand}
	dirs := make([]string, len(commands))
	for i := range commands {
		if dirs[i], err = os.MkdirTemp(r.dir, "state-"); err != nil {
			return nil, err
		}
	}
	took := make([][]float64, len(commands))
	for range rounds {
		for i, command := range commands {
			w.state = dirs[i]
			d, err := r.firstScrape(ctx, command, server.url, w)
			if err != nil {
				return nil, err
			}
			took[i] = append(took[i], float64(d)/float64(time.Millisecond))
		}
	}
	return []result{{
		number: "start to first scrape",
		value:  median(took[0]), bound: 100, format: "%.0f ms",
		beside: fmt.Sprintf("plain Go poller %.0f ms", median(took[1])),
	}}, nil
}

// firstScrape starts a poller and returns how long it took until /metrics had answered.
func (r *rig) firstScrape(
	ctx context.Context, command func(context.Context, job) *exec.Cmd, url string, w work,
) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c, j, err := r.startPoller(ctx, command, url, w)
	if err != nil {
		return 0, err
	}
	defer c.stop() //nolint:errcheck // What it has spent is of no interest.
	var took time.Duration
	done := make(chan error, 1)
	go func() {
		err := untilAnswered(ctx, "http://"+j.address+"/metrics")
		took = time.Since(c.started)
		done <- err
	}()
	err = c.until(ctx, done)
	return took, err
}

// untilAnswered asks for a page until it gets it.
func untilAnswered(ctx context.Context, page string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, http.NoBody)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close() // The status is enough.
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	return ctx.Err()
}
