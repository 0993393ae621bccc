package collector

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"asana_exporter/client"
)

// What the test binary is told when it is to be a process that is killed.
const (
	lifeUntil = "COLLECTOR_TEST_LIFE_UNTIL" // The page with which the stream ends.
	lifeKill  = "COLLECTOR_TEST_LIFE_KILL"  // A step and the number of the file, from 0, at which it kills itself, such as "fsync 3".
	lifeStart = "COLLECTOR_TEST_LIFE_START" // When the backlog began, in seconds.
)

func TestMain(m *testing.M) {
	if os.Getenv(lifeUntil) == "" {
		os.Exit(m.Run())
	}
	if err := live(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// live follows the stream of lifeSource, in a process of its own with the state folder as its working directory, until
// everything is shown or somebody kills it.
func live() error {
	store, err := OpenStore(".", "1")
	if err != nil {
		return err
	}
	store.before = suicide(os.Getenv(lifeKill))
	state, _, err := store.Begin(time.Now())
	if err != nil {
		return err
	}
	var source lifeSource
	if source.until, err = strconv.Atoi(os.Getenv(lifeUntil)); err != nil {
		return err
	}
	if source.start, err = strconv.ParseInt(os.Getenv(lifeStart), 10, 64); err != nil {
		return err
	}
	p := NewPoller(&source, store, NewMetrics(nil, "1"), state, Options{
		Interval: time.Millisecond, ZeroFirst: 3 * time.Millisecond, MaxSeries: 5000,
	})
	p.jitter = func() float64 { return 0.001 }
	ctx, cancel := context.WithCancel(context.Background())
	go scrape(p, source.until, cancel)
	return p.Run(ctx)
}

// suicide ends the process with SIGKILL before a step, given as "step number of file".
func suicide(when string) func(step string) error {
	last := strings.LastIndex(when, " ")
	if last < 0 {
		return func(string) error { return nil }
	}
	file := -1
	return func(step string) error {
		if step == "create" {
			file++
		}
		if step == when[:last] && strconv.Itoa(file) == when[last+1:] {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // Until the signal has come.
		}
		return nil
	}
}

// sighting is what a scrape saw, or a question to Asana. The process prints them: what was written before a SIGKILL, the
// parent reads.
type sighting struct {
	Asked *string   // A token, or
	Epoch time.Time // an exposition.
	Shown []Series  `json:",omitzero"`
}

// lifetime returns a process that calls live.
func lifetime(t *testing.T, dir, killAt string, until int, start int64) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), lifeUntil+"="+strconv.Itoa(until), lifeStart+"="+strconv.FormatInt(start, 10), lifeKill+"="+killAt)
	return cmd
}

func report(s sighting) {
	line, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.Write(append(line, '\n'))
}

// scrape reports everything that is published, until the stream is at its end and nothing is at zero any more.
func scrape(p *Poller, until int, done func()) {
	var before *View
	for range time.Tick(100 * time.Microsecond) {
		view := p.View()
		if view == before || !view.Exposed {
			continue
		}
		before = view
		seen := sighting{Epoch: view.State.Epoch}
		hidden := false
		for _, s := range view.State.Series() {
			hidden = hidden || s.Visible() < s.Value
			if s.Visible() > 0 {
				seen.Shown = append(seen.Shown, Series{Labels: s.Labels, Value: s.Visible()})
			}
		}
		report(seen)
		if view.State.Token == strconv.Itoa(until) && !hidden {
			done()
			return
		}
	}
}

// backlogPages are how many pages were waiting when the first process began.
const backlogPages = 40

// lifePage is the same whenever it is asked for: some deletions, and now and then an event of a new kind.
func lifePage(n int, start int64) client.Page {
	created := time.Unix(start+int64(n)*60, 0)
	page := client.Page{Sync: strconv.Itoa(n + 1), HasMore: n < backlogPages || n%5 != 0, Events: events(1+n%3, created)}
	if n%7 == 0 {
		page.Events = append(page.Events, event("deleted", "project", created), event("added", "type"+strconv.Itoa(n/70), created))
	}
	return page
}

// A lifeSource answers with one lifePage after the other. Now and then it fails.
type lifeSource struct {
	until int
	start int64
	calls int
}

func (s *lifeSource) Events(_ context.Context, token string) (client.Page, error) {
	report(sighting{Asked: &token})
	s.calls++
	switch {
	case s.calls%13 == 5:
		return client.Page{}, &client.StatusError{Status: 503}
	case s.calls%17 == 7:
		panic("a page like no other")
	}
	n, err := strconv.Atoi(token)
	if err != nil || n >= s.until {
		return client.Page{Sync: token}, err
	}
	return lifePage(n, s.start), nil
}

func (s *lifeSource) WorkspaceName(context.Context) (string, error) { return "", errors.New("no name") }
