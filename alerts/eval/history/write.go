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
	"bufio"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
)

// lookback is how long a server takes the last sample of a series for its present value.
const lookback = 5 * time.Minute

// write writes the store as OpenMetrics. An error of the writer is left to whoever flushes it.
//
// The counters of events end a lookback earlier. The exporter that takes over does not have all of them, and there is no other way
// to say that a series ended: the old ones would be part of all sums for five minutes, after which these would fall.
func write(w *bufio.Writer, store *engine.Store, to time.Time) {
	for _, s := range store.All() {
		prefix, name := selector(s.Labels())+" ", s.Labels().Get(model.MetricNameLabel)
		distance, end := distances(name), to
		if name == events {
			end = to.Add(-lookback)
		}
		last := int64(math.MinInt64 / 2)
		var line []byte
		times, values := s.Samples()
		for i, at := range times {
			if at > end.UnixMilli() || at-last < distance(to.UnixMilli()-at).Milliseconds() || value.IsStaleNaN(values[i]) {
				continue
			}
			last = at
			line = strconv.AppendFloat(append(line[:0], prefix...), values[i], 'g', -1, 64)
			line = strconv.AppendInt(append(line, ' '), at/1000, 10)
			_, _ = w.Write(append(line, '\n'))
		}
	}
	_, _ = w.WriteString("# EOF\n")
}

// distances returns how far apart the samples of a metric are at an age in milliseconds. A chart finds one every five minutes;
// nobody looks at what is older and not recorded, but over hours.
func distances(name string) func(age int64) time.Duration {
	recorded := strings.Contains(name, ":") && !strings.HasPrefix(name, "asana_") // Those are knobs.
	return func(age int64) time.Duration {
		switch {
		case age <= day.Milliseconds():
			return time.Minute
		case recorded || age <= 9*day.Milliseconds():
			return 5 * time.Minute
		default:
			return 30 * time.Minute
		}
	}
}

// selector writes a series as OpenMetrics names it.
func selector(l labels.Labels) string {
	var name string
	var pairs []string
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	l.Range(func(l labels.Label) {
		if l.Name == model.MetricNameLabel {
			name = l.Value
			return
		}
		pairs = append(pairs, l.Name+`="`+escape.Replace(l.Value)+`"`)
	})
	return name + "{" + strings.Join(pairs, ",") + "}"
}
