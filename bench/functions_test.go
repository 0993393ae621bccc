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

import "testing"

func TestBenchmarkResultsGetTheirBounds(t *testing.T) {
	const output = `goos: linux
BenchmarkSave/series=100-2 	     100	   1418330 ns/op	         0.5 p50-ms	        31.11 p99-ms
BenchmarkSave/series=100-2 	     100	   1418330 ns/op	         0.7 p50-ms	        31.11 p99-ms
BenchmarkSave/series=100-2 	     100	   1418330 ns/op	         9.0 p50-ms	        31.11 p99-ms
BenchmarkSave/series=10000-2   	     100	  16413042 ns/op	        25.0 p50-ms
BenchmarkGather/of=collector-2 	     100	   1872056 ns/op	      1500 cpu-µs/op	  319541 B/op	    2696 allocs/op
BenchmarkGather/of=countervec-2	     100	   2213059 ns/op	      3000 cpu-µs/op	  353768 B/op	    4201 allocs/op
PASS
`
	results, err := boundFunctions(readMeasures(output))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		value   float64
		verdict string
	}{{0.7, "within"}, {25, "over"}, {0.5, "within"}} {
		if r := results[i]; r.value != want.value || r.verdict() != want.verdict {
			t.Errorf("%s: %v, %s; want %v, %s", r.number, r.value, r.verdict(), want.value, want.verdict)
		}
	}
	if _, err := boundFunctions(readMeasures("PASS\n")); err == nil {
		t.Error("benchmarks that are gone are no error")
	}
}
