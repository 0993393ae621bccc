package collector

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

var kills = flag.Int("kills", 30, "how many processes are killed at a random moment")

// A history follows a state folder through the lives of many processes.
type history struct {
	t     *testing.T
	dir   string
	start int64
	until int

	epoch time.Time
	most  map[Labels]uint64 // The highest value that anybody saw.
	seen  int               // Expositions.
	asked int               // The page that a process asked for last; -1 if it asked for none.
	pages int               // Those that are counted on disk.
	truth map[Labels]uint64 // The counts of these pages.
}

// live runs a process until it ends, by a kill at the given step or after the given time, and looks at what it left.
func (h *history) live(killAt string, after time.Duration) {
	h.t.Helper()
	cmd := lifetime(h.t, h.dir, killAt, h.until, h.start)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	if after > 0 {
		time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	}
	err := cmd.Wait()
	if stderr.Len() > 0 {
		h.t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); killAt != "" && (!ok || status.Signal() != syscall.SIGKILL) {
		h.t.Fatalf("killed at %s: it ended otherwise: %v", killAt, err)
	}
	h.asked = -1
	for line := range bytes.Lines(stdout.Bytes()) {
		h.witness(line)
	}
	h.inspect(killAt)
}

// witness checks one sighting against all before it: Rule Z.
func (h *history) witness(line []byte) {
	h.t.Helper()
	var s sighting
	err := json.Unmarshal(line, &s)
	if err == nil && s.Asked != nil {
		h.asked, err = strconv.Atoi(*s.Asked)
	}
	if err != nil {
		h.t.Fatalf("%q: %v", line, err)
	}
	if s.Asked != nil {
		return
	}
	h.seen++
	if h.seen == 1 {
		h.epoch = s.Epoch
	}
	shown := map[Labels]uint64{}
	for _, series := range s.Shown {
		shown[series.Labels] = series.Value
	}
	for labels, before := range h.most {
		if shown[labels] < before || !s.Epoch.Equal(h.epoch) {
			h.t.Fatalf("%+v: %d was seen, and then %d, in the epochs %s and %s", labels, before, shown[labels], h.epoch, s.Epoch)
		}
	}
	h.most = shown
}

// inspect compares the file that a process left with the truth, and with what was seen.
func (h *history) inspect(killAt string) {
	h.t.Helper()
	content, err := os.ReadFile(filepath.Join(h.dir, "1.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	state, err := decode(content)
	if err != nil {
		h.t.Fatalf("killed at %q: %v", killAt, err)
	}
	n, err := strconv.Atoi(state.Token)
	if err != nil {
		h.t.Fatal(err)
	}
	if h.asked < 0 && n != h.pages || h.asked >= 0 && n != h.asked && n != h.asked+1 {
		h.t.Fatalf("killed at %q: %d pages on disk, and before %d; the last one asked for was page %d", killAt, n, h.pages, h.asked)
	}
	for ; h.pages < n; h.pages++ {
		for _, e := range lifePage(h.pages, h.start).Events {
			h.truth[classify(e)]++
		}
	}
	wantEqual(h.t, fmt.Sprintf("killed at %q: %d pages on disk", killAt, n), counts(state), h.truth)
	for labels, before := range h.most {
		if after := visible(state)[labels]; after < before || !state.Epoch.Equal(h.epoch) {
			h.t.Fatalf("killed at %q: %+v: %d was seen, and %d is on disk", killAt, labels, before, after)
		}
	}
}

// newHistory returns one with a backlog that has been waiting for two hours.
func newHistory(t *testing.T) *history {
	t.Helper()
	start := time.Now().Add(-2 * time.Hour).Truncate(time.Minute)
	h := &history{t: t, dir: t.TempDir(), start: start.Unix(), until: 1 << 30, truth: map[Labels]uint64{}}
	state, _ := NewEpoch(start).Expired("0", start, start, false, lax())
	store, err := OpenStore(h.dir, "1")
	if err != nil {
		t.Fatal(err)
	}
	save(t, store, state)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return h
}

// Processes are killed, before each step of a save and at random moments, from the middle of a catch-up on. Each page is
// counted once, nobody sees a count go down, and the backlog is that of a life without a death.
func TestNothingIsLostOrCountedTwiceOverSIGKILL(t *testing.T) {
	h := newHistory(t)
	for _, step := range saveSteps() {
		for _, file := range []string{" 0", " 3"} { // That of the start, and one with a page.
			h.live(step+file, 0)
		}
	}
	begun := time.Now()
	h.live("create 2", 0)
	longest := time.Since(begun) + 40*time.Millisecond
	random := rand.New(rand.NewPCG(uint64(h.start), 7))
	for range *kills {
		h.live("", time.Duration(1+random.Int64N(int64(longest))))
	}
	h.until = max(h.pages, backlogPages) + 10
	h.live("", 0)

	wantEqual(t, "pages in the end", h.pages, h.until)
	wantEqual(t, "shown in the end", h.most, h.truth)
	var deletions, projects []time.Time
	for n := range backlogPages + 1 { // The page after them is the first without more.
		for _, e := range lifePage(n, h.start).Events {
			if e.Action == "deleted" {
				deletions = append(deletions, e.CreatedAt)
			}
			if e.Action == "deleted" && e.ResourceType == "project" {
				projects = append(projects, e.CreatedAt)
			}
		}
	}
	state := load(t, openStore(t, h.dir))
	wantEqual(t, "peak of deletions in the backlog", latest(state).PeakDeleted, peak(deletions))
	wantEqual(t, "peak of projects in the backlog", latest(state).PeakProjects, peak(projects))
	if covered := latest(state).Seconds; covered < 2*3600 || covered > 2*3600+600 {
		t.Errorf("the backlog covers %v s, want two hours and a little", covered)
	}
	wantEqual(t, "files", files(t, h.dir), []string{"1.json", "1.lock"})
	t.Logf("%d pages counted over %d kills, %d expositions seen", h.pages, 15+*kills, h.seen)
}

// Killed at each step while the damaged file is copied (file 0) and the new epoch is saved (file 1), again and again.
func TestDamagedStateIsKeptOnceOverSIGKILL(t *testing.T) {
	dir := t.TempDir()
	store, err := OpenStore(dir, "1")
	if err != nil {
		t.Fatal(err)
	}
	save(t, store, born())
	content, written := damage(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	aside := "1.json.damaged-" + written.Format("20060102T150405.000Z")
	for _, file := range []string{" 0", " 1"} {
		for _, step := range saveSteps() {
			if step == "fsync folder" && file == " 1" {
				break // From here on the new epoch is in its place.
			}
			cmd := lifetime(t, dir, step+file, 0, 0)
			if out, err := cmd.CombinedOutput(); len(out) > 0 || cmd.ProcessState.Success() {
				t.Fatalf("%s%s: %v: %s", step, file, err, out)
			}
		}
	}
	store = openStore(t, dir)
	wantEqual(t, "files", files(t, dir), []string{"1.json", aside, "1.lock"})
	for _, name := range []string{"1.json", aside} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %q (%v), want the damaged file", name, got, err)
		}
	}
	state, _, err := store.Begin(at(0))
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "lost since", state.LostSince, written)
}
