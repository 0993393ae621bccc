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

package collector

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDamagedStateIsKeptAside(t *testing.T) {
	store := openStore(t, t.TempDir())
	save(t, store, born())
	content, written := damage(t, store)

	state, damaged, err := store.Begin(at(time.Hour))
	if err != nil || damaged == nil {
		t.Fatalf("damaged %v, error %v, want a *DamagedError", damaged, err)
	}
	aside := filepath.Join(filepath.Dir(store.path), "1.json.damaged-"+written.Format("20060102T150405.000Z"))
	if damaged.Path != aside || !damaged.Since.Equal(written) || !strings.Contains(damaged.Error(), aside) {
		t.Errorf("damaged since %s, kept as %s (%v), want %s and %s", damaged.Since, damaged.Path, damaged, written, aside)
	}
	if got, err := os.ReadFile(aside); err != nil || !slices.Equal(got, content) {
		t.Errorf("aside: %q (%v), want the damaged file", got, err)
	}
	want := NewEpoch(at(time.Hour))
	want.Workspace, want.LostSince = "1", written
	wantEqual(t, "state", state, want)
	wantEqual(t, "saved", load(t, store), want)

	again, damaged, err := store.Begin(at(2 * time.Hour))
	if damaged != nil || err != nil {
		t.Errorf("second start: damaged %v, error %v", damaged, err)
	}
	wantEqual(t, "state of the second start", again, want)
}

// Killed while the damaged file is copied (file 0) and the new epoch is saved (file 1), again and again.
func TestDamagedStateIsKeptOnceHoweverOftenItIsKilled(t *testing.T) {
	store := openStore(t, t.TempDir())
	save(t, store, born())
	content, written := damage(t, store)
	dir, aside := filepath.Dir(store.path), "1.json.damaged-"+written.Format("20060102T150405.000Z")
	for file := range 2 {
		for _, step := range saveSteps() {
			if step == "fsync folder" && file == 1 {
				break // From here on the new epoch is in its place.
			}
			store = killed(t, store, step, file, func() { _, _, _ = store.Begin(at(0)) })
		}
	}
	wantEqual(t, "files", files(t, dir), []string{"1.json", aside, "1.lock"})
	for _, name := range []string{"1.json", aside} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !slices.Equal(got, content) {
			t.Errorf("%s: %q (%v), want the damaged file", name, got, err)
		}
	}
	state, _, err := store.Begin(at(0))
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "lost since", state.LostSince, written)
}

// damage changes a bit of the state file, as a bad disk does: the time of the file stays.
func damage(t *testing.T, store *Store) (content []byte, written time.Time) {
	t.Helper()
	info, err := os.Stat(store.path)
	if err != nil {
		t.Fatal(err)
	}
	content, err = os.ReadFile(store.path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 4
	if err := os.WriteFile(store.path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(store.path, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
	return content, truncate(info.ModTime())
}
