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
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

const (
	workspace = "1200000000000001"
	// own is the name under which the exporter appears in the table.
	own = "asana_exporter"
)

// errAbsent reports that a program to compare with is not installed.
var errAbsent = errors.New("is not installed")

// rig holds what all rows share: the programs, a folder, a certificate.
type rig struct {
	dir      string
	identity identity
	progress io.Writer

	events       int
	memoryEvents int
	runs         int
}

// newRig makes a folder inside dir, or inside the usual place for temporary files.
func newRig(dir string, progress io.Writer) (*rig, error) {
	dir, err := os.MkdirTemp(dir, "bench-")
	if err != nil {
		return nil, err
	}
	r := &rig{dir: dir, progress: progress}
	if r.identity, err = newIdentity(dir); err != nil {
		return nil, err
	}
	return r, os.WriteFile(r.tokenFile(), []byte("token\n"), 0o600)
}

func (r *rig) remove() {
	if err := os.RemoveAll(r.dir); err != nil {
		r.say("remove %s: %v", r.dir, err)
	}
}

func (r *rig) tokenFile() string { return filepath.Join(r.dir, "token") }

// program returns the path of a program that build made.
func (r *rig) program(name string) string { return filepath.Join(r.dir, "bin", name) }

func (r *rig) say(format string, args ...any) {
	fmt.Fprintf(r.progress, format+"\n", args...)
}

// build compiles the programs without cgo, as in the image of the exporter.
func (r *rig) build(ctx context.Context) error {
	r.say("building")
	for dir, targets := range map[string][]string{
		"..": {"."},
		".":  {"./pageserver", "./plainpoller", "github.com/prometheus/statsd_exporter"},
	} {
		args := append([]string{"build", "-trimpath", "-o", r.program("") + "/"}, targets...)
		build := exec.CommandContext(ctx, "go", args...)
		build.Dir = dir
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w: %s", err, output)
		}
	}
	return nil
}

// machine describes the machine of the measurement.
func (r *rig) machine() string {
	line := fmt.Sprintf("%s on %d cores of %s/%s", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	if p50, err := r.replace(100); err == nil {
		line += fmt.Sprintf("; replacing a 10 kB file durably takes %.1f ms", float64(p50)/float64(time.Millisecond))
	}
	return line
}

// replace returns the median time of the disk operations of a commit: write, fsync, rename, fsync.
func (r *rig) replace(times int) (time.Duration, error) {
	folder, err := os.Open(r.dir)
	if err != nil {
		return 0, err
	}
	defer folder.Close()
	content := make([]byte, 10_000)
	var took []time.Duration
	for range times {
		start := time.Now()
		if err := replaceOnce(folder, content); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

func replaceOnce(folder *os.File, content []byte) error {
	f, err := os.Create(filepath.Join(folder.Name(), "probe.tmp"))
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(folder.Name(), "probe")); err != nil {
		return err
	}
	return folder.Sync()
}

// freeAddress returns a loopback address that nobody listened on a moment ago.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("look for a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
