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
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// Lives starts and stops the program again and again on one state folder, while much happens in its workspace.
type lives struct {
	*witness
	t       *testing.T
	asana   *simulator.Simulator
	service *service
	dice    *rand.Rand
	dir     string
	args    []string

	began       time.Time
	number      int
	interrupted int // Lives that ended inside a commit.
	backlogs    int // Lives that began with a backlog.
	hangUps     int // Times that SIGHUP was sent.

	over map[simulator.Labels]uint64 // Counted in epochs that are over.
	disk diskState                   // After the last life.
}

// newLives starts the workspace and the witness.
func newLives(t *testing.T, zeroFirst time.Duration) *lives {
	t.Helper()
	t.Logf("-seed %d", *seed)
	asana := simulator.New(simulator.Options{
		Workspace: testWorkspace, Seed: *seed, Rate: 1000, PageSize: 300, StrictTokens: true, TokenLife: 2 * time.Minute,
	})
	service := &service{asana: asana, fresh: map[string]bool{}}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	l := &lives{
		witness: newWitness(t, zeroFirst), t: t, asana: asana, service: service, dice: rand.New(rand.NewPCG(*seed, 0)),
		dir: t.TempDir(), began: time.Now(), over: map[simulator.Labels]uint64{},
	}
	l.looked = func() {
		if disk, err := readState(l.dir); err != nil {
			t.Error(err)
		} else {
			l.wantDurable(disk)
		}
	}
	l.args = arguments(t, "--asana.url", server.URL, "--state.dir", l.dir, "--asana.poll-interval", "20ms",
		"--asana.timeout", "1s", "--events.zero-first", zeroFirst.String())
	l.watch(t, 5*time.Millisecond, l.look)
	return l
}

// live starts the program and ends it with a signal at a random moment; every other time, that is inside a commit.
func (l *lives) live(signal syscall.Signal) {
	l.t.Helper()
	if l.number++; l.number > 1 && l.dice.IntN(4) == 0 && oversleep(l.t, l.dir, 2*time.Minute) {
		l.backlogs++
	}
	if l.dice.IntN(3) == 0 {
		l.asana.Add(simulator.SyncError())
	}
	l.born()
	p := spawn(l.t, "", l.args...)
	if signal == syscall.SIGTERM {
		l.listens(p.address(l.t)) // Before that, the signal may not be handled yet.
	}
	l.pass(p)
	if l.dice.IntN(2) == 0 {
		l.untilCommit()
	}
	p.signal(l.t, signal)
	code := p.exit(l.t)
	l.listens("")
	status, _ := p.ProcessState.Sys().(syscall.WaitStatus)
	if signal == syscall.SIGKILL && status.Signal() != syscall.SIGKILL || signal == syscall.SIGTERM && code != 0 {
		l.t.Fatalf("ended with %s, it wrote:\n%s", p.ProcessState, &p.stderr)
	}
	if len(l.leftovers()) > 0 {
		l.interrupted++
	}
	l.lookAtDisk()
}

// refuse injects a mix of refusals and broken connections, every other one of them an expired position if expire is set.
func (l *lives) refuse(expire bool) {
	mix := []simulator.Fault{
		{Kind: simulator.Status, Status: http.StatusBadRequest},
		{Kind: simulator.Status, Status: http.StatusInternalServerError},
		{Kind: simulator.Status, Status: http.StatusBadGateway}, // A web page.
		{Kind: simulator.Status, Status: http.StatusTooManyRequests, RetryAfter: time.Second},
		{Kind: simulator.Status, Status: http.StatusServiceUnavailable, RetryAfter: time.Second},
		{Kind: simulator.ExpireNoSync, RetryAfter: time.Second},
		{Kind: simulator.Hang},
		{Kind: simulator.Reset},
	}
	l.dice.Shuffle(len(mix), func(i, j int) { mix[i], mix[j] = mix[j], mix[i] })
	for _, fault := range mix[:1+l.dice.IntN(3)] {
		l.asana.Inject(fault)
		if expire {
			l.asana.Inject(simulator.Fault{Kind: simulator.Expire, RetryAfter: time.Duration(l.dice.IntN(2)) * time.Second})
		}
	}
}

// pass lets the program live for a random number of requests, so that a slow machine gives it longer, and a while after.
// Every other time, it gets a SIGHUP after each request from a random one on.
func (l *lives) pass(p *process) {
	first := l.service.asked.Load()
	last := first + l.dice.Int64N(20)
	hangUp := first + l.dice.Int64N(40)
	const overdue = 2 * time.Second // It may wait after a failure.
	if !poll(overdue, time.Millisecond, func() bool {
		asked := l.service.asked.Load()
		text, _ := p.stderr.from(0)
		if address := listening.FindStringSubmatch(text); address != nil {
			l.listens(address[1])
			if asked >= hangUp { // Before it listens, the signal may not be handled yet.
				hangUp = asked + 1
				l.hangUps++
				p.signal(l.t, syscall.SIGHUP)
			}
		}
		return asked >= last
	}) {
		return
	}
	select { // Not always right after a request.
	case <-p.ended:
	case <-time.After(time.Duration(l.dice.Int64N(int64(50 * time.Millisecond)))):
	}
}

// untilCommit waits until the program is writing its state, if it does so soon.
func (l *lives) untilCommit() {
	poll(300*time.Millisecond, 50*time.Microsecond, func() bool { return len(l.leftovers()) > 0 })
}

// leftovers returns the names of temporary files.
func (l *lives) leftovers() []string {
	found, err := filepath.Glob(filepath.Join(l.dir, "*.tmp*"))
	if err != nil {
		l.t.Fatal(err)
	}
	return found
}

// lookAtDisk notes what is durable after a life, and checks it.
func (l *lives) lookAtDisk() {
	l.t.Helper()
	disk, err := readState(l.dir)
	if err != nil {
		l.t.Fatal(err)
	}
	if disk.epoch.After(l.disk.epoch) {
		l.endEpoch()
	}
	l.disk = disk
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch.After(disk.epoch) {
		l.t.Errorf("epoch %s was seen, and that on disk is %s", l.epoch, disk.epoch)
	}
	l.wantDurable(disk)
}

// wantDurable checks that all counts that were seen are on disk. It needs the lock.
func (l *lives) wantDurable(disk diskState) {
	l.t.Helper()
	for series, s := range l.events {
		if l.epoch.Equal(disk.epoch) && s.value > float64(disk.counted[s.labels]) {
			l.t.Errorf("%s: %s was seen, and %d is on disk", series, s, disk.counted[s.labels])
		}
	}
}

// endEpoch keeps what was counted up to the last life: an epoch ends before a page was counted in the new life.
func (l *lives) endEpoch() {
	for labels, n := range l.disk.counted {
		l.over[labels] += n
	}
}

// sum returns what was counted over all epochs, as far as it was seen.
func (l *lives) sum() map[simulator.Labels]uint64 {
	sum := l.counted()
	add := func(counted map[simulator.Labels]uint64) {
		for labels, n := range counted {
			sum[labels] += n
		}
	}
	add(l.over)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoch.After(l.disk.epoch) { // It began in the last life.
		add(l.disk.counted)
	}
	return sum
}
