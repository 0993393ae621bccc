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
	"bytes"
	"context"
	"regexp"
	"sync"
	"testing"
	"time"
)

// A logbook keeps what a program writes. Its zero value is ready, and it is safe for concurrent use.
type logbook struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // Closed by the next write.
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written != nil {
		close(l.written)
		l.written = nil
	}
	return l.text.Write(p)
}

func (l *logbook) String() string {
	text, _ := l.from(0)
	return text
}

// len returns how much was written so far, for awaitFrom.
func (l *logbook) len() int { return len(l.String()) }

// from returns what was written after so many bytes, and what is closed when there is more.
func (l *logbook) from(offset int) (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written == nil {
		l.written = make(chan struct{})
	}
	return string(l.text.Bytes()[offset:]), l.written
}

// await waits until something is written that fits the pattern and returns its submatches.
func (l *logbook) await(t *testing.T, pattern string) []string {
	t.Helper()
	return l.awaitFrom(t, 0, pattern)
}

// awaitFrom is await without what was written in the first bytes.
func (l *logbook) awaitFrom(t *testing.T, offset int, pattern string) []string {
	t.Helper()
	compiled := regexp.MustCompile(pattern)
	deadline := time.After(patience)
	for {
		text, more := l.from(offset)
		if match := compiled.FindStringSubmatch(text); match != nil {
			return match
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("nothing that fits %s in what was written:\n%s", pattern, text)
		}
	}
}

func (l *logbook) address(t *testing.T) string {
	t.Helper()
	return l.await(t, listening.String())[1]
}

// eventually waits until condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	if !poll(patience, 5*time.Millisecond, condition) {
		t.Fatalf("not in %s: %s", patience, what)
	}
}

// poll waits for what another process does: it looks after each interval, and reports whether condition held within the limit.
func poll(limit, interval time.Duration, condition func() bool) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	held := condition()
	repeat(ctx, interval, func() {
		if held = held || condition(); held {
			cancel()
		}
	})
	return held
}

// repeat calls do after each interval until ctx ends.
func repeat(ctx context.Context, interval time.Duration, do func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}
