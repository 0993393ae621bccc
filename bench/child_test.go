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
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMain lets the test binary stand in for a program to measure.
func TestMain(m *testing.M) {
	switch os.Getenv("BENCH_TEST_CHILD") {
	case "wait":
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGTERM)
		<-told
	case "complain":
		os.Stderr.WriteString("no such flag\n")
		os.Exit(2)
	default:
		os.Exit(m.Run())
	}
}

// startTest starts the test binary as a child that behaves as told.
func startTest(t *testing.T, behaviour string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "BENCH_TEST_CHILD="+behaviour)
	c, err := startChild(cmd, filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChildThatEndsEarlySaysWhy(t *testing.T) {
	c := startTest(t, "complain")
	err := c.until(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "ended early") || !strings.Contains(err.Error(), "no such flag") {
		t.Errorf("got %v, want what the child said", err)
	}
}

func TestWaitingForAChildEndsWithTheContext(t *testing.T) {
	c := startTest(t, "wait")
	defer c.stop()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.until(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}
