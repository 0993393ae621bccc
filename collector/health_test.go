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
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

// unhealthy returns the seconds at which scrapes find the poller to hang.
func unhealthy(r *rig, end time.Duration) []time.Duration {
	var seen []time.Duration
	stop := r.start()
	time.Sleep(time.Second / 4)
	stopWatching := everySecond(func() {
		if !r.Healthy() {
			seen = append(seen, since().Truncate(time.Second))
		}
	})
	time.Sleep(end)
	stopWatching()
	stop()
	return seen
}

// seconds returns those from first to last.
func seconds(first, last int) []time.Duration {
	var list []time.Duration
	for s := first; s <= last; s++ {
		list = append(list, time.Duration(s)*time.Second)
	}
	return list
}

// A poll may take its timeout, and three more may be missed.
func TestPollerThatHangsIsUnhealthy(t *testing.T) {
	t.Run("in a request", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, following(), Options{}, func(call int, _ string) (client.Page, error) {
				if call == 2 {
					time.Sleep(5 * time.Minute)
				}
				return client.Page{Sync: "0"}, nil
			})
			wantEqual(t, "unhealthy", unhealthy(r, 10*time.Minute), seconds(30+75, 30+299))
		})
	})
	t.Run("in a save", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, following(), Options{}, stream(client.Page{Events: events(1, at(0))}))
			r.disk.fail = func(save int) error {
				if save == 0 {
					time.Sleep(5 * time.Minute)
				}
				return errors.New("input/output error")
			}
			wantEqual(t, "unhealthy", unhealthy(r, 10*time.Minute), seconds(75, 299))
		})
	})
	t.Run("asking for the name", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			state := following()
			r := newRig(t, state, Options{}, stream())
			r.asana.name = func(int) (string, error) { time.Sleep(5 * time.Minute); return "Example", nil }
			wantEqual(t, "unhealthy", unhealthy(r, 10*time.Minute), seconds(75, 299))
		})
	})
	t.Run("in a reveal", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, following(), Options{ZeroFirst: patience}, stream(fiveAdded()))
			r.disk.fail = func(save int) error {
				if save == 1 {
					time.Sleep(5 * time.Minute)
				}
				return nil
			}
			wantEqual(t, "unhealthy", unhealthy(r, 10*time.Minute), seconds(40+75, 40+299))
		})
	})
}

func TestPollerThatWaitsIsHealthy(t *testing.T) {
	for _, test := range []struct {
		name   string
		o      Options
		answer answer
	}{
		{"everything is refused", Options{}, func(int, string) (client.Page, error) {
			return client.Page{}, &client.StatusError{Status: 503}
		}},
		{"nothing is answered", Options{}, func(int, string) (client.Page, error) {
			time.Sleep(30 * time.Second)
			return client.Page{}, errors.New("no complete answer within 30s")
		}},
		{"nothing is answered for long, and polls are frequent", Options{Interval: time.Second, Timeout: time.Minute}, func(int, string) (client.Page, error) {
			time.Sleep(time.Minute)
			return client.Page{}, errors.New("no complete answer within 1m")
		}},
		{"asked to wait for a quarter of an hour", Options{}, func(int, string) (client.Page, error) {
			return client.Page{}, &client.RateLimitError{RetryAfter: time.Hour}
		}},
		{"tokens expire", Options{}, func(_ int, token string) (client.Page, error) { return client.Page{}, expired(token + "x") }},
		{"a backlog without end", Options{}, func(_ int, token string) (client.Page, error) {
			time.Sleep(25 * time.Second)
			return client.Page{Sync: token + "x", HasMore: true, Events: events(1, at(0))}, nil
		}},
		{"long intervals", Options{Interval: time.Hour}, stream()},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, following(), test.o, test.answer)
			wantEqual(t, test.name+": unhealthy", unhealthy(r, 2*time.Hour), nil)
		})
	}
}

// A poll and the question for the name may each take their time.
func TestPollerWithASlowNameIsHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := following()
		r := newRig(t, state, Options{Interval: time.Second, Timeout: time.Minute}, func(int, string) (client.Page, error) {
			time.Sleep(50 * time.Second)
			return client.Page{Sync: "0"}, nil
		})
		r.asana.name = func(int) (string, error) { time.Sleep(50 * time.Second); return "Example", nil }
		wantEqual(t, "unhealthy", unhealthy(r, 10*time.Minute), nil)
	})
}

