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
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"

	"github.com/asana-exporter/asana_exporter/client"
)

// logged returns options with a logger, and the lines that it writes.
func logged(lines *[]string) Options {
	return Options{Logger: log.LoggerFunc(func(keyvals ...any) error {
		*lines = append(*lines, fmt.Sprintln(keyvals...))
		return nil
	})}
}

// linesWith returns the number of lines that contain all of the texts.
func linesWith(lines []string, texts ...string) (n int) {
	for _, line := range lines {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			n++
		}
	}
	return n
}

func refused(status int) error { return &client.StatusError{Status: status} }

// A 412 with a fresh token resets the back-off once, and not each time that it alternates with another failure.
func TestMixedFailuresBackOff(t *testing.T) {
	for _, other := range []error{refused(500), errors.New("timeout"), expired("")} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, following(), Options{}, func(call int, token string) (client.Page, error) {
				if call%2 == 0 {
					return client.Page{}, expired(token + "x")
				}
				return client.Page{}, other
			})
			r.run(90 * time.Second)
			// Half of 1, 2, 4 … seconds: 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 63.5.
			wantEqual(t, fmt.Sprintf("requests beside %v", other), len(r.asana.asked), 8)
		})
	}
}

// Tokens live for a day: a position that Asana still refuses then, with whatever status, is given up.
func TestPositionThatIsRefusedForADayIsGivenUp(t *testing.T) {
	for _, test := range []struct {
		name  string
		err   error
		fresh func() (client.Page, error)
		want  bool
	}{
		{"refused, then a 412", refused(400), func() (client.Page, error) { return client.Page{}, expired("new") }, true},
		{"refused, then a page", refused(404), func() (client.Page, error) { return client.Page{Sync: "new", Events: events(3, time.Now())}, nil }, true},
		{"a wrong token of the service account", refused(401), nil, false},
		{"Asana is down", refused(503), nil, false},
		{"no answer", errors.New("timeout"), nil, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, following(), Options{}, func(call int, token string) (client.Page, error) {
				switch {
				case token == "":
					return test.fresh()
				case token == "new" || call == 0:
					return client.Page{Sync: token}, nil
				}
				return client.Page{}, test.err
			})
			r.asana.anyToken = true
			r.run(24 * time.Hour)
			wantEqual(t, test.name+": asked within a day", r.asana.asked[len(r.asana.asked)-1].Token, "0")
			r.run(time.Hour)
			given := r.disk.last().Token == "new"
			wantEqual(t, test.name+": given up", given, test.want)
			wantEqual(t, test.name+": gaps", r.View().State.Gaps[2].Count > 0, test.want)
			if test.want && r.View().State.Gaps[2].Seconds < 24*3600 {
				t.Errorf("%s: a gap of %v s, want a day", test.name, r.View().State.Gaps[2].Seconds)
			}
		})
	}
}

func TestFailureIsLoggedOnceAndThenHourly(t *testing.T) {
	for _, test := range []struct {
		err   error
		level string
	}{
		{refused(401), "error"},
		{refused(402), "error"},
		{refused(403), "error"},
		{refused(404), "error"},
		{refused(500), "warn"},
		{errors.New("timeout"), "warn"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var lines []string
			r := newRig(t, following(), logged(&lines), func(call int, token string) (client.Page, error) {
				if call == 0 || since() > 150*time.Minute {
					return client.Page{Sync: token}, nil
				}
				return client.Page{}, test.err
			})
			r.run(160 * time.Minute)
			wantEqual(t, test.err.Error()+": lines", linesWith(lines, "level "+test.level, "poll failed"), 3)
			wantEqual(t, test.err.Error()+": end", linesWith(lines, "polls succeed again"), 1)
		})
	}
}

func TestViewTellsWhyPollsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{}, except(map[int]error{1: refused(500), 2: refused(401)}, stream()))
		stop := r.start()
		time.Sleep(16 * time.Second)
		view := r.View()
		wantEqual(t, "error", view.Err, refused(401))
		wantEqual(t, "since", truncate(view.FailingSince), at(15*time.Second))
		time.Sleep(time.Minute)
		stop()
		wantEqual(t, "error later", r.View().Err, nil)
		wantEqual(t, "since later", r.View().FailingSince, time.Time{})
	})
}

func TestPollNowEndsEveryWait(t *testing.T) {
	for _, err := range []error{nil, refused(401), &client.RateLimitError{RetryAfter: time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, following(), Options{Interval: time.Hour}, func(_ int, token string) (client.Page, error) {
				return client.Page{Sync: token}, err
			})
			r.jitter = func() float64 { return 1 }
			stop := r.start()
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			asked := len(r.asana.asked)
			r.PollNow()
			synctest.Wait()
			wantEqual(t, fmt.Sprintf("requests after %v", err), len(r.asana.asked), asked+1)
			stop()
		})
	}
}

// Another process may own the state: this one must neither write nor go on.
func TestLostLockEndsThePoller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{}, stream(client.Page{Events: events(1, at(0))}))
		r.disk.fail = func(int) error { return fmt.Errorf("save state: %w", ErrLockLost) }
		if err := r.Run(t.Context()); !errors.Is(err, ErrLockLost) {
			t.Errorf("Run returned %v", err)
		}
		wantEqual(t, "saves", r.disk.saves, 1)
		wantEqual(t, "shown", shown(r.View()), map[Labels]uint64{})
	})
}

// Pages that bring nothing and promise more for ever are asked for once an interval, with one line in the log.
func TestPagesThatBringNothing(t *testing.T) {
	for _, test := range []struct {
		name, line string
		nonObjects int
	}{
		{"empty pages", "pages without events promise more", 0},
		{"pages of non-objects", "elements of a page are not events", 1000},
	} {
		synctest.Test(t, func(t *testing.T) {
			var lines []string
			r := newRig(t, following(), logged(&lines), func(call int, _ string) (client.Page, error) {
				return client.Page{Sync: fmt.Sprint(call), HasMore: true, NonObjects: test.nonObjects}, nil
			})
			r.run(time.Hour)
			if n := len(r.asana.asked); n > 240+emptyPages {
				t.Errorf("%s: %d requests in an hour", test.name, n)
			}
			wantEqual(t, test.name+": lines", linesWith(lines, test.line), 1)
			wantEqual(t, test.name+": catching up", r.View().CatchingUp(), true)
		})
	}
}

// The 412 that brings the first token of all may ask for a pause, too.
func TestFirstTokenWithAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, NewEpoch(at(0)), Options{}, func(call int, _ string) (client.Page, error) {
			if call == 0 {
				return client.Page{}, &client.SyncExpiredError{Sync: "0", RetryAfter: 10 * time.Minute}
			}
			return client.Page{Sync: "1"}, nil
		})
		r.run(9 * time.Minute)
		wantEqual(t, "requests", len(r.asana.asked), 1)
	})
}
