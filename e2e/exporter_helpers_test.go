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

//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long to wait for what takes a second on an idle machine.
const patience = 30 * time.Second

// program is the built exporter. TestMain sets it.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "asana_exporter-e2e-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "asana_exporter")
	build := exec.Command("go", "build", "-o", program, "..")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", build, err, out)
	}
	return m.Run(), nil
}

// An exporter is the program with its flags. It can be started, killed and started again.
type exporter struct {
	asana   *asana // What it follows; nil for the demo.
	address string
	dir     string // Of its state.
	token   string // The token file.
	flags   []string
	// around is a command that becomes the exporter, which is appended to it, and attr are its attributes.
	around []string
	attr   *syscall.SysProcAttr

	log   buffer
	cmd   *exec.Cmd // Nil while it is down.
	ended chan struct{}
}

// newExporter returns an exporter that follows asana and is not started yet.
func newExporter(t *testing.T, asana *asana, flags ...string) *exporter {
	t.Helper()
	dir := t.TempDir()
	e := &exporter{
		asana: asana, address: freeAddress(t), flags: flags,
		dir: filepath.Join(dir, "state"), token: filepath.Join(dir, "token"),
	}
	if asana != nil {
		if err := os.WriteFile(e.token, []byte(asana.token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		e.kill(t)
		if t.Failed() {
			t.Logf("log of the exporter, the end:\n%s", e.log.end())
		}
	})
	return e
}

// command returns the command line that runs the exporter.
func (e *exporter) command() []string {
	command := slices.Concat(e.around, []string{program, "--web.listen-address=" + e.address, "--log.level=debug"}, e.flags)
	if e.asana == nil {
		return command
	}
	return append(command, "--state.dir="+e.dir, "--asana.url="+e.asana.url+"/api/1.0", "--asana.token-file="+e.token,
		"--asana.workspace="+e.asana.workspace)
}

// start returns when the exporter answers scrapes.
func (e *exporter) start(t *testing.T) {
	t.Helper()
	command := e.command()
	cmd, ended := exec.Command(command[0], command[1:]...), make(chan struct{})
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &e.log, &e.log, e.attr
	cmd.Env = append(os.Environ(), "TMPDIR="+filepath.Dir(e.token)) // The demo leaves a folder behind when it is killed.
	if err := cmd.Start(); err != nil {
		t.Fatalf("start of the exporter: %v", err)
	}
	go func() {
		_ = cmd.Wait() // What it says is in the state of the process.
		close(ended)
	}()
	e.cmd, e.ended = cmd, ended
	waitFor(t, patience, func() error {
		select {
		case <-ended:
			e.cmd = nil
			t.Fatalf("the exporter ended at its start: %s", cmd.ProcessState)
		default:
		}
		_, err := e.scrape()
		return err
	})
}

// kill ends the exporter with SIGKILL, if it runs.
func (e *exporter) kill(t *testing.T) {
	t.Helper()
	if e.cmd != nil {
		_ = e.cmd.Process.Kill()
		e.wait(t)
	}
}

// wait returns when the exporter has died by SIGKILL.
func (e *exporter) wait(t *testing.T) {
	t.Helper()
	cmd := e.cmd
	e.cmd = nil
	select {
	case <-e.ended:
	case <-time.After(patience):
		t.Errorf("the exporter lives, %s after it should have died", patience)
		_ = cmd.Process.Kill()
		<-e.ended
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Errorf("the exporter ended by itself: %s", cmd.ProcessState)
	}
}

func (e *exporter) pid() int { return e.cmd.Process.Pid }

// background runs a program until the test ends.
func background(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	var log buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // It was killed.
		if t.Failed() {
			t.Logf("log of %s, the end:\n%s", program, log.end())
		}
	})
}

// freeAddress returns an address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// lookUp returns the path of a program that the tests need.
func lookUp(t *testing.T, name, install string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: %s", name, install)
	}
	return path
}

// waitFor asks for a problem until there is none, and fails the test with it if there still is one in the end.
func waitFor(t *testing.T, atMost time.Duration, problem func() error) {
	t.Helper()
	poll(t, atMost, 50*time.Millisecond, problem)
}

// poll is waitFor with an interval.
func poll(t *testing.T, atMost, interval time.Duration, problem func() error) {
	t.Helper()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	deadline := time.Now().Add(atMost)
	for {
		err := problem()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s still: %v", atMost, err)
		}
		<-ticker.C
	}
}

// A buffer takes what a program prints while others read it.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// end returns the last lines.
func (b *buffer) end() string {
	const most = 40
	lines := strings.SplitAfter(b.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "")
}
