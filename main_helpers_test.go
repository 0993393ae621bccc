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
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

var (
	kills = flag.Int("kills", 30, "how often the kill test kills")
	seed  = flag.Uint64("seed", uint64(time.Now().UnixNano()), "decides when the kill test kills")
)

// beTheProgram in the environment makes the test binary be the exporter, so that tests can kill it.
const beTheProgram = "ASANA_EXPORTER_TEST_BE_THE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(beTheProgram) != "" {
		main()
		return
	}
	if err := flag.Set("test.parallel", "4"); err != nil { // Most tests here wait for something; flags given win.
		panic(err)
	}
	os.Exit(m.Run())
}

// listening finds the address in the log, in both of its formats.
var listening = regexp.MustCompile(`\baddress"?[:=]"?(127\.0\.0\.1:\d+)["\s]`)

const (
	testWorkspace = "1200000000000001"
	testToken     = "2/1200000000000002/1200000000000003:0123456789abcdef0123456789abcdef"
	missing       = "(missing)" // As the value of a flag.
)

// patience is how long tests wait for what has to come: far longer than it takes.
const patience = 2 * time.Minute

// A process is the exporter as people run it.
type process struct {
	*exec.Cmd
	stdout logbook
	stderr logbook
	ended  chan struct{} // Closed when it has ended.
}

// spawn starts program, the test binary if that is empty, and kills it at the end of the test.
func spawn(t *testing.T, program string, args ...string) *process {
	t.Helper()
	return spawnIn(t, program, nil, args...)
}

// spawnIn is spawn with further variables in the environment.
func spawnIn(t *testing.T, program string, environment []string, args ...string) *process {
	t.Helper()
	if program == "" {
		program = os.Args[0]
	}
	p := &process{Cmd: exec.Command(program, args...), ended: make(chan struct{})}
	p.Env = append(os.Environ(), beTheProgram+"=1", "ASANA_WORKSPACE=", "ASANA_TOKEN_FILE=", "ASANA_TOKEN_DIR=", "GORACE=atexit_sleep_ms=0")
	p.Env = append(p.Env, environment...)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	must(t, p.Start())
	go func() {
		_ = p.Wait() // What it ended with is in ProcessState.
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.ended
		if crash := regexp.MustCompile(`(?m)^(panic: |fatal error: |WARNING: DATA RACE)`); crash.MatchString(p.stderr.String()) {
			t.Errorf("it crashed:\n%s", p.stderr.String())
		}
	})
	return p
}

// exit waits for the end of the process and returns its exit code, -1 after a signal.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("it does not end; it wrote:\n%s", p.stderr.String())
		return 0
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// signal sends a signal; a process that has ended takes it in silence.
func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

// address waits until the process listens and returns where.
func (p *process) address(t *testing.T) string {
	t.Helper()
	return p.stderr.address(t)
}

// within runs the program inside the test's process and returns its address and what ends it.
func within(t *testing.T, args ...string) (address string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log := &logbook{}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, args, nil, log, log) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("run: %v; it wrote:\n%s", err, log)
		}
	})
	return log.address(t), stop
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// arguments returns flags with which the program runs, for nobody at the other end. Pairs of a name and a value change
// them; a flag whose value is missing is left out.
func arguments(t *testing.T, changes ...string) []string {
	t.Helper()
	flags := []string{
		"--asana.workspace", testWorkspace, "--asana.token-file", file(t, testToken+"\n"), "--asana.url", "http://127.0.0.1:1",
		"--state.dir", t.TempDir(), "--web.listen-address", "127.0.0.1:0",
	}
	for change := range slices.Chunk(changes, 2) {
		i := slices.Index(flags, change[0])
		if i >= 0 {
			flags = slices.Delete(flags, i, i+2)
		}
		if change[1] != missing {
			flags = append(flags, change...)
		}
	}
	return flags
}

// file returns the name of a new file.
func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// build compiles the program as people run it: the race detector takes a multiple of the memory.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "asana_exporter")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// peakMemory returns the most memory that the process has had; 0 where that can't be known.
func peakMemory(t *testing.T, p *process) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	must(t, err)
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no VmHWM in %s", status)
	}
	kilobytes, err := strconv.Atoi(string(found[1]))
	must(t, err)
	return kilobytes << 10
}
