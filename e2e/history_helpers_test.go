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
	"bufio"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// A history is a past that a Prometheus server is given before it starts, as samples at even distances.
type history struct {
	from, to time.Time
	file     *os.File
	text     *bufio.Writer
	samples  int
}

func newHistory(t *testing.T, from, to time.Time) *history {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "history.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return &history{from: from, to: to, file: file, text: bufio.NewWriterSize(file, 1<<20)}
}

// add adds a series, such as `up{job="asana"}`, whose values come from a function of the time since the beginning.
func (h *history) add(series string, every time.Duration, value func(since time.Duration) float64) {
	var line []byte
	for at := h.from; !at.After(h.to); at = at.Add(every) {
		line = append(append(line[:0], series...), ' ')
		line = append(strconv.AppendFloat(line, value(at.Sub(h.from)), 'f', 2, 64), ' ')
		line = append(strconv.AppendInt(line, at.Unix(), 10), '\n')
		_, _ = h.text.Write(line) // The error comes again at the end.
		h.samples++
	}
}

// write makes the blocks of a server of it.
func (h *history) write(t *testing.T, dir string) {
	t.Helper()
	if _, err := h.text.WriteString("# EOF\n"); err != nil {
		t.Fatal(err)
	}
	if err := h.text.Flush(); err != nil {
		t.Fatal(err)
	}
	defer h.file.Close()
	promtool := lookUp(t, "promtool", "install Debian's package prometheus")
	// Large blocks: promtool reads the whole file for each of them.
	cmd := exec.Command(promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=1000h", h.file.Name(), dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
}

// daily goes up and down once a day, between 0 and most.
func daily(most float64) func(time.Duration) float64 {
	return func(since time.Duration) float64 { return most * (1 + math.Sin(2*math.Pi*since.Hours()/24)) / 2 }
}

// growing grows by so much a second, twice as fast at noon as on average.
func growing(rate float64) func(time.Duration) float64 {
	return func(since time.Duration) float64 {
		days := since.Hours() / 24
		return math.Floor(rate * 86400 * (days - math.Sin(2*math.Pi*days)/(2*math.Pi)))
	}
}
