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

//go:build e2e

package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// outage is how long Asana refuses to be asked: a backlog begins after a minute.
const outage = 62 * time.Second

// window reaches back to before the first scrape.
const window = "[15m]"

// A Prometheus server scrapes the exporter through the first events of new series, a crash, a backlog and a new epoch. Its stored
// samples then match the simulator to the event, and so do the results of its functions.
func TestPrometheusStoresExactCounts(t *testing.T) {
	t.Parallel()
	asana := startAsana(t, simulator.Options{Seed: 7, Rate: 5, PageSize: 100})
	e := newExporter(t, asana, "--asana.poll-interval=1s", "--events.zero-first=10s") // Ten scrapes, of which a busy machine may miss some.
	p := startPrometheus(t, e)
	follow := following{t: t, asana: asana, exporter: e, prometheus: p}

	e.start(t)
	follow.firstEvents()
	follow.crash()
	follow.backlog()
	old := follow.settle(nil)
	began := time.Now()
	follow.newEpoch(old)
	truth := follow.settle(old)

	stored := p.mustQuery(t, "asana_events_total"+window, time.Now())
	checkSteps(t, stored, truth)
	follow.checkIncrease(stored)
	follow.checkTotal(stored, truth)
	follow.checkResets(stored, old, began)
}

// following is a Prometheus server that follows an exporter that follows Asana.
type following struct {
	t          *testing.T
	asana      *asana
	exporter   *exporter
	prometheus prometheus
}

// firstEvents waits for a few dozen events.
func (f following) firstEvents() {
	f.t.Helper()
	f.waitForSum(50)
}

// crash kills the exporter and starts it again while people work.
func (f following) crash() {
	f.t.Helper()
	f.exporter.kill(f.t)
	f.asana.Incident(100) // Meanwhile somebody deletes a lot.
	f.exporter.start(f.t)
	f.waitForSum(150)
}

// backlog has Asana refuse to be asked for more than a minute, while people work.
func (f following) backlog() {
	f.t.Helper()
	f.asana.Inject(simulator.Fault{Kind: simulator.Status, Status: http.StatusServiceUnavailable, RetryAfter: outage})
	f.asana.Incident(100)
	waitFor(f.t, outage+patience, func() error {
		if seconds := f.prometheus.number(f.t, "asana_workspace_backlog_seconds"); seconds < outage.Seconds() {
			return fmt.Errorf("a backlog of %v seconds", seconds)
		}
		return nil
	})
	if peak := f.prometheus.number(f.t, `asana_workspace_backlog_peak_events{resource_type=""}`); peak < 100 {
		f.t.Errorf("the peak of the backlog is %v, and 100 tasks were deleted", peak)
	}
}

// newEpoch kills the exporter and has Asana forget its position, and the events since. All events of
// the old epoch happen in the new one again.
func (f following) newEpoch(old map[simulator.Labels]uint64) {
	f.t.Helper()
	f.exporter.kill(f.t)
	f.asana.work(30) // Lost.
	f.asana.Inject(simulator.Fault{Kind: simulator.Expire})
	f.asana.Thaw()
	f.exporter.start(f.t)
	waitFor(f.t, patience, func() error {
		if gaps := f.prometheus.number(f.t, "sum(asana_workspace_gaps_total)"); gaps != 1 {
			return fmt.Errorf("%v gaps", gaps)
		}
		return nil
	})
	f.asana.repeat(maps.Keys(old))
	f.waitForSum(50)
	if lost := total(f.asana.Lost()); lost < 30 {
		f.t.Errorf("%d events lost, and 30 could not be read", lost)
	}
}

// waitForSum waits until Prometheus has stored so many events of this epoch.
func (f following) waitForSum(least float64) {
	f.t.Helper()
	waitFor(f.t, time.Minute, func() error {
		if sum := f.prometheus.number(f.t, "sum(asana_events_total)"); sum < least {
			return fmt.Errorf("Prometheus knows of %v events", sum)
		}
		return nil
	})
}

// settle freezes the workspace, waits until all counts since before are shown and stored, and returns the true counts.
func (f following) settle(before map[simulator.Labels]uint64) map[simulator.Labels]uint64 {
	f.t.Helper()
	f.asana.Freeze()
	truth := f.asana.Truth()
	since := maps.Clone(truth)
	maps.DeleteFunc(since, func(l simulator.Labels, n uint64) bool { return n == before[l] })
	for labels := range since {
		since[labels] -= before[labels]
	}
	waitFor(f.t, patience, func() error {
		latest := map[simulator.Labels]uint64{}
		for labels, series := range f.prometheus.mustQuery(f.t, "asana_events_total > 0", time.Now()) {
			latest[labels] = uint64(series[0].value)
		}
		return errors.Join(f.exporter.shows(since), differ("stored", latest, since))
	})
	return truth
}

