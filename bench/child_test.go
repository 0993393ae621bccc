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
