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

package scenario

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// header is the first line of a trace, after "# ".
type header struct {
	Bin     int        // Minutes of a bin; its events are spread over it at random.
	Windows [][2]int64 // Unusual times known to the trace's authors.
	T0, T1  int64      // Unix seconds.
}

// Traces makes scenarios of the real activity in the folder's *.csv files, whose name contains one of the parts of
// only. Lines after the header are "minute since T0,count".
func Traces(folder string, seed uint64, only string) ([]*Scenario, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	var all []*Scenario
	for _, file := range files {
		for _, suffix := range []string{"_clean", "_inc"} {
			name := strings.TrimSuffix(filepath.Base(file), ".csv") + suffix
			if !Wanted(name, only) {
				continue
			}
			b, err := trace(file, seed)
			if err != nil {
				return nil, fmt.Errorf("trace %s: %w", file, err)
			}
			b.disturb(suffix)
			all = append(all, b.finish(name))
		}
	}
	return all, nil
}

func trace(file string, seed uint64) (*builder, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan()
	var h header
	if err := json.Unmarshal([]byte(strings.TrimPrefix(lines.Text(), "# ")), &h); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	name := strings.TrimSuffix(filepath.Base(file), ".csv")
	minutes := int((h.T1 - h.T0) / 60)
	b := newBuilder(Random(name, seed), minutes, "task")
	b.real = true
	b.scenario = &Scenario{Name: name, Group: traceGroup(name), Start: h.T0, Minutes: minutes, Seed: seed}
	for lines.Scan() {
		if err := b.line(lines.Text(), h.Bin); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	b.surroundings(h)
	return b, nil
}

func (b *builder) line(text string, bin int) error {
	var m, n int
	if _, err := fmt.Sscanf(text, "%d,%d", &m, &n); err != nil {
		return fmt.Errorf("line %s: %w", strconv.Quote(text), err)
	}
	minutes := b.scenario.Minutes
	for range n {
		at := m
		if bin > 1 {
			at += b.random.IntN(bin)
		}
		if at < minutes {
			b.deleted["task"][at]++
		}
	}
	length := max(bin, 30)
	for at := m; at < min(m+length, minutes); at++ {
		b.rate[at] += float64(n) / float64(length)
	}
	return nil
}

// surroundings adds other events, the known unusual times, and faults.
func (b *builder) surroundings(h header) {
	for m, rate := range b.rate {
		b.changed[m] = int32(poisson(b.random, 8*rate))
		b.added[m] = int32(poisson(b.random, 3*rate))
	}
	minutes := b.scenario.Minutes
	for _, w := range h.Windows {
		from, to := int((w[0]-h.T0)/60), int((w[1]-h.T0)/60)
		if to > 0 && from < minutes {
			b.scenario.Benign = append(b.scenario.Benign, Window{Kind: "labelled", From: max(from, 0), To: min(to, minutes)})
		}
	}
	b.faults()
}

// traceGroup is the sort of a trace by the first words of its name.
func traceGroup(name string) string {
	words := strings.SplitN(name, "-", 3)
	switch words[0] {
	case "bike", "fremont":
		return "real-bikes"
	case "gitact":
		return "real-git-activity"
	case "gitdel":
		return "real-git-deletions"
	}
	return "real-" + strings.Join(words[:min(2, len(words))], "-")
}