// checkSteps reports series that don't begin at zero, and those whose raw steps don't add up to the truth.
func checkSteps(t *testing.T, stored samples, truth map[simulator.Labels]uint64) {
	t.Helper()
	sums := map[simulator.Labels]uint64{}
	for labels, series := range stored {
		if first := series[0].value; first != 0 {
			t.Errorf("%+v begins at %v", labels, first)
		}
		if sum := steps(series); sum > 0 {
			sums[labels] = uint64(sum)
		}
	}
	if err := differ("steps", sums, truth); err != nil {
		t.Error(err)
	}
	t.Logf("%d series, %d events by the sum of raw steps, %d in truth", len(stored), total(sums), total(truth))
}

// steps adds up how much a counter grew from sample to sample. One that became lower began anew at zero.
func steps(series []sample) (sum float64) {
	for i, s := range series[1:] {
		if last := series[i].value; s.value >= last {
			sum += s.value - last
		} else {
			sum += s.value
		}
	}
	return sum
}

// checkIncrease compares increase() with the raw steps, at each scrape and for each series that it brought, within 1 %.
//
// increase() extrapolates from the first and last sample to both ends of its window. At the moment of a scrape the last
// sample is at the end; and before the first, a counter that began at zero can't have grown. So nothing is left to guess.
func (f following) checkIncrease(stored samples) {
	f.t.Helper()
	worst := map[simulator.Labels]float64{}
	for _, at := range scrapes(stored) {
		increases := f.prometheus.mustQuery(f.t, "increase(asana_events_total"+window+")", time.UnixMilli(at))
		for labels, series := range stored {
			i, scraped := slices.BinarySearchFunc(series, at, func(s sample, at int64) int { return cmp.Compare(s.at, at) })
			if !scraped || i == 0 {
				continue
			}
			if len(increases[labels]) != 1 {
				f.t.Fatalf("%+v: no increase after %d samples", labels, i+1)
			}
			want := steps(series[:i+1])
			off := math.Abs(increases[labels][0].value-want) / max(want, 1)
			worst[labels] = max(worst[labels], off)
		}
	}
	for labels, off := range worst {
		if off > 0.01 {
			f.t.Errorf("%+v: increase() is off by up to %.4f %%", labels, 100*off)
		}
	}
	f.t.Logf("increase() is off by at most %.4f %%, at any scrape and for any series", 100*slices.Max(slices.Collect(maps.Values(worst))))
}

// scrapes returns the times of all samples.
func scrapes(stored samples) []int64 {
	times := map[int64]bool{}
	for _, series := range stored {
		for _, s := range series {
			times[s.at] = true
		}
	}
	return slices.Sorted(maps.Keys(times))
}

// checkTotal compares the final number of a dashboard with the truth, within 1 %. No series may have ended before:
// increase() would add the growth of half a scrape interval to it.
func (f following) checkTotal(stored samples, truth map[simulator.Labels]uint64) {
	f.t.Helper()
	times := scrapes(stored)
	last := time.UnixMilli(times[len(times)-1])
	sum := f.prometheus.mustQuery(f.t, "sum(increase(asana_events_total"+window+"))", last)[simulator.Labels{}][0].value
	want := float64(total(truth))
	if math.Abs(sum-want) > 0.01*want {
		f.t.Errorf("increase() in total %v, in truth %v", sum, want)
	}
	f.t.Logf("increase() in total %.2f, in truth %v", sum, want)
}

// checkResets compares resets() with the epochs: one for each series that had counted in the old epoch, none for others.
// A server that uses start timestamps also counts a reset for series that were at zero.
func (f following) checkResets(stored samples, old map[simulator.Labels]uint64, began time.Time) {
	f.t.Helper()
	resets := f.prometheus.mustQuery(f.t, "resets(asana_events_total"+window+")", time.Now())
	usesStarts := strings.Contains(os.Getenv("PROMETHEUS"), "use-start-timestamps")
	var want []simulator.Labels
	for labels, series := range stored {
		if old[labels] > 0 || usesStarts && series[0].at < began.UnixMilli() {
			want = append(want, labels)
		}
	}
	for labels := range stored {
		got := resets[labels][0].value
		if once := slices.Contains(want, labels); once && got != 1 || !once && got != 0 {
			f.t.Errorf("%+v: %v resets, and it is %t that it was seen in two epochs", labels, got, once)
		}
	}
	f.t.Logf("resets() is 1 for %d series that were seen in two epochs, and 0 for %d others", len(want), len(stored)-len(want))
}
