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
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// small is a State with one of everything, and with few series.
func small() State {
	return State{
		Workspace: "1", Epoch: at(0), Token: "5a888cbba4065641bffe1b44dced2fcf:0", Committed: at(3 * time.Hour), AtEnd: at(2 * time.Hour),
		LastEvent: at(150*time.Minute + 123*time.Millisecond), Name: "Exämple <&> \u2028",
		LostSince: at(-time.Hour),
		Gaps: [3]Gap{
			{1, 12.5, exposure{Created: at(0), Shown: true}},
			{4, 0, exposure{Created: at(0), Shown: true}},
			{2, 3600.25, exposure{Created: at(0)}},
		},
		Pending: &Stretch{Since: at(2 * time.Hour), Steps: []step{{94669200, 3, 1}, {94669380, 1, 0}}},
		Backlogs: []Backlog{
			{Seconds: 7200, PeakDeleted: 500, PeakProjects: 20, HoldUntil: at(time.Hour)},
			{Seconds: 61, PeakDeleted: 1, HoldUntil: at(2 * time.Hour)},
		},
		series: []Series{
			{deletedTask(), 1<<53 + 1, exposure{Created: at(0), Shown: true}},
			{Labels{"changed", "task", "default_task", "custom_fields", ""}, 7, exposure{Created: at(time.Hour)}},
			{Labels{"added", "task", "default_task", "", "project"}, 8, exposure{Created: at(time.Hour), Shown: true}},
			{Labels{}, 9, exposure{Created: at(time.Hour), Shown: true}},
			{deletedTask().fold(), 10, exposure{Created: at(2 * time.Hour), Shown: true}},
		},
	}
}

