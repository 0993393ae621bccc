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
	"maps"
	"net/http"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
	"github.com/asana-exporter/asana_exporter/users"
)

// The program is killed at random moments. Each event is counted once, and no scrape ever shows less than one before it.
func TestKilledAtAnyMomentItCountsEachEventOnce(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name      string
		zeroFirst time.Duration
	}{
		{"values at once", 0},
		{"zeros first", 100 * time.Millisecond},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			l := newLives(t, row.zeroFirst)
			l.asana.Flaky(0.05)
			for i := range *kills / 2 {
				if i%4 == 0 {
					l.refuse(false)
				}
				l.live(syscall.SIGKILL)
			}
			l.end()
			if l.epochs != 1 {
				t.Errorf("%d epochs, want the first to go on", l.epochs)
			}
		})
	}
}

func TestTerminatedAtAnyMomentItCountsEachEventOnce(t *testing.T) {
	t.Parallel()
	l := newLives(t, 0)
	for range 8 {
		l.live(syscall.SIGTERM)
	}
	l.end()
}

// Positions die. The sum over all epochs is all that a correct client can have read, and each loss is a gap.
func TestKilledWhilePositionsExpireItCountsEachGap(t *testing.T) {
	t.Parallel()
	l := newLives(t, 0)
	l.asana.Flaky(0.05)
	for i := range max(12, *kills/5) {
		switch i % 4 {
		case 1: // At the start.
			l.asana.Inject(simulator.Fault{Kind: simulator.Expire})
		case 2: // Later.
			l.asana.Inject(make([]simulator.Fault, 1+l.dice.IntN(10))...)
			l.asana.Inject(simulator.Fault{Kind: simulator.Expire})
		case 3: // Among other refusals.
			l.refuse(true)
		}
		l.live(syscall.SIGKILL)
	}
	l.end()
	eventually(t, "each gap is told", func() bool { // A position may die after all was counted.
		return l.gaps("token_expired") > 0 && l.gaps("token_expired") == l.service.gaps()
	})
	if l.epochs < 2 || len(l.asana.Lost()) == 0 {
		t.Errorf("%d epochs, events lost of %d kinds: this tested nothing", l.epochs, len(l.asana.Lost()))
	}
}

// end lets the program live on until it has counted what there is to count.
func (l *lives) end() {
	l.t.Helper()
	l.asana.Flaky(0)
	l.asana.Freeze()
	l.born()
	p := spawn(l.t, "", l.args...)
	l.listens(p.address(l.t))
	poll(patience, 5*time.Millisecond, func() bool { return maps.Equal(l.sum(), l.asana.Truth()) })
	truth := l.asana.Truth() // What was lost is known now.
	counted := l.sum()
	var events uint64
	for labels, n := range truth {
		events += n
		if counted[labels] != n {
			l.t.Errorf("%+v: counted %d, want %d", labels, counted[labels], n)
		}
	}
	for labels, n := range counted {
		if truth[labels] == 0 {
			l.t.Errorf("%+v: counted %d, want none", labels, n)
		}
	}
	l.asana.Add(simulator.SyncError()) // The only event of a page.
	eventually(l.t, "each sync_error is one gap", func() bool { return l.gaps("sync_error") == int(l.asana.SyncErrors()) })
	l.t.Logf("%d lives, %d of them ended inside a commit, %d began with a backlog; %d times SIGHUP; %d sync errors; "+
		"%d requests, %d refused; %d events of %d kinds in %d epochs; %d scrapes; %s",
		l.number, l.interrupted, l.backlogs, l.hangUps, l.asana.SyncErrors(), l.service.asked.Load(), l.service.refused.Load(), events, len(truth), l.epochs, l.scrapes,
		time.Since(l.began).Round(time.Millisecond))
}

// A fresh crowd is not lost with the minute in which it came.
func TestKilledItRemembersActiveUsers(t *testing.T) {
	t.Parallel()
	asana, url := newAsana(t, simulator.Options{})
	dir := t.TempDir()
	args := following(t, url, "--state.dir", dir)
	p := spawn(t, "", args...)
	address := p.address(t)
	eventually(t, "the first catch-up", func() bool { return statusOf(t, "http://"+address+"/-/ready") == http.StatusOK })
	const crowd, batch = 1000, 100
	for i := 0; i < crowd; i += batch {
		for j := range batch {
			user := &simulator.Resource{GID: strconv.Itoa(1_000_000 + i + j), Type: "user"}
			asana.Add(simulator.Event{Action: "deleted", Resource: deletions(1)[0].Resource, User: user})
		}
		counted := float64(i + batch)
		eventually(t, "a part of the crowd", func() bool { return samples(t, address)[deletedTasks] == counted })
	}
	if !poll(soon, 10*time.Millisecond, func() bool { return usersOnDisk(t, dir) > 0.96*crowd }) { // Else it comes after a minute.
		t.Errorf("%v users are on the disk, want nearly %d", usersOnDisk(t, dir), crowd)
	}
	p.signal(t, syscall.SIGKILL)
	p.exit(t)

	address = spawn(t, "", args...).address(t)
	if got := samples(t, address)[`asana_workspace_active_users{window="1h",workspace="`+testWorkspace+`"}`]; got < 0.96*crowd || got > 1.03*crowd {
		t.Errorf("%v active users are left of %d", got, crowd)
	}
}

// usersOnDisk returns how many users of an hour are in their file.
func usersOnDisk(t *testing.T, dir string) float64 {
	t.Helper()
	body, err := sealedBody(filepath.Join(dir, testWorkspace+".users"))
	must(t, err)
	if body == nil {
		return 0
	}
	u, err := users.Decode(body)
	must(t, err)
	counts, _ := u.Count(time.Now())
	return float64(counts.Active[0])
}
