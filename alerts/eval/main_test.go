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
	"errors"
	"strings"
	"testing"
)

func eval(t *testing.T, args ...string) string {
	t.Helper()
	var b strings.Builder
	if err := run(t.Context(), &b, args); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestQualityJudgesEachSeedAndTheSum(t *testing.T) {
	got := eval(t, "quality", "-only", "syn-sparse-1_inc", "-days", "20", "-seeds", "1,2",
		"-rules", "testdata/simple.yml")
	for _, want := range []string{
		"Seed 1, 1 scenarios", "Seed 2, 1 scenarios", "All 2 seeds",
		"| pages alone: false per workspace and 90 days, synthetic |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestRunNamesWhatWasMissed(t *testing.T) {
	got := eval(t, "quality", "-list", "-only", "syn-sparse-1_inc", "-days", "20", "-seeds", "1", "-rules", "testdata/deaf.yml")
	if !strings.Contains(got, "missed(burst500_5m 500 d") {
		t.Errorf("nothing missed in\n%s", got)
	}
}

func TestUnknownCommand(t *testing.T) {
	if err := run(t.Context(), nil, []string{"gess"}); !errors.Is(err, errUsage) {
		t.Errorf("got %v, want the usage", err)
	}
}
