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
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/collector"
	"github.com/asana-exporter/asana_exporter/simulator"
)

// A Secret that is swapped adds workspaces, gives one another token and removes one; the process stays. What a workspace had
// counted when it was removed is there when it comes back.
func TestSwappedSecretAddsRotatesAndRemovesWorkspaces(t *testing.T) {
	t.Parallel()
	asana := newCompany(t, 3, simulator.Options{})
	a, b, c := asana.gids[0], asana.gids[1], asana.gids[2]
	folder := &secret{dir: t.TempDir()}
	folder.put(t, nil)
	p := spawn(t, "", inFolder(t, asana.url, folder.dir)...)
	address := p.address(t)
	openFiles := func() float64 { return samples(t, address)["process_open_fds"] }
	none := openFiles()
	deleted := func(gid string) float64 {
		return samples(t, address)[strings.Replace(deletedTasks, testWorkspace, gid, 1)]
	}
	swap := func(tokens map[string]string) {
		folder.put(t, tokens)
		p.signal(t, syscall.SIGHUP)
	}
	swap(tokens(a))
	wantUps(t, address, map[string]float64{a: 1})

	swap(map[string]string{a: tokenOf(a), b: "old", c: tokenOf(c)})
	wantUps(t, address, map[string]float64{a: 1, b: 0, c: 1})
	asana.inside[c].Add(deletions(3)...)
	eventually(t, "three deletions", func() bool { return deleted(c) == 3 })

	swap(tokens(a, b))
	wantUps(t, address, map[string]float64{a: 1, b: 1})
	for series := range samples(t, address) {
		if strings.Contains(series, c) {
			t.Errorf("%s did not end", series)
		}
	}
	asana.inside[c].Add(deletions(4)...)
	if _, err := os.Stat(filepath.Join(stateDir(p), c+".json")); err != nil {
		t.Errorf("its state did not stay: %v", err)
	}

	swap(tokens(a, b, c))
	eventually(t, "those from before and those in between", func() bool { return deleted(c) == 7 })
	if got := samples(t, address)["asana_exporter_workspaces"]; got != 3 {
		t.Errorf("%v workspaces, want 3", got)
	}
	swap(nil)
	wantUps(t, address, map[string]float64{})
	if got := samples(t, address)["asana_exporter_workspaces"]; got != 0 {
		t.Errorf("%v workspaces, want none", got)
	}
	if !poll(soon, 100*time.Millisecond, func() bool { return openFiles() <= none }) { // By themselves connections end after 90 s.
		t.Errorf("%v files are open, want %v as before the first workspace", openFiles(), none)
	}
	wantStop(t, p, syscall.SIGTERM)
}

// A workspace whose lock was removed and taken is closed, and goes on when it can have the lock again. The others go on meanwhile,
// and no event is counted twice.
func TestLostLockClosesOneWorkspace(t *testing.T) {
	t.Parallel()
	asana := newCompany(t, 2, simulator.Options{})
	a, b := asana.gids[0], asana.gids[1]
	folder := &secret{dir: t.TempDir()}
	folder.put(t, tokens(a, b))
	p := spawn(t, "", inFolder(t, asana.url, folder.dir)...)
	address := p.address(t)
	deleted := func(gid string) (float64, bool) {
		n, there := samples(t, address)[strings.Replace(deletedTasks, testWorkspace, gid, 1)]
		return n, there
	}
	wantUps(t, address, map[string]float64{a: 1, b: 1})
	must(t, os.Remove(filepath.Join(stateDir(p), b+".lock")))
	other, err := collector.OpenStore(stateDir(p), b)
	must(t, err)
	for _, gid := range asana.gids {
		asana.inside[gid].Add(deletions(5)...)
	}
	p.stderr.await(t, `level=error .*workspace=`+b+` msg="workspace not followed" err=".*the lock of the state is gone`)
	p.stderr.await(t, `level=error .*workspace=`+b+` msg="workspace not followed" err=".*in use by another process`)
	wantUps(t, address, map[string]float64{a: 1, b: 0})
	if n, there := deleted(b); there {
		t.Errorf("%v deletions are shown of a state that another process has", n)
	}
	must(t, other.Close())
	p.signal(t, syscall.SIGHUP)
	for _, gid := range asana.gids {
		eventually(t, "five deletions", func() bool { n, _ := deleted(gid); return n == 5 })
	}
	if strings.Contains(p.stderr.String(), "workspace="+a+` msg="workspace not followed"`) {
		t.Errorf("the other was closed, too:\n%s", &p.stderr)
	}
	wantStop(t, p, syscall.SIGTERM)
}

// stateDir returns the state folder of a process.
func stateDir(p *process) string {
	for i, arg := range p.Args {
		if arg == "--state.dir" {
			return p.Args[i+1]
		}
	}
	return ""
}

// What is wrong with one workspace is shown, and tried again; the others and the process go on.
func TestWorkspaceInTroubleLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	asana := newCompany(t, 7, simulator.Options{})
	newer, refused, empty, unreadable, locked, well, unknown := testWorkspace, asana.gids[1], asana.gids[2], asana.gids[3], asana.gids[4], asana.gids[5], "1"
	of := tokens(append(asana.gids, unknown)...)
	of[refused], of[empty] = "another", ""
	folder := &secret{dir: t.TempDir()}
	folder.put(t, of)
	pipe := filepath.Join(folder.dir, unreadable)
	must(t, os.Remove(pipe))
	must(t, syscall.Mkfifo(pipe, 0o600))
	dir := t.TempDir()
	writeState(t, dir, []byte(`{"version":2}`))
	store, err := collector.OpenStore(dir, locked)
	must(t, err)

	p := spawn(t, "", inFolder(t, asana.url, folder.dir, "--state.dir", dir)...)
	address := p.address(t)
	want := map[string]float64{well: 1, refused: 0, empty: 0, unreadable: 0, newer: 0, locked: 0, asana.gids[6]: 1, unknown: 0}
	wantUps(t, address, want)
	eventually(t, "ready with some of them", func() bool { return statusOf(t, "http://"+address+"/-/ready") == http.StatusOK })
	_, body := fetch(t, "http://"+address+"/-/healthy", "")
	_, page := fetch(t, "http://"+address, "")
	for _, part := range []string{
		"Healthy.", refused + ": Polls fail since 20", "401", empty + ": Polls fail since 20", "empty; write the service", unreadable + ": Polls", "not a regular file",
		newer + ": Polls fail since", "newer version", locked + ": Polls fail since", "in use by another process", unknown + ": Polls fail", "404",
	} {
		if !strings.Contains(body, part) {
			t.Errorf("%q is not in\n%s", part, body)
		}
		if _, text, _ := strings.Cut(part, ": "); !strings.Contains(page, text) && part != "Healthy." {
			t.Errorf("%q is not in\n%s", text, page)
		}
	}
	if strings.Contains(body, well) {
		t.Errorf("%s is named in\n%s", well, body)
	}

	for series := range samples(t, address) {
		if strings.HasPrefix(series, "asana_workspace_gaps_total") && strings.Contains(series, locked) {
			t.Errorf("%s is shown, and its state can't be read", series)
		}
	}

	must(t, store.Close())
	must(t, os.Remove(pipe))
	must(t, os.Remove(statePath(dir)))
	folder.put(t, tokens(asana.gids...))
	p.signal(t, syscall.SIGHUP)
	for gid := range want {
		want[gid] = 1
	}
	delete(want, unknown)
	wantUps(t, address, want)
	wantStop(t, p, syscall.SIGTERM)
}
