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
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// fetch gets a page.
func fetch(t *testing.T, url, accept string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp, string(body)
}

// status returns the status of a page.
func statusOf(t *testing.T, url string) int {
	t.Helper()
	resp, _ := fetch(t, url, "")
	return resp.StatusCode
}

// samples returns what /metrics at address shows in the text format: values by series.
func samples(t *testing.T, address string) map[string]float64 {
	t.Helper()
	_, body := fetch(t, "http://"+address+"/metrics", "")
	values := map[string]float64{}
	for line := range strings.Lines(body) {
		if end := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") && end > 0 {
			value, err := strconv.ParseFloat(strings.TrimSpace(line[end:]), 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			values[line[:end]] = value
		}
	}
	return values
}

// total adds up the series that begin so.
func total(values map[string]float64, prefix string) (sum float64) {
	for series, value := range values {
		if strings.HasPrefix(series, prefix) {
			sum += value
		}
	}
	return sum
}

const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

// scrape reads a page of metrics as Prometheus does, in the format that has created timestamps.
func scrape(ctx context.Context, url string) ([]*dto.MetricFamily, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", protobuf)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("scrape: %s", resp.Status)
	}
	var families []*dto.MetricFamily
	for decoder := expfmt.NewDecoder(resp.Body, expfmt.ResponseFormat(resp.Header)); ; {
		family := &dto.MetricFamily{}
		switch err := decoder.Decode(family); {
		case errors.Is(err, io.EOF):
			return families, nil
		case err != nil:
			return nil, err
		}
		families = append(families, family)
	}
}

// names returns the names of the families.
func names(families []*dto.MetricFamily) map[string]bool {
	found := map[string]bool{}
	for _, family := range families {
		found[family.GetName()] = true
	}
	return found
}

// A watcher scrapes a program that comes and goes.
type watcher struct {
	place   sync.Mutex
	address string // Of the program; empty while it is dead.
}

// listens sets the address of the program.
func (w *watcher) listens(address string) {
	w.place.Lock()
	defer w.place.Unlock()
	w.address = address
}

// watch scrapes until the end of the test, and calls look with what came, and when the scrape was sent and answered.
func (w *watcher) watch(t *testing.T, every time.Duration, look func(families []*dto.MetricFamily, sent, came time.Time)) {
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		repeat(ctx, every, func() {
			w.place.Lock()
			address := w.address
			w.place.Unlock()
			if address == "" {
				return
			}
			sent := time.Now()
			if families, err := scrape(ctx, "http://"+address+"/metrics"); err == nil { // It may die meanwhile.
				look(families, sent, time.Now())
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-stopped
	})
}