// A change of what is written needs a new version, and with it a new golden file (-update); the older ones stay.
func TestStateFileIsWrittenAsEver(t *testing.T) {
	golden := filepath.Join("testdata", fmt.Sprintf("state-v%d.json", stateVersion))
	if *update {
		if err := os.WriteFile(golden, []byte(encoded(t, small())), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := encoded(t, small()); got != string(want) {
		t.Errorf("this version writes\n%s\nand not\n%s", got, want)
	}
}

func TestStateFileOfVersion1CanBeRead(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("testdata", "state-v1.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(content)
	if err != nil {
		t.Fatal(err)
	}
	want := small()
	wantEqual(t, "series", got.series[:len(want.series)], want.series)
	wantEqual(t, "series that count", got.active, 4)
	got.series, got.index, got.active = want.series, nil, 0
	wantEqual(t, "state", got, want)
}

func TestStateFileGivesBackWhatWasSaved(t *testing.T) {
	limits := Limits{ZeroFirst: time.Minute, MaxSeries: 40, CatchUpAfter: time.Minute}
	for seed := range uint64(5) {
		for i, s := range randomStates(rand.New(rand.NewPCG(seed, 6)), limits) {
			s.series = bytesOnly(s.series)
			for i := range s.Gaps {
				s.Gaps[i].since = time.Time{}
			}
			s.Open = false // NewPoller sets it.
			if got := restarted(t, s); !reflect.DeepEqual(got, s) {
				t.Fatalf("seed %d, state %d: got %+v\nwant %+v", seed, i, got, s)
			}
		}
	}
}

// bytesOnly returns series without what a file does not keep.
func bytesOnly(series []Series) []Series {
	kept := append([]Series{}, series...)
	for i := range kept {
		kept[i].since = time.Time{}
	}
	return kept
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	whole := []byte(encoded(t, small()))
	for i := range whole {
		for bit := range 8 {
			damaged := bytes.Clone(whole)
			damaged[i] ^= 1 << bit
			if _, err := decode(damaged); err == nil || errors.Is(err, ErrNewerState) {
				t.Errorf("bit %d of byte %d (%q) flipped: %v", bit, i, whole[i], err)
			}
		}
	}
}

func TestEveryTruncationIsNoticed(t *testing.T) {
	whole := []byte(encoded(t, small()))
	for n := range whole {
		if _, err := decode(whole[:n]); err == nil || errors.Is(err, ErrNewerState) {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
		if _, err := decode(whole[len(whole)-n:]); err == nil || errors.Is(err, ErrNewerState) {
			t.Errorf("the last %d of %d bytes: %v", n, len(whole), err)
		}
	}
	for _, more := range []string{"\n", " ", "{}", "\x00", "\"}\n"} {
		if _, err := decode([]byte(string(whole) + more)); err == nil {
			t.Errorf("%q more went unnoticed", more)
		}
	}
	if _, err := decode(append(bytes.Clone(whole[:len(whole)-3]), make([]byte, 3)...)); err == nil {
		t.Error("zeros at the end went unnoticed")
	}
}

// wrap returns a state file whose checksum is right, whatever its body.
func wrap(body string) []byte {
	sum := sha256.Sum256([]byte(body))
	return []byte(fileHead + body + fileEnd(sum[:]))
}

func TestBodyThatIsNoState(t *testing.T) {
	for _, body := range []string{
		"", "null", "[]", "{", `"state"`, "{}", `{"version":0}`, `{"version":-1}`, `{"version":"1"}`,
		`{"version":1,"unknown":true}`,
		`{"version":1,"version":1}`,
		`{"version":1,"epoch":"yesterday"}`,
		`{"version":1,"series":[{"value":-1}]}`,
		`{"version":1,"series":[{"value":1.5}]}`,
		`{"version":1,"series":[{"value":18446744073709551616}]}`,
		`{"version":1,"series":[{"action":"a","value":1},{"action":"a","value":2}]}`,
		"{\"version\":1,\"token\":\"\xff\"}",
	} {
		if _, err := decode(wrap(body)); err == nil || errors.Is(err, ErrNewerState) {
			t.Errorf("%s: %v, want an error that says that it is damaged", body, err)
		}
	}
}

// A later version of this program may know more label sets. They are at zero, and younger than the file.
func TestKnownSetsAreAddedToAnOldFile(t *testing.T) {
	s, err := decode([]byte(encoded(t, small())))
	if err != nil {
		t.Fatal(err)
	}
	series := seriesOf(t, s, Labels{Action: "deleted", ResourceType: "project"})
	wantEqual(t, "series", series, Series{series.Labels, 0, exposure{Created: at(3 * time.Hour)}})
	wantEqual(t, "counts", counts(s), counts(small()))
}

// What decodes encodes to something that decodes to the same.
func FuzzDecodeState(f *testing.F) {
	for _, s := range []State{small(), NewEpoch(at(0)), following()} {
		content := []byte(encoded(f, s))
		body, err := verified(content)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
		f.Add(body)
	}
	f.Add([]byte(`{"version":1,"epoch":"2000-01-01T00:00:00+23:59","series":[{"action":"\ud83e\udd8a","value":18446744073709551615}]}`))
	f.Add([]byte(`{"version":1,"committed":"0000-01-01T00:00:00Z","backlog":{"seconds":-1e308},"pending":{"steps":[-1,1,1]}}`))
	f.Add([]byte(`{"version":1,"gaps":[{"reason":"state_lost","seconds":1e999},{"reason":"state_lost"},{"reason":"?"}]}`))
	f.Add([]byte(`{"version":2}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		for _, content := range [][]byte{input, wrap(string(input))} {
			s, err := decode(content)
			if err != nil {
				continue
			}
			first := encoded(t, s)
			again, err := decode([]byte(first))
			if err != nil {
				t.Fatalf("%s\ncan't be decoded again: %v", first, err)
			}
			if second := encoded(t, again); second != first {
				t.Fatalf("decoded\n%s\nand encoded again\n%s", first, second)
			}
		}
	})
}

// A clock that was ahead leaves no time in the future.
func TestTimesInTheFutureAreClamped(t *testing.T) {
	store := openStore(t, t.TempDir())
	s := small()
	s.Workspace, s.LostSince = "1", time.Time{}
	save(t, store, s)
	now := at(30 * time.Minute)
	got, _, err := store.Begin(now)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "times", []time.Time{got.Epoch, got.Committed, got.AtEnd, got.LastEvent, got.Pending.Since},
		[]time.Time{at(0), now, now, now, now})
	for _, series := range got.Series() {
		if series.Created.After(now) {
			t.Errorf("%+v created %s", series.Labels, series.Created)
		}
	}
	wantEqual(t, "saved", load(t, store), got)
}
