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
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// An exposition is the result of one scrape.
type exposition struct {
	events map[simulator.Labels]counter // asana_events_total, with its zeros.
	sums   map[string]float64           // The other metrics by name, summed over their labels; of a histogram its _sum and _count.
}

type counter struct {
	value   float64
	created time.Time
}

// scrape asks for protobuf, since created timestamps travel in nothing else.
func (e *exporter) scrape() (exposition, error) {
	request, err := http.NewRequest(http.MethodGet, "http://"+e.address+"/metrics", nil)
	if err != nil {
		return exposition{}, err
	}
	request.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return exposition{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return exposition{}, fmt.Errorf("scrape: %s", response.Status)
	}
	return readExposition(expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header)))
}

func readExposition(decoder expfmt.Decoder) (exposition, error) {
	x := exposition{events: map[simulator.Labels]counter{}, sums: map[string]float64{}}
	for {
		var family dto.MetricFamily
		err := decoder.Decode(&family)
		if errors.Is(err, io.EOF) {
			return x, nil
		}
		if err != nil {
			return exposition{}, err
		}
		for _, metric := range family.GetMetric() {
			x.sums[family.GetName()] += metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			x.sums[family.GetName()+"_sum"] += metric.GetHistogram().GetSampleSum()
			x.sums[family.GetName()+"_count"] += float64(metric.GetHistogram().GetSampleCount())
			if family.GetName() == "asana_events_total" {
				x.events[labelsOf(metric)] = counter{
					metric.GetCounter().GetValue(),
					metric.GetCounter().GetCreatedTimestamp().AsTime(),
				}
			}
		}
	}
}

func labelsOf(metric *dto.Metric) simulator.Labels {
	pairs := map[string]string{}
	for _, pair := range metric.GetLabel() {
		pairs[pair.GetName()] = pair.GetValue()
	}
	return labelsFrom(pairs)
}

func labelsFrom(pairs map[string]string) simulator.Labels {
	return simulator.Labels{
		Action:          pairs["action"],
		ResourceType:    pairs["resource_type"],
		ResourceSubtype: pairs["resource_subtype"],
		ChangeField:     pairs["change_field"],
		ParentType:      pairs["parent_type"],
	}
}

// counts returns what was counted, without zeros.
func (x exposition) counts() map[simulator.Labels]uint64 {
	counts := map[simulator.Labels]uint64{}
	for labels, c := range x.events {
		if c.value > 0 {
			counts[labels] = uint64(c.value)
		}
	}
	return counts
}

// mustScrape is scrape for an exporter that is up.
func (e *exporter) mustScrape(t *testing.T) exposition {
	t.Helper()
	x, err := e.scrape()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// shows returns an error unless the exporter shows these counts and no others.
func (e *exporter) shows(counts map[simulator.Labels]uint64) error {
	x, err := e.scrape()
	if err != nil {
		return err
	}
	return differ("shown", x.counts(), counts)
}

// waitForTruth returns when all that happened is shown. Nothing may have been lost on the way.
func (e *exporter) waitForTruth(t *testing.T) exposition {
	t.Helper()
	waitFor(t, patience, func() error { return e.shows(e.asana.Truth()) })
	if lost := e.asana.Lost(); len(lost) > 0 {
		t.Errorf("lost: %v", lost)
	}
	x := e.mustScrape(t)
	if gaps := x.sums["asana_workspace_gaps_total"]; gaps != 0 {
		t.Errorf("%v gaps", gaps)
	}
	return x
}

// differ returns an error that names the label sets whose counts are not those wanted.
func differ(what string, got, want map[simulator.Labels]uint64) error {
	if maps.Equal(got, want) {
		return nil
	}
	all := maps.Clone(got)
	maps.Copy(all, want)
	var lines []string
	for labels := range all {
		if got[labels] != want[labels] {
			lines = append(lines, fmt.Sprintf("%+v: %s %d, truth %d", labels, what, got[labels], want[labels]))
		}
	}
	slices.Sort(lines)
	return errors.New(strings.Join(lines, "\n"))
}

// checkRuleZ reports series that are lower than they were before or gone, in an epoch that goes on.
func checkRuleZ(t *testing.T, before, after exposition) {
	t.Helper()
	for labels, was := range before.events {
		is, ok := after.events[labels]
		switch {
		case !ok:
			t.Errorf("%+v: gone, it was at %v", labels, was.value)
		case cmp.Less(is.value, was.value):
			t.Errorf("%+v: %v after %v", labels, is.value, was.value)
		case !is.created.Equal(was.created):
			t.Errorf("%+v: created %s, it was %s", labels, is.created, was.created)
		}
	}
}
