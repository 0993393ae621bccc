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
	"context"
	"errors"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

func TestPollsKeepTheirCadence(t *testing.T) {
	for _, test := range []struct {
		name  string
		takes time.Duration // One answer.
		want  []time.Duration
	}{
		{"answers at once", 0, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second}},
		{"slow answers", 10 * time.Second, []time.Duration{0, 15 * time.Second, 30 * time.Second, 45 * time.Second}},
		{"answers slower than the interval", 20 * time.Second, []time.Duration{0, 20 * time.Second, 40 * time.Second}},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, following(), Options{}, func(int, string) (client.Page, error) {
				time.Sleep(test.takes)
				return client.Page{Sync: "0"}, nil
			})
			r.run(59 * time.Second)
			wantEqual(t, test.name, r.asana.askedAt, test.want)
		})
	}
}

// Each of these could keep a careless poller busy.
func TestNothingMakesThePollerSpin(t *testing.T) {
	for _, test := range []struct {
		name    string
		answer  answer
		atMost  int // Requests in an hour; 241 is the usual number.
		commits int // At most.
		counted uint64
	}{
		{"nothing new", stream(), 241, 60, 0},
		{
			"the token stays, but there is said to be more",
			func(_ int, token string) (client.Page, error) { return client.Page{Sync: token, HasMore: true}, nil },
			40, 0, 0,
		},
		{
			"the token stays, and events come",
			func(_ int, token string) (client.Page, error) {
				return client.Page{Sync: token, HasMore: true, Events: events(1, at(0))}, nil
			},
			40, 0, 0,
		},
		{
			"empty pages that move, and more are promised",
			func(call int, _ string) (client.Page, error) {
				return client.Page{Sync: strconv.Itoa(call), HasMore: true}, nil
			},
			241 + emptyPages, 241 + emptyPages, 0,
		},
		{
			"empty pages that move",
			func(call int, _ string) (client.Page, error) { return client.Page{Sync: strconv.Itoa(call)}, nil },
			241, 241, 0,
		},
		{
			"every token is expired",
			func(call int, _ string) (client.Page, error) { return client.Page{}, expired(strconv.Itoa(call)) },
			40, 40, 0,
		},
		{
			"every token is expired, and the fresh one is the old one",
			func(_ int, token string) (client.Page, error) { return client.Page{}, expired(token) },
			40, 40, 0,
		},
		{
			"every token is expired, and there is no fresh one",
			func(int, string) (client.Page, error) { return client.Page{}, expired("") },
			40, 0, 0,
		},
	} {
		for _, first := range []bool{false, true} { // And at the first start of all.
			synctest.Test(t, func(t *testing.T) {
				state := following()
				if first {
					state = NewEpoch(at(0))
				}
				r := newRig(t, state, Options{}, test.answer)
				r.run(time.Hour + time.Second)
				if n := len(r.asana.asked); n > test.atMost+1 || n < 20 {
					t.Errorf("%s: %d requests in an hour, want 20 to %d", test.name, n, test.atMost)
				}
				if n := r.disk.saves; n > test.commits+2 { // That of the first token, and the last.
					t.Errorf("%s: %d commits in an hour, want at most %d", test.name, n, test.commits)
				}
				if got := counts(r.disk.last())[deletedTask()]; got != test.counted {
					t.Errorf("%s: %d events counted, want %d", test.name, got, test.counted)
				}
			})
		}
	}
}

func TestQuietPollsAreCommittedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{}, stream())
		r.run(10*time.Minute + time.Second)
		want := []time.Duration{0} // That of newRig.
		for minutes := range 11 {
			want = append(want, time.Duration(minutes)*time.Minute)
		}
		want = append(want, 10*time.Minute+time.Second) // The last words.
		wantEqual(t, "commits", r.disk.at, want)
		wantEqual(t, "at the end", r.disk.last().AtEnd, at(10*time.Minute))
	})
}

func TestUnsavedPageIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{}, stream(client.Page{Events: events(2, at(0))}, client.Page{Events: events(3, at(0))}))
		r.disk.fail = func(save int) error {
			if save > 0 && since() < time.Hour {
				return syscall.ENOSPC
			}
			return nil
		}
		stop := r.start()
		for range 50 {
			time.Sleep(time.Minute)
			view := r.View()
			if got := shown(view)[deletedTask()]; got != 2 || view.Up || view.State.Token != "1" {
				t.Fatalf("after %s: %d shown, up %v, token %q, want 2, false and 1", since(), got, view.Up, view.State.Token)
			}
		}
		time.Sleep(20 * time.Minute)
		if got := shown(r.View())[deletedTask()]; got != 5 || !r.View().Up {
			t.Errorf("once the disk has room: %d shown, up %v", got, r.View().Up)
		}
		stop()
	})
}

