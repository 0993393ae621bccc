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
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A tracer is a strace that is attached to a running exporter.
type tracer struct {
	cmd    *exec.Cmd
	output string // The file with the calls.
	says   buffer
	ended  chan error
}

// attach starts strace with these arguments on a running exporter, and returns once it is attached.
func attach(t *testing.T, e *exporter, args ...string) *tracer {
	t.Helper()
	strace := lookUp(t, "strace", "install Debian's package strace")
	s := &tracer{output: filepath.Join(t.TempDir(), "strace"), ended: make(chan error, 1)}
	// -yy prints the paths and connections of file descriptors: nothing else tells the calls apart.
	all := append([]string{"-f", "-yy", "-o", s.output, "-p", strconv.Itoa(e.pid())}, args...)
	s.cmd = exec.Command(strace, all...)
	s.cmd.Stderr = &s.says
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.cmd.Wait() }()
	t.Cleanup(func() { _ = s.cmd.Process.Kill() }) // Should the test have ended early.
	waitFor(t, patience, func() error {
		if !strings.Contains(s.says.String(), " attached") {
			return fmt.Errorf("strace is not attached; it needs root, or sysctl kernel.yama.ptrace_scope=0; it says: %s", s.says.String())
		}
		return nil
	})
	return s
}

// traced runs the exporter under strace from its next start on. Each start writes these system calls to the file anew.
func (e *exporter) traced(t *testing.T, calls string) *tracer {
	t.Helper()
	s := &tracer{output: filepath.Join(t.TempDir(), "strace")}
	e.around = []string{lookUp(t, "strace", "install Debian's package strace"), "-D", "-f", "--seccomp-bpf", "-yy", "-o", s.output, "--trace=" + calls}
	return s
}

// sawDeathOf returns an error until strace has written the last line about a process that was killed. strace pads short pids.
func (s *tracer) sawDeathOf(pid int) error {
	content, err := os.ReadFile(s.output)
	death := regexp.MustCompile(fmt.Sprintf(`(?m)^%d +\+\+\+ killed by SIGKILL \+\+\+$`, pid))
	if err == nil && !death.Match(content) {
		err = errors.New("strace has not seen the exporter die")
	}
	return err
}

// interrupted returns the step at which SIGKILL ended a commit: the last that was begun between the first write and the
// end of the fsync of the folder. It returns elsewhere for the time between two commits.
func (s *tracer) interrupted(t *testing.T, e *exporter) string {
	t.Helper()
	last := elsewhere
	for _, call := range s.calls(t) {
		switch step := call.step(e); {
		case step == elsewhere:
		case step == create, step == ask, step == closeFolder, step == syncFolder && call.result != "?":
			last = elsewhere
		default:
			last = step
		}
	}
	return last
}

// detach lets the exporter go on alone.
func (s *tracer) detach(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("detach strace: %v", err)
	}
	<-s.ended
}

// A call is a system call as strace prints it.
type call struct{ name, args, result string }

var (
	wholeCall   = regexp.MustCompile(`^(\w+)\((.*)\)\s+= (.*)$`)
	resumedCall = regexp.MustCompile(`^<\.\.\. \w+ resumed>(.*)$`)
)

// calls returns the traced calls in the order of their ends. The call of one thread may be split over two lines, with lines of
// other threads between them.
func (s *tracer) calls(t *testing.T) []call {
	t.Helper()
	content, err := os.ReadFile(s.output)
	if err != nil {
		t.Fatal(err)
	}
	var calls []call
	begun := map[string]string{}
	for line := range strings.Lines(string(content)) {
		thread, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		text = strings.TrimSpace(text)
		if beginning, ok := strings.CutSuffix(text, " <unfinished ...>"); ok {
			begun[thread] = beginning
			continue
		}
		if rest := resumedCall.FindStringSubmatch(text); rest != nil {
			text = begun[thread] + rest[1]
		}
		if parts := wholeCall.FindStringSubmatch(text); parts != nil {
			calls = append(calls, call{parts[1], parts[2], parts[3]})
		}
	}
	return calls
}

// Steps of a commit, and what comes before and after it.
const (
	ask         = "ask"
	create      = "create"
	write       = "write"
	syncFile    = "fsync"
	closeFile   = "close"
	rename      = "rename"
	openFolder  = "open-folder"
	syncFolder  = "fsync-folder"
	closeFolder = "close-folder"
	elsewhere   = ""
)

// step returns the step of a commit that the call is.
func (c call) step(e *exporter) string {
	temporary := strings.Contains(c.args, e.asana.workspace+".json.tmp")
	folder := strings.Contains(c.args, "<"+e.dir+">") || strings.Contains(c.args, strconv.Quote(e.dir))
	switch {
	case c.name == "write" && strings.Contains(c.args, "->"+strings.TrimPrefix(e.asana.url, "http://")),
		c.name == "openat" && strings.Contains(c.args, strconv.Quote(e.token)): // Read for each question.
		return ask
	case strings.HasPrefix(c.name, "rename"):
		return rename
	case temporary:
		return map[string]string{"openat": create, "write": write, "fsync": syncFile, "close": closeFile}[c.name]
	case folder:
		return map[string]string{"openat": openFolder, "fsync": syncFolder, "close": closeFolder}[c.name]
	}
	return elsewhere
}

// folderOnly limits strace to calls that have to do with the state folder itself, not with the files in it.
func folderOnly(e *exporter) string { return "--trace-path=" + e.dir }
