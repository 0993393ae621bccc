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
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the rule files anew")

// People load the files; nobody edits them.
func TestFilesAreWhatTheCodeMakes(t *testing.T) {
	if *update {
		if err := run(nil); err != nil {
			t.Fatal(err)
		}
	}
	folder := written(t)
	for _, path := range glob(t, filepath.Join(folder, "*")) {
		if name := filepath.Base(path); read(t, path) != read(t, name) {
			t.Errorf("%s is not what the code makes; go generate ./alerts writes it anew", name)
		}
	}
}

// written returns a folder with the files that the flags make.
func written(t *testing.T, flags ...string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "made", "too")
	if err := run(append(flags, "-out", folder)); err != nil {
		t.Fatal(err)
	}
	return folder
}

// Servers that many teams share, such as Mimir, take 20 rules in a group unless they are told otherwise. The mixin has alerts and
// recording rules apart.
func TestGroupsHaveAtMost20RulesOfOneKind(t *testing.T) {
	for _, f := range files(defaults()) {
		for _, g := range f.groups {
			if len(g.rules) == 0 || len(g.rules) > 20 {
				t.Errorf("%s: %d rules in %s", f.name, len(g.rules), g.name)
			}
			for _, r := range g.rules {
				if (r.alert == "") != (g.rules[0].alert == "") {
					t.Errorf("%s: %s has alerts and recording rules", f.name, g.name)
				}
			}
		}
	}
}

// A flag changes each place where its value belongs, and nothing else.
func TestFlagsChangeTheFiles(t *testing.T) {
	o := defaults()
	for _, test := range []struct {
		flag, value string
		places      []string // With %s for the value.
		was         string
	}{
		{"-page", "critical", []string{"severity: %s}", "severity: %s,", `severity="%s"`}, o.page},
		{"-warning", "ticket", []string{"severity: %s}", "severity: %s,", `severity="%s"`}, o.warning},
		{"-runbook", "https://wiki.example.com/asana", []string{"runbook_url: %s#"}, o.runbook},
		{"-grafana", "https://grafana.example.com", []string{"url: %s}"}, o.grafana},
	} {
		var replace []string
		for _, place := range test.places {
			replace = append(replace, strings.ReplaceAll(place, "%s", test.was), strings.ReplaceAll(place, "%s", test.value))
		}
		changed := false
		for _, path := range glob(t, filepath.Join(written(t, test.flag, test.value), "*")) {
			readRulesOf(t, path)
			was, text := read(t, filepath.Base(path)), read(t, path)
			if text != strings.NewReplacer(replace...).Replace(was) {
				t.Errorf("%s changes %s elsewhere, or not everywhere", test.flag, filepath.Base(path))
			}
			changed = changed || text != was
		}
		if !changed {
			t.Errorf("%s changes nothing", test.flag)
		}
	}
}

// The other alerts stay as they are, and a group without any goes.
func TestDisabledAlertsAreLeftOut(t *testing.T) {
	prerequisites := "AsanaScrapesRare,AsanaZeroFirstShort, AsanaHistoryShort,AsanaRulesIncomplete"
	folder := written(t, "-disable", "AsanaExporterAbsent,"+prerequisites)
	for _, path := range glob(t, filepath.Join(folder, "*")) {
		var want, got []string
		for _, r := range readRulesOf(t, filepath.Base(path)) {
			if !strings.Contains("AsanaExporterAbsent, "+prerequisites, r.Alert) || r.Alert == "" {
				want = append(want, r.Record+r.Alert+r.Expr)
			}
		}
		for _, r := range readRulesOf(t, path) {
			got = append(got, r.Record+r.Alert+r.Expr)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", filepath.Base(path), got, want)
		}
		if strings.Contains(read(t, path), "asana-exporter-prerequisites") {
			t.Errorf("%s has a group without rules", path)
		}
	}
}

func TestBadFlagsWriteNothing(t *testing.T) {
	for _, args := range [][]string{
		{"extra"},
		{"-page", "warning"},
		{"-page", ""},
		{"-warning", "P1, P2"},
		{"-runbook", "wiki.example.com"},
		{"-runbook", "https://wiki.example.com/asana#top"},
		{"-grafana", "https://grafana.example.com/{{ x }}"},
		{"-grafana", "https://grafana.example.com/?orgId=1"},
		{"-page", "null"},
		{"-warning", "True"},
		{"-disable", "AsanaExporterAbsent,AsanaExporterGone"},
		{"-selector", "asana"},
		{"-selector", `{job="asana"}`},
		{"-selector", `job=asana`},
		{"-selector", `job="asana" env="prod"`},
		{"-selector", `job="asana`},
		{"-selector", `job="a"sana"`},
		{"-selector", `job="\q"`},
		{"-selector", `job=~"("`},
	} {
		folder := filepath.Join(t.TempDir(), "rules")
		if err := run(append([]string{"-out", folder}, args...)); err == nil {
			t.Errorf("%q: no error", args)
		}
		if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %s is there, %v", args, folder, err)
		}
	}
}
