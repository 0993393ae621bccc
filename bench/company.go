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
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	companyWorkspaces = 50
	idleFor           = time.Minute // After a quarter of it, in which all start.
)

// company compares one process that follows many workspaces in which nothing happens with a process for each of them.
func (r *rig) company(ctx context.Context) ([]result, error) {
	asana := httptest.NewServer(http.HandlerFunc(quiet))
	defer asana.Close()
	var cores, memories [2]float64
	for i, each := range []int{companyWorkspaces, 1} {
		var err error
		if cores[i], memories[i], err = r.idle(ctx, asana.URL, companyWorkspaces/each, each); err != nil {
			return nil, err
		}
		r.say("company: %d processes take %.2f %% of a core and %.0f MiB", companyWorkspaces/each, cores[i], memories[i])
	}
	beside := fmt.Sprintf("%.2f %% of a core and %.0f MiB; 50 processes %.2f %% and %.0f MiB", cores[0], memories[0], cores[1], memories[1])
	return []result{
		{number: "share of a core for 50 idle workspaces in one process", value: cores[0], bound: cores[1], format: "%.2f %%", beside: beside},
		{number: "their memory", value: memories[0], bound: memories[1], format: "%.0f MiB", beside: beside},
	}, nil
}

// quiet answers for a workspace in which nothing happens.
func quiet(w http.ResponseWriter, req *http.Request) {
	const sync = "5a888cbba4065641bffe1b44dced2fcf:0"
	w.Header().Set("Content-Type", "application/json")
	switch {
	case !strings.HasSuffix(req.URL.Path, "/events"):
		fmt.Fprint(w, `{"data":{"name":"Quiet"}}`)
	case req.URL.Query().Get("sync") == "":
		w.WriteHeader(http.StatusPreconditionFailed)
		fmt.Fprintf(w, `{"errors":[{"message":"Sync token invalid or too old."}],"sync":%q}`, sync)
	default:
		fmt.Fprintf(w, `{"data":[],"sync":%q,"has_more":false}`, sync)
	}
}

// idle returns the share of a core, in percent, and the memory in MiB that so many processes take together, with so many
// workspaces each. Memory is what is their own: the program itself, which they share, is left out.
func (r *rig) idle(ctx context.Context, url string, processes, each int) (share, resident float64, err error) {
	var children []*child
	defer func() {
		for _, c := range children {
			_, stopErr := c.stop()
			err = errors.Join(err, stopErr)
		}
	}()
	for p := range processes {
		c, err := r.startCompany(ctx, url, p*each, each)
		if err != nil {
			return 0, 0, err
		}
		children = append(children, c)
	}
	if err := pause(ctx, idleFor/4); err != nil {
		return 0, 0, err
	}
	before, _, err := spent(children)
	if err != nil {
		return 0, 0, err
	}
	if err := pause(ctx, idleFor); err != nil {
		return 0, 0, err
	}
	after, bytes, err := spent(children)
	return 100 * (after - before).Seconds() / idleFor.Seconds(), mib(bytes), err
}

// startCompany starts a process with a folder of tokens.
func (r *rig) startCompany(ctx context.Context, url string, first, n int) (*child, error) {
	dir, err := os.MkdirTemp(r.dir, "company-")
	if err != nil {
		return nil, err
	}
	tokens := filepath.Join(dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		return nil, err
	}
	for i := range n {
		gid := strconv.Itoa(1200000000000001 + first + i)
		if err := os.WriteFile(filepath.Join(tokens, gid), []byte("token"), 0o600); err != nil {
			return nil, err
		}
	}
	return startChild(exec.CommandContext(ctx, r.program(own), "--asana.url="+url, "--asana.token-dir="+tokens,
		"--state.dir="+filepath.Join(dir, "state"), "--web.listen-address=127.0.0.1:0"), filepath.Join(dir, "log"))
}

// spent returns the CPU time and the memory of processes together.
func spent(children []*child) (cpu time.Duration, bytes int64, err error) {
	for _, c := range children {
		own, err := memory(c.cmd.Process.Pid, "RssAnon")
		if err != nil {
			return 0, 0, c.failed(err)
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
		if err != nil {
			return 0, 0, c.failed(err)
		}
		// The fields after the name, which is in brackets; see proc_pid_stat(5). A tick is 10 ms on Linux.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, field := range fields[11:13] {
			ticks, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, 0, err
			}
			cpu += time.Duration(ticks) * 10 * time.Millisecond
		}
		bytes += own
	}
	return cpu, bytes, nil
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
