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
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// A state file that can't be read back ends an epoch; what is left of it is kept, and the gap is told.
func TestDamagedStateBeginsANewEpoch(t *testing.T) {
	t.Parallel()
	asana, url := newAsana(t, simulator.Options{})
	dir := t.TempDir()
	args := following(t, url, "--state.dir", dir)
	address, stop := within(t, args...)
	eventually(t, "the first token", func() bool { state, err := readState(dir); return err == nil && state.token != "" })
	asana.Add(deletions(5)...)
	eventually(t, "five deletions", func() bool { return samples(t, address)[deletedTasks] == 5 })
	w := newWitness(t, 0)
	w.lost = true
	families, err := scrape(t.Context(), "http://"+address+"/metrics")
	must(t, err)
	w.look(families, time.Now(), time.Now())
	must(t, stop())

	content := []byte(wholeState(t, dir))
	content[len(content)/2] ^= 1
	must(t, os.WriteFile(statePath(dir), content, 0o600))
	asana.Add(deletions(2)...) // Nobody can tell that these were not counted before.

	p := spawn(t, "", args...)
	address = p.address(t)
	p.stderr.await(t, `level=error .*msg="state lost: counting starts from zero" err=".*checksum does not match; kept as `)
	p.stderr.await(t, `level=error .*msg="gap: .*reason=state_lost`)
	gaps := `{reason="state_lost",workspace="` + testWorkspace + `"}`
	eventually(t, "the gap", func() bool { return samples(t, address)["asana_workspace_gaps_total"+gaps] == 1 })
	eventually(t, "the first catch-up", func() bool { _, there := samples(t, address)[deletedTasks]; return there })
	asana.Add(deletions(3)...)
	eventually(t, "three deletions", func() bool { return samples(t, address)[deletedTasks] == 3 })
	if families, err = scrape(t.Context(), "http://"+address+"/metrics"); err != nil {
		t.Fatal(err)
	}
	w.look(families, time.Now(), time.Now())
	if w.epochs != 2 {
		t.Errorf("%d epochs were seen, want another", w.epochs)
	}
	kept, err := filepath.Glob(statePath(dir) + ".damaged-*")
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept aside: %v, %v", kept, err)
	}
	if aside, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(aside, content) {
		t.Errorf("what was kept is not the damaged file: %v", err)
	}
}

// Alerts on a family that is not there never fire: all are there at once, but for what only Asana can tell.
func TestFamiliesAreThereFromTheFirstScrape(t *testing.T) {
	t.Parallel()
	asana, url := newAsana(t, simulator.Options{Token: "another"})
	address, _ := within(t, following(t, url)...)
	first := samples(t, address)
	families, err := scrape(t.Context(), "http://"+address+"/metrics")
	must(t, err)
	later := []string{
		"asana_events_total", "asana_event_delay_seconds",
		"asana_workspace_last_event_timestamp_seconds", "asana_workspace_last_success_timestamp_seconds",
	}
	for _, name := range documentedFamilies(t) {
		if got, want := names(families)[name], !slices.Contains(later, name); got != want {
			t.Errorf("%s is there: %v, want %v", name, got, want)
		}
	}
	for _, series := range []string{
		`asana_workspace_up{workspace="` + testWorkspace + `"}`,
		`asana_workspace_gaps_total{reason="state_lost",workspace="` + testWorkspace + `"}`,
		`asana_workspace_gap_seconds_total{reason="token_expired",workspace="` + testWorkspace + `"}`,
		`asana_workspace_backlog_peak_events{action="deleted",resource_type="project",window="15m",workspace="` + testWorkspace + `"}`,
		`asana_exporter_api_requests_total{code="429",workspace="` + testWorkspace + `"}`,
		`asana_exporter_state_commit_failures_total{workspace="` + testWorkspace + `"}`,
	} {
		if value, there := first[series]; !there || value != 0 {
			t.Errorf("%s is %v, %v; want 0", series, value, there)
		}
	}
	refused := `asana_exporter_api_requests_total{code="401",workspace="` + testWorkspace + `"}`
	eventually(t, "a refusal", func() bool { return samples(t, address)[refused] > 0 })
	asana.Add(deletions(1)...)
	if _, there := samples(t, address)[deletedTasks]; there {
		t.Error("events are shown before the first catch-up")
	}
}

// Somebody who tries the demo sees everything soon, and no trace of it afterwards. Nothing else may run meanwhile: the
// time counts.
func TestDemoShowsEverythingSoonAndCleansUp(t *testing.T) {
	temp := t.TempDir()
	p := spawnIn(t, "", []string{"TMPDIR=" + temp}, "--demo", "--web.listen-address", "127.0.0.1:0")
	address := p.address(t)
	began := time.Now()
	eventually(t, "every family", func() bool {
		families, err := scrape(t.Context(), "http://"+address+"/metrics")
		must(t, err)
		found := names(families)
		return !slices.ContainsFunc(documentedFamilies(t), func(name string) bool { return !found[name] })
	})
	eventually(t, "new events", func() bool {
		now := samples(t, address)
		return total(now, "asana_events_total{") > 0 && total(now, "asana_exporter_event_series{") > 0
	})
	if took := time.Since(began); took > 20*time.Second { // Less than seven on a machine with nothing else to do.
		t.Errorf("took %s", took)
	}
	if _, body := fetch(t, "http://"+address, ""); !strings.Contains(body, "Example Company (simulated)") {
		t.Errorf("the landing page does not say that this is a demo:\n%s", body)
	}
	if files, _ := os.ReadDir(temp); len(files) != 1 {
		t.Errorf("in the temporary folder: %v", files)
	}
	wantStop(t, p, syscall.SIGTERM)
	if files, _ := os.ReadDir(temp); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestDemoNeedsItsTemporaryFolder(t *testing.T) {
	t.Parallel()
	p := spawnIn(t, "", []string{"TMPDIR=" + filepath.Join(t.TempDir(), "none")}, "--demo")
	if code := p.exit(t); code != 1 || !strings.Contains(p.stderr.String(), "asana_exporter: error: demo: ") {
		t.Errorf("exit code %d, it wrote:\n%s", code, &p.stderr)
	}
}