func TestPanicWhileSavingIsAnErrorOfThatPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, following(), Options{}, stream(client.Page{Events: events(2, at(0))}))
		r.disk.fail = func(save int) error {
			if save == 0 {
				panic("a disk like no other")
			}
			return nil
		}
		r.run(5 * time.Second)
		wantEqual(t, "asked", r.asana.asked, []question{{0, "0"}, {500 * time.Millisecond, "0"}, {500 * time.Millisecond, "1"}})
		wantEqual(t, "shown", shown(r.View()), map[Labels]uint64{deletedTask(): 2})
	})
}

func TestPanicWhileAskingForTheNameIsNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := following()
		r := newRig(t, state, Options{}, stream(client.Page{}, client.Page{Events: events(2, at(0))}))
		r.asana.name = func(int) (string, error) { panic("a name like no other") }
		r.run(2 * time.Minute)
		wantEqual(t, "shown", shown(r.View()), map[Labels]uint64{deletedTask(): 2})
		wantEqual(t, "asked", r.asana.named, []time.Duration{0})
	})
}

// A state from the future, by a clock that was wrong, must not keep quiet polls from being committed for years.
func TestQuietPollsAreCommittedAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := following()
		state.Committed, state.AtEnd = at(365*24*time.Hour), at(365*24*time.Hour)
		r := newRig(t, state, Options{}, stream())
		r.run(time.Second)
		wantEqual(t, "committed", r.disk.last().Committed, at(0))
		wantEqual(t, "at the end", r.disk.last().AtEnd, at(0))
	})
}

// Asked to stop, the poller ends soon, and what it was told meanwhile is not lost.
func TestStopIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := newRig(t, following(), Options{}, func(int, string) (client.Page, error) {
			cancel()
			return client.Page{Sync: "1", HasMore: true, Events: events(2, at(0))}, nil
		})
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
		wantEqual(t, "asked", r.asana.asked, []question{{0, "0"}})
		wantEqual(t, "saved", r.disk.last().Token, "1")
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := newRig(t, following(), Options{}, func(int, string) (client.Page, error) {
			cancel()
			return client.Page{}, errors.New("context canceled")
		})
		if err := r.Run(ctx); err != nil || r.failures.n != 0 {
			t.Errorf("Run returned %v after %d failures", err, r.failures.n)
		}
	})
}

// The real Store under a Poller, with a disk that fails at each step of a save.
func TestPageIsShownOnceItsSaveIsComplete(t *testing.T) {
	for _, step := range saveSteps() {
		synctest.Test(t, func(t *testing.T) {
			store := openStore(t, t.TempDir())
			save(t, store, following())
			failures := 3
			store.before = func(s string) error {
				if s != step || failures == 0 {
					return nil
				}
				failures--
				return syscall.EIO
			}
			pages := stream(client.Page{Events: events(2, at(0))})
			var asked []string
			var p *Poller
			source := sourceFunc(func(token string) (client.Page, error) {
				asked = append(asked, token)
				if n := len(shown(p.View())); n > 0 {
					t.Errorf("%s: shown before it was durable", step)
				}
				return pages(0, token)
			})
			p = NewPoller(source, store, NewMetrics(nil, "1"), load(t, store), Options{MaxSeries: 10})
			p.jitter = func() float64 { return 0.5 }
			r := &rig{Poller: p, t: t}
			r.run(14 * time.Second)
			if want := []string{"0", "0", "0", "0", "1"}; !slices.Equal(asked, want) {
				t.Errorf("%s: asked with %q, want %q", step, asked, want)
			}
			wantEqual(t, step+": shown", shown(p.View()), map[Labels]uint64{deletedTask(): 2})
			wantEqual(t, step+": on disk", counts(load(t, store)), map[Labels]uint64{deletedTask(): 2})
		})
	}
}

// A sourceFunc is a Source that knows no name.
type sourceFunc func(token string) (client.Page, error)

func (f sourceFunc) Events(_ context.Context, token string) (client.Page, error) { return f(token) }

func (f sourceFunc) WorkspaceName(context.Context) (string, error) { return "", errors.New("no name") }