func TestReadyAfterTheFirstCatchUpAndWhilePollsSucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := map[int]error{
			0: &client.StatusError{Status: 503, RetryAfter: 10 * time.Second},
			5: &client.StatusError{Status: 503, RetryAfter: 3 * time.Minute},
		}
		r := newRig(t, following(), Options{}, except(failures, slow(stream(
			client.Page{HasMore: true, Events: events(1, at(0))}, client.Page{HasMore: true, Events: events(1, at(0))},
		))))
		type change struct {
			At    time.Duration
			Ready bool
		}
		got := []change{{0, r.Ready()}}
		stop := r.start()
		time.Sleep(time.Second / 4)
		stopWatching := everySecond(func() { got = append(got, change{since(), r.Ready()}) })
		time.Sleep(5 * time.Minute)
		stopWatching()
		stop()
		got = slices.CompactFunc(got, func(a, b change) bool { return a.Ready == b.Ready })
		want := []change{
			{0, false},
			{past(13), true},  // Refused at 0 s, three pages from 10 s on.
			{past(73), false}, // The last poll that succeeded ended at 28 s; three intervals later it is too long ago.
			{past(223), true}, // Refused at 42 s.
		}
		wantEqual(t, "ready", got, want)
	})
}

func TestLastSuccessIsTheLastCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, NewEpoch(at(0)), Options{}, except(map[int]error{0: expired("0")}, stream()))
		wantEqual(t, "before the first", r.View().LastSuccess, time.Time{})
		r.run(100 * time.Second)
		wantEqual(t, "after 100 s", r.View().LastSuccess, at(time.Minute))
		again := newRig(t, restarted(t, r.disk.last()), Options{}, nil)
		wantEqual(t, "after a restart", again.View().LastSuccess, at(time.Minute))
	})
}

func TestNameIsAskedForOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := following()
		state.Name = ""
		r := newRig(t, state, Options{}, stream())
		r.asana.name = func(call int) (string, error) {
			return []string{"First", "", "Second", strings.Repeat("é", 100) + "\xff"}[call],
				[]error{nil, &client.StatusError{Status: 403}, nil, nil}[call]
		}
		stop := r.start()
		var got []string
		for _, day := range []time.Duration{0, 1, 2} {
			time.Sleep(day*24*time.Hour + 90*time.Minute - since())
			got = append(got, r.View().State.Name)
		}
		stop()
		wantEqual(t, "names", got, []string{"First", "Second", strings.Repeat("é", 64)})
		wantEqual(t, "asked", r.asana.named, []time.Duration{0, 24 * time.Hour, 25 * time.Hour, 49 * time.Hour})
		wantEqual(t, "saved", r.disk.last().Name, strings.Repeat("é", 64))

		again := newRig(t, restarted(t, r.disk.last()), Options{}, stream())
		wantEqual(t, "after a restart", again.View().State.Name, strings.Repeat("é", 64))
		again.asana.name = func(int) (string, error) { return "", nil } // A name that is gone is none to show.
		again.run(30 * time.Minute)
		wantEqual(t, "asked at the start", again.asana.named, []time.Duration{49*time.Hour + 30*time.Minute})
		wantEqual(t, "kept", again.View().State.Name, strings.Repeat("é", 64))
	})
}

func TestNameIsNotAskedForInACatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := following()
		time.Sleep(2 * time.Hour)
		r := newRig(t, state, Options{}, slow(stream(client.Page{HasMore: true}, client.Page{HasMore: true}, client.Page{})))
		r.run(time.Minute)
		wantEqual(t, "asked", r.asana.named, []time.Duration{2*time.Hour + 3*time.Second})
	})
}

// Limits are counted per token, whatever is asked.
func TestOnlyARateLimitOfTheNameDelaysPolls(t *testing.T) {
	for _, test := range []struct {
		err  error
		want time.Duration
	}{
		{&client.RateLimitError{RetryAfter: 10 * time.Minute}, 10 * time.Minute},
		{&client.StatusError{Status: 503, RetryAfter: 10 * time.Minute}, 15 * time.Second},
		{&client.StatusError{Status: 404}, 15 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, following(), Options{}, stream())
			r.asana.name = func(int) (string, error) { return "", test.err }
			r.run(11 * time.Minute)
			wantEqual(t, "asked", r.asana.askedAt[:3], []time.Duration{0, test.want, test.want + 15*time.Second})
			wantEqual(t, "asked for the name", r.asana.named, []time.Duration{0})
		})
	}
}

func TestNameThatCanNotBeSavedIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := following()
		state.Name = "Old"
		r := newRig(t, state, Options{}, stream())
		r.disk.fail = func(save int) error {
			if save > 0 {
				return errors.New("no space left on device")
			}
			return nil
		}
		r.run(30 * time.Second)
		wantEqual(t, "name", r.View().State.Name, "Old")
		wantEqual(t, "up", r.View().Up, true)
		wantEqual(t, "asked", r.asana.named, []time.Duration{0})
	})
}
