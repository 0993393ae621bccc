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
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// functions runs the benchmarks in the exporter's packages that have a bound here.
func (r *rig) functions(ctx context.Context) ([]result, error) {
	r.say("functions: running benchmarks of the collector")
	test := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(Save|Gather)$",
		"-count", strconv.Itoa(r.runs), "./collector")
	test.Dir = ".."
	test.Env = append(os.Environ(), "TMPDIR="+r.dir) // For the state files of the benchmarks.
	output, err := test.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test: %w: %s", err, output)
	}
	return boundFunctions(readMeasures(string(output)))
}

func boundFunctions(m measures) ([]result, error) {
	var missing error
	get := func(benchmark, unit string) float64 {
		values := m[measure{benchmark, unit}]
		if len(values) == 0 {
			missing = fmt.Errorf("no benchmark %s with %s", benchmark, unit)
		}
		return median(values)
	}
	own, vec := get("BenchmarkGather/of=collector", "cpu-µs/op"), get("BenchmarkGather/of=countervec", "cpu-µs/op")
	results := []result{
		{
			number: "commit at 100 series, p50", value: get("BenchmarkSave/series=100", "p50-ms"),
			bound: 3, format: "%.1f ms", beside: "see the disk above",
		},
		{
			number: "commit at 10,000 series, p50", value: get("BenchmarkSave/series=10000", "p50-ms"),
			bound: 20, format: "%.1f ms", beside: "see the disk above",
		},
		{
			number: "scrape of 1,000 event series, to that of a CounterVec",
			value:  own / vec, bound: 1.2, format: "%.2f x",
			beside: fmt.Sprintf("%.2f ms of CPU; CounterVec %.2f ms", own/1000, vec/1000),
		},
	}
	return results, missing
}

// measure names one of the figures that a benchmark reports.
type measure struct{ benchmark, unit string }

type measures map[measure][]float64

// readMeasures reads what go test -bench prints; see https://go.dev/design/14313-benchmark-format.
func readMeasures(output string) measures {
	all := measures{}
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := fields[0]
		if dash := strings.LastIndexByte(name, '-'); dash >= 0 { // The number of cores, where there is more than one.
			name = name[:dash]
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				key := measure{name, fields[i+1]}
				all[key] = append(all[key], v)
			}
		}
	}
	return all
}
