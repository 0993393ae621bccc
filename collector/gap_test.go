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
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	dto "github.com/prometheus/client_model/go"

	"github.com/asana-exporter/asana_exporter/client"
)

func TestReasonsAreInTheOrderOfTheGaps(t *testing.T) {
	if want := []Reason{"state_lost", "sync_error", "token_expired"}; !slices.Equal(Reasons(), want) || len(State{}.Gaps) != len(want) {
		t.Errorf("%q for %d gaps, want %q", Reasons(), len(State{}.Gaps), want)
	}
}

func TestLostTellsBothEndsAndWhetherAnEpochBegins(t *testing.T) {
	const minute = time.Minute
	damaged := NewEpoch(at(0))
	damaged.LostSince = at(-60 * minute)
	counted := following().With(client.Page{Sync: "1", Events: events(5, at(0))}, at(10*minute), at(10*minute), lax())
	counted.Pending = nil
	inBacklog := counted.With(client.Page{Sync: "2", HasMore: true, Events: events(3, at(40*minute))}, at(60*minute), at(60*minute), lax())
	for _, test := range []struct {
		name     string
		state    State
		accepted bool
		want     Lost
	}{
		{"after a damaged file", damaged, false, Lost{StateLost, at(-60 * minute), at(70 * minute), true}},
		{"while running", counted, true, Lost{TokenExpired, at(10 * minute), at(70 * minute), false}},
		{"in the middle of a catch-up", inBacklog, true, Lost{TokenExpired, at(40 * minute), at(70 * minute), false}},
		{"at the start", counted, false, Lost{TokenExpired, at(10 * minute), at(70 * minute), true}},
		{"at the start, in the catch-up of another process", inBacklog, false, Lost{TokenExpired, at(10 * minute), at(70 * minute), true}},
	} {
		_, lost := test.state.Expired("fresh", at(70*minute), at(70*minute), test.accepted, lax())
		wantEqual(t, test.name, lost, test.want)
	}
}

// All that is not a count of events goes on.
func TestNewEpochKeepsTheRest(t *testing.T) {
	old := small()
	next, _ := old.Expired("fresh", at(time.Hour), at(time.Hour), false, lax())
	old.Gaps[2].Count, old.Gaps[2].Seconds = old.Gaps[2].Count+1, next.Gaps[2].Seconds
	want := NewEpoch(at(time.Hour))
	want.Token, want.AtEnd = "fresh", at(time.Hour)
	want.Workspace, want.Name, want.Gaps, want.Backlogs, want.LastEvent = old.Workspace, old.Name, old.Gaps, stillHeld(old.Backlogs, at(time.Hour)), old.LastEvent
	wantEqual(t, "state", next, want)
}

func TestGapIsNeverNegative(t *testing.T) {
	s, _ := following().Expired("1", at(-time.Hour), at(-time.Hour), true, lax()) // The clock was set back.
	wantEqual(t, "gap", s.Gaps[2], Gap{1, 0, exposure{Created: at(0)}})
}

// A sync_error is Asana's report of lost events: a gap of unknown length, and never a series.
func TestSyncErrorIsAGapAndNotAnEvent(t *testing.T) {
	page := client.Page{Sync: "1", Events: append(events(2, at(0)), client.Event{Action: "sync_error", CreatedAt: at(0)}, client.Event{Action: "sync_error"})}
	s := following().With(page, at(10*time.Second), at(10*time.Second), lax())
	wantEqual(t, "counted", counts(s), map[Labels]uint64{deletedTask(): 2})
	wantEqual(t, "series", len(s.Series()), len(ZeroSeries()))
	wantEqual(t, "gaps", s.Gaps, [3]Gap{{exposure: exposure{Created: at(0)}}, {2, 0, exposure{Created: at(0)}}, {exposure: exposure{Created: at(0)}}})
	wantEqual(t, "gaps after a restart", restarted(t, s).Gaps, s.Gaps)
}

// It came from no user, and there is no delay to measure and nothing to log.
func TestSyncErrorIsNoEventElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		r := newRig(t, following(), Options{Logger: log.NewLogfmtLogger(&lines), LogActions: []string{AllActions}},
			stream(client.Page{Events: []client.Event{by("a", "sync_error", at(0)), by("b", "deleted", at(0))}}))
		r.run(time.Minute)
		wantEqual(t, "active users", r.View().Users.Active, [4]uint64{1, 1, 1, 1})
		if n := strings.Count(lines.String(), "msg=event"); n != 1 {
			t.Errorf("%d events are logged, want the deletion:\n%s", n, &lines)
		}
		var delay dto.Metric
		if err := r.metrics.delay.Write(&delay); err != nil || delay.GetHistogram().GetSampleCount() != 1 {
			t.Errorf("delays (%v): %v", err, &delay)
		}
	})
}
