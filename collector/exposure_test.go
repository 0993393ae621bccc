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
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

const zeroFirst = 90 * time.Second

func patient() Limits {
	return Limits{ZeroFirst: zeroFirst, MaxSeries: 5000, CatchUpAfter: time.Minute}
}

// born is a State in which "added task" was counted 5 times, committed at 10 s.
func born() State {
	page := client.Page{Sync: "1"}
	for range 5 {
		page.Events = append(page.Events, event("added", "task", at(0)))
	}
	return following().With(page, at(10*time.Second), at(10*time.Second), patient())
}

func addedTask() Labels { return Labels{Action: "added", ResourceType: "task"} }

func TestGapsAreAtZeroFirst(t *testing.T) {
	s := following().exposed(at(0), false)
	s, _ = s.Expired("1", at(30*time.Second), at(30*time.Second), true, lax())
	if got, want := s.nextReveal(zeroFirst, at(24*time.Hour)), at(zeroFirst); !got.Equal(want) {
		t.Errorf("next reveal at %s, want %s", got, want)
	}
	expiredGap := func(s State) [2]float64 {
		count, seconds := s.Gaps[2].Visible()
		return [2]float64{float64(count), seconds}
	}
	wantEqual(t, "too early", expiredGap(s.reveal(at(zeroFirst-1), zeroFirst)), [2]float64{0, 0})
	s = s.reveal(at(zeroFirst), zeroFirst)
	wantEqual(t, "in time", expiredGap(s), [2]float64{1, 30})
	wantEqual(t, "after a restart", expiredGap(restarted(t, s)), [2]float64{1, 30})
}

// restarted returns what is left of a State in another process.
func restarted(t *testing.T, s State) State {
	t.Helper()
	s, err := decode([]byte(encoded(t, s)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
