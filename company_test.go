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
	"math/rand/v2"
	"net/http"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// Fifty workspaces in one process that is killed again and again: one hangs, one is refused, one sends garbage, and one comes
// and goes. Of all others, and of the last, each event is counted once; no scrape shows less than one before it.
func TestKilledWithFiftyWorkspacesItCountsEachEventOnce(t *testing.T) {
	t.Parallel()
	l := newCompanyLives(t)
	for range max(3, *kills/6) {
		p := l.live()
		l.flap(p, 5)
		p.signal(t, syscall.SIGKILL)
		p.exit(t)
		l.listens("")
	}
	p := l.live()
	l.flap(p, 5)
	before := l.asana.requests()
	l.asana.longestPause(l.well)
	l.flap(p, 15)
	for _, gid := range l.well { // What hangs, hangs for five minutes.
		eventually(t, "five more polls of "+gid, func() bool { return l.asana.requests()[gid] >= before[gid]+5 })
	}
	longest := l.asana.longestPause(l.well[1:])
	for _, gid := range l.asana.gids {
		l.asana.inside[gid].Freeze()
	}
	for _, gid := range l.well {
		eventually(t, "all events of "+gid, func() bool {
			counted := l.witness[gid].counted()
			return len(counted) > 0 && maps.Equal(counted, l.asana.inside[gid].Truth())
		})
	}
	t.Logf("%d workspaces are well, %s at most between polls", len(l.well), longest)
	l.folder.put(t, nil)
	p.signal(t, syscall.SIGHUP)
	wantUps(t, l.address, map[string]float64{})
	eventually(t, "no goroutine and no file of a workspace is left", func() bool {
		now := samples(t, l.address)
		return now["go_goroutines"] < 40 && now["process_open_fds"] < 30
	})
	wantStop(t, p, syscall.SIGTERM)
}

// companyLives starts and kills a program that follows a company.
type companyLives struct {
	t      *testing.T
	asana  *company
	folder *secret
	args   []string
	well   []string // Gids.
	flaps  string   // The gid of the workspace that comes and goes.
	dice   *rand.Rand

	witness map[string]*witness // By gid.

	watcher
}

// newCompanyLives starts the company, and who looks at the program.
func newCompanyLives(t *testing.T) *companyLives {
	t.Helper()
	t.Logf("-seed %d", *seed)
	l := &companyLives{
		t: t, asana: newCompany(t, 50, simulator.Options{Rate: 20, PageSize: 50, StrictTokens: true, TokenLife: 10 * time.Minute}),
		folder: &secret{dir: t.TempDir()}, dice: rand.New(rand.NewPCG(*seed, 1)), witness: map[string]*witness{},
	}
	gids := l.asana.gids
	l.asana.of[gids[0]] = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	l.asana.of[gids[1]] = simulator.New(simulator.Options{Workspace: gids[1], Token: "another"})
	l.asana.of[gids[2]] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0, 255, '{'}) })
	l.flaps, l.well = gids[3], gids[3:] // In this order.
	for _, gid := range l.well {
		l.asana.inside[gid].Thaw()
		l.witness[gid] = newWitness(t, 0)
	}
	l.folder.put(t, tokens(gids...))
	l.args = inFolder(t, l.asana.url, l.folder.dir, "--asana.poll-interval", "1s", "--asana.timeout", "5m")
	l.watch(t, 200*time.Millisecond, l.look)
	return l
}

// live starts the program.
func (l *companyLives) live() *process {
	l.t.Helper()
	for _, w := range l.witness {
		w.born()
	}
	p := spawn(l.t, "", l.args...)
	l.listens(p.address(l.t))
	return p
}

// flap lets a workspace come and go so often. It leaves it there.
func (l *companyLives) flap(p *process, times int) {
	l.t.Helper()
	for i := range 2 * times {
		select {
		case <-p.ended:
			l.t.Fatalf("it ended:\n%s", &p.stderr)
		case <-time.After(100*time.Millisecond + time.Duration(l.dice.Int64N(int64(300*time.Millisecond)))):
		}
		there := tokens(l.asana.gids...)
		if i%2 == 0 {
			delete(there, l.flaps)
		}
		l.folder.put(l.t, there)
		p.signal(l.t, syscall.SIGHUP)
	}
}

// look looks at a scrape that was sent and came at these times.
func (l *companyLives) look(families []*dto.MetricFamily, sent, came time.Time) {
	of := byWorkspace(families)
	for _, gid := range l.well {
		l.witness[gid].look(of[gid], sent, came)
	}
}
