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
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is the CPU time and memory of a process.
type usage struct {
	// cpu is user and system time together.
	cpu time.Duration
	// peak is the maximum of resident memory in bytes; resident holds a sample every tenth of a second.
	peak     int64
	resident []int64
	// wall is the time from the first page to the last.
	wall time.Duration
}

// child is a running process.
type child struct {
	cmd      *exec.Cmd
	log      string
	started  time.Time
	resident []int64
	// ended is closed when the process has ended and resident is complete.
	ended chan struct{}
}

// startChild starts cmd. What it writes to its standard error goes to the file log.
func startChild(cmd *exec.Cmd, log string) (*child, error) {
	stderr, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	cmd.Stderr = stderr
	c := &child{cmd: cmd, log: log, started: time.Now(), ended: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	go c.watch()
	return c, nil
}

// watch notes the memory of the process until it ends.
func (c *child) watch() {
	defer close(c.ended)
	waited := make(chan struct{})
	go func() {
		c.cmd.Wait() //nolint:errcheck // We end it ourselves, so its status does not matter.
		close(waited)
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-waited:
			return
		case <-tick.C:
			if bytes, err := memory(c.cmd.Process.Pid, "VmRSS"); err == nil {
				c.resident = append(c.resident, bytes)
			}
		}
	}
}

// stop ends the process as an init system would, and returns its usage. It may be called again.
func (c *child) stop() (usage, error) {
	// Not from getrusage, whose maximum includes the memory of this process at the fork.
	peak, peakErr := memory(c.cmd.Process.Pid, "VmHWM")
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return usage{}, fmt.Errorf("stop: %w", err)
	}
	select {
	case <-c.ended:
	case <-time.After(10 * time.Second):
		c.cmd.Process.Kill() //nolint:errcheck // It may have ended by now.
		<-c.ended
		return usage{}, c.failed(errors.New("did not stop"))
	}
	if peakErr != nil {
		return usage{}, c.failed(peakErr)
	}
	state := c.cmd.ProcessState
	return usage{cpu: state.UserTime() + state.SystemTime(), peak: peak, resident: c.resident}, nil
}

// failed returns err with the end of the log of the process.
func (c *child) failed(err error) error {
	said, readErr := os.ReadFile(c.log)
	if readErr != nil {
		return err
	}
	said = said[max(0, len(said)-1000):]
	return fmt.Errorf("%s: %w; it said: %s", c.cmd.Path, err, strings.TrimSpace(string(said)))
}

// until waits for done and gives up when ctx or the process ends.
func (c *child) until(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-c.ended:
		return c.failed(errors.New("ended early"))
	case <-ctx.Done():
		return c.failed(ctx.Err())
	}
}

// memory returns a size in bytes from /proc/pid/status. See proc_pid_status(5).
func memory(pid int, key string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if size, ok := strings.CutPrefix(line, key+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(size), "kB")), 10, 64)
			return kib * 1024, err
		}
	}
	return 0, fmt.Errorf("no %s in the status of process %d", key, pid)
}
