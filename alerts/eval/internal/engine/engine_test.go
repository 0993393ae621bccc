package engine

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

const minute = 60_000

// events is a store with two workspaces that count for a day, in bursts, with a reset and a pause.
func events() *Store {
	r := rand.New(rand.NewPCG(1, 2))
	store := NewStore()
	for _, name := range []string{"1", "2"} {
		s := store.Series(labels.FromStrings(model.MetricNameLabel, "events_total", "workspace", name))
		value := 0.0
		for m := range int64(24 * 60) {
			if r.IntN(20) == 0 {
				value += float64(r.IntN(40))
			}
			switch {
			case m == 700:
				value = 0
			case m > 900 && m < 950:
				continue
			}
			s.Add(m*minute+7000, value)
		}
	}
	return store
}

func TestEvaluateAgreesWithPrometheus(t *testing.T) {
	rules, err := Load("testdata/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	result, err := Evaluate(rules, events(), 0, 24*60*minute)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := Reference(t.Context(), "testdata/rules.yml", events(), 0, 24*60*minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, alert := range []string{"Busy", "BusyForLong", "Jump", "JumpWhileBusy"} {
		if !slices.ContainsFunc(theirs, func(f Firing) bool { return f.Alert == alert }) {
			t.Errorf("%s never fires, the test shows nothing", alert)
		}
	}
	for _, d := range Differences(result.Firings, theirs) {
		t.Error(d)
	}
}

func TestDifferencesTellsWhoseTheyAre(t *testing.T) {
	a, b, c := Firing{Alert: "A"}, Firing{Alert: "B", From: 1}, Firing{Alert: "C"}
	got := Differences([]Firing{a, b}, []Firing{c, a})
	if want := []string{"only Evaluate: B{} 1 0", "only Prometheus: C{} 0 0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRulesThatNeedEachOtherStayTogether(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yml")
	const text = `groups: [{name: g, rules: [
		{record: a, expr: b}, {record: b, expr: c or d}, {record: c, expr: b offset 5m}, {record: d, expr: events_total}]}]`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, together := range rules.inOrder() {
		names := ""
		for _, r := range together {
			names += r.name()
		}
		got = append(got, names)
	}
	if want := []string{"d", "bc", "a"}; !slices.Equal(got, want) {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestDamagedRulesAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(`groups: [{name: g, rules: [{record: a, expr: "sum("}]}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err == nil {
		t.Error("no error for an expression that is none")
	}
}

func TestFirstOfTwoSamplesStays(t *testing.T) {
	s := NewStore().Series(labels.FromStrings("a", "b"))
	for _, at := range []int64{1, 3, 2, 3, 2} {
		s.Add(at, float64(len(s.values)))
	}
	times, values := s.Samples()
	if !slices.Equal(times, []int64{1, 2, 3}) || !slices.Equal(values, []float64{0, 2, 1}) {
		t.Errorf("got %v %v", times, values)
	}
}

func TestStoreForgets(t *testing.T) {
	for retention, want := range map[time.Duration]int{0: 1, 3 * time.Hour: 1, time.Hour: 0} {
		store := NewStore()
		store.Series(labels.FromStrings(model.MetricNameLabel, "a")).Add(1, 1)
		store.Forget(retention, 2*60*minute)
		e := &evaluation{queries: newQueries(), store: store, end: 2 * 60 * minute, active: map[*rule]map[uint64]*alert{}}
		r := &rule{alert: "A", expr: "last_over_time(a[3h] offset 1h)", interval: time.Minute}
		if err := e.atOnce(Rules{r}); err != nil {
			t.Fatal(err)
		}
		if e.finish(); len(e.fired) != want {
			t.Errorf("with a retention of %v %d firings, want %d", retention, len(e.fired), want)
		}
	}
}
