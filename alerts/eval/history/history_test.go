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
	"bytes"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
	"github.com/asana-exporter/asana_exporter/simulator"
)

func wednesday() time.Time { return time.Date(2026, 3, 18, 14, 37, 20, 0, time.UTC) }

func rules() []string {
	return []string{"../../deletions.yml", "../../exporter.yml", "../../recording.yml"}
}

// What was written is what a server has when the exporter begins to count, at zero and a little later. No alert takes that
// for anything, then or in the hours after, and the baselines are grown: an incident is paged for at once.
func TestLifeGoesOnWhereThePastEnds(t *testing.T) {
	args := []string{"-rate", "1", "-days", "16"}
	var text bytes.Buffer
	if err := run(&text, append(args, rules()...), wednesday()); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		story    string
		incident uint64
		want     []string
	}{
		{"nothing happens", 0, nil},
		{"500 tasks are deleted", 500, []string{"AsanaDeletionBurst: page", "AsanaDeletionBurst: warning"}},
	} {
		t.Run(row.story, func(t *testing.T) {
			store := read(t, text.String())
			end := wednesday().Truncate(time.Minute)
			o := options{
				workspace: "1200000000000001", name: "Example Company (simulated)", job: "asana", instance: "localhost:10176",
				rate: 1, nightShare: simulator.DemoNightShare, seed: 2, to: end.Add(3 * time.Hour),
			}
			live, err := o.simulate(end.Add(2 * time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			for i, set := range live.sets {
				if set.Action == "deleted" && set.ResourceSubtype == "default_task" {
					live.minutes[100][i] += row.incident
				}
			}
			o.scrape(store, end.Add(2*time.Minute), live)
			loaded, err := engine.Load(rules()...)
			if err != nil {
				t.Fatal(err)
			}
			firings, err := engine.Evaluate(loaded, store, end.UnixMilli(), o.to.UnixMilli())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range firings {
				got = append(got, f.Alert+": "+f.Labels.Get("severity"))
				if after := time.UnixMilli(f.From).Sub(end); after < 102*time.Minute || after > 106*time.Minute {
					t.Errorf("%s fires after %s", f.Alert, after)
				}
			}
			if slices.Sort(got); !slices.Equal(got, row.want) {
				t.Errorf("%q fire, want %q", got, row.want)
			}
		})
	}
}

// The exporter that takes over has counters of its own at zero, and not all of those that the past had: nobody has deleted a status
// update yet. Deletions count from its first minute on.
func TestCountsBeginWhereThePastEnds(t *testing.T) {
	end := wednesday().Truncate(time.Minute)
	o := options{workspace: "12", job: "asana", instance: "localhost:10176", to: end.Add(20 * time.Minute)}
	deleted := func(kind string) simulator.Labels { return simulator.Labels{Action: "deleted", ResourceType: kind} }
	past := engine.NewStore()
	o.scrape(past, end.Add(-10*time.Minute), life{
		sets: []simulator.Labels{deleted("task"), deleted("status_update")}, minutes: slices.Repeat([][]uint64{{3, 2}}, 10),
	})
	var text bytes.Buffer
	out := bufio.NewWriter(&text)
	write(out, past, end)
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	store := read(t, text.String())
	live := life{sets: []simulator.Labels{deleted("task")}, minutes: append([][]uint64{{0}, {500}}, slices.Repeat([][]uint64{{0}}, 16)...)}
	o.scrape(store, end.Add(2*time.Minute), live)
	loaded, err := engine.Load(rules()...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Evaluate(loaded, store, end.UnixMilli(), o.to.UnixMilli()); err != nil {
		t.Fatal(err)
	}
	want := slices.Concat([]float64{0}, slices.Repeat([]float64{500}, 14))
	if got := bursts(store)[:len(want)]; !slices.Equal(got, want) {
		t.Errorf("from the third minute on the count is %v, want %v", got, want)
	}
}

// bursts returns the counts that were recorded.
func bursts(store *engine.Store) (counts []float64) {
	for _, s := range store.All() {
		if l := s.Labels(); l.Get("__name__") == "workspace_kind:asana_deletions:count" && l.Get("kind") == "burst" {
			_, counts = s.Samples()
		}
	}
	return counts
}

// read puts what was written into a store.
func read(t *testing.T, text string) *engine.Store {
	t.Helper()
	text, whole := strings.CutSuffix(text, "# EOF\n")
	if !whole {
		t.Error("the text has no end")
	}
	store := engine.NewStore()
	series := map[string]*engine.Series{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line[strings.LastIndex(line, "}")+1:])
		name := line[:strings.LastIndex(line, "}")+1]
		if series[name] == nil {
			metric, err := parser.NewParser(parser.Options{}).ParseMetric(name)
			if err != nil {
				t.Fatal(err)
			}
			series[name] = store.Series(metric)
		}
		value, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		at, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		series[name].Add(1000*at, value)
	}
	return store
}

// The time that is drawn is no different from the time that is simulated: neither in how much happens nor in when.
func TestWeeksAreAlike(t *testing.T) {
	for story, o := range map[string]options{
		"day and night": {workspace: "12", rate: 0.5, days: 21, users: 100},
		"working hours": {workspace: "12", days: 21, users: 100},
		"the demo":      {workspace: "12", rate: 0.5, nightShare: simulator.DemoNightShare, days: 21, users: 100},
	} {
		t.Run(story, func(t *testing.T) {
			o.to = wednesday().Truncate(time.Minute)
			from := o.to.Add(-3 * week).Truncate(time.Hour)
			all, err := o.life(from)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := len(all.minutes), int(o.to.Sub(from).Minutes()); got != want {
				t.Fatalf("%d minutes, want %d", got, want)
			}
			// By week; Wednesdays at noon, Saturdays at noon.
			var sums, noons, saturdays [3]float64
			for m, minute := range all.minutes {
				at := from.Add(time.Duration(m) * time.Minute)
				i := min(m/int(week.Minutes()), 2)
				for _, n := range minute {
					sums[i] += float64(n)
					if at.Hour() >= 10 && at.Hour() < 12 && at.Weekday() == time.Wednesday {
						noons[i] += float64(n)
					}
					if at.Hour() >= 10 && at.Hour() < 12 && at.Weekday() == time.Saturday {
						saturdays[i] += float64(n)
					}
				}
			}
			for i := range 2 {
				if share := sums[i] / sums[2]; share < 0.85 || share > 1.15 {
					t.Errorf("week %d has %.2f times the events of the last", i, share)
				}
				quiet := saturdays[i] < noons[i]/2
				if flat := o.rate > 0 && o.nightShare == 0; quiet == flat {
					t.Errorf("week %d: %v events on Saturday, %v on Wednesday", i, saturdays[i], noons[i])
				}
			}
		})
	}
}

// What a panel of the exporter's dashboard reads is in the last days of the past, in the exporter's buckets.
func TestExporterDashboardIsFull(t *testing.T) {
	store := engine.NewStore()
	o := options{workspace: "12", to: wednesday().Truncate(time.Minute), rate: 2}
	from := o.to.Add(-time.Hour)
	all, err := o.life(from)
	if err != nil {
		t.Fatal(err)
	}
	o.scrape(store, from, all)
	bounds, samples := map[string][]string{}, map[string]int{}
	for _, s := range store.All() {
		name := s.Labels().Get("__name__")
		times, _ := s.Samples()
		samples[name] += len(times)
		if le := s.Labels().Get("le"); le != "" {
			bounds[name] = append(bounds[name], strings.TrimSuffix(le, ".0"))
		}
	}
	dashboard := content(t, "../../../dashboards/asana-exporter.json")
	names := regexp.MustCompile(`\b(asana|go|process)_[a-z_]+`).FindAllString(dashboard, -1)
	slices.Sort(names)
	names = slices.Compact(names)
	if names = slices.DeleteFunc(names, func(name string) bool { return name == "asana_exporter" }); len(names) < 20 {
		t.Fatalf("the dashboard reads no more than %q", names)
	}
	for _, name := range names {
		native := slices.Contains(names, name+"_bucket") // The same histogram as a server keeps it that reads native ones.
		if samples[name] < 60 && !native {
			t.Errorf("%d samples of %s in an hour", samples[name], name)
		}
	}
	exposition := content(t, "../../../collector/testdata/exposition.prom")
	for name, got := range bounds {
		var want []string
		for _, match := range regexp.MustCompile(name+`{.*le="([^"]+)"`).FindAllStringSubmatch(exposition, -1) {
			want = append(want, match[1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has buckets up to %q, the exporter's go up to %q", name, got, want)
		}
	}
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestBadRulesAreNamed(t *testing.T) {
	err := run(io.Discard, []string{"none.yml"}, wednesday())
	if err == nil || !strings.Contains(err.Error(), "none.yml") {
		t.Errorf("got %v", err)
	}
}
