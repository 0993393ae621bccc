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
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// A prometheus is a running Prometheus server.
type prometheus struct{ url string }

// startPrometheus runs a server that scrapes an exporter every second. It returns when it has begun to try.
func startPrometheus(t *testing.T, e *exporter) prometheus {
	t.Helper()
	p := runPrometheus(t, t.TempDir(), scrapeConfig(e))
	waitFor(t, patience, func() error {
		up, err := p.query("up", time.Now())
		if err == nil && len(up) == 0 {
			err = errors.New("Prometheus does not scrape yet")
		}
		return err
	})
	return p
}

// scrapeConfig lets a server scrape exporters every second.
func scrapeConfig(exporters ...*exporter) string {
	text := "scrape_configs:\n- job_name: asana\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  static_configs:\n"
	for _, e := range exporters {
		text += fmt.Sprintf("  - targets: [%q]\n", e.address)
	}
	return text
}

// runPrometheus runs a server in a folder, whose subfolder data may hold blocks. It returns when the server answers.
func runPrometheus(t *testing.T, dir, text string, flags ...string) prometheus {
	t.Helper()
	config, address := filepath.Join(dir, "prometheus.yml"), freeAddress(t)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := strings.Fields(os.Getenv("PROMETHEUS"))
	if len(command) == 0 {
		command = []string{"prometheus"}
	}
	server := lookUp(t, command[0], "install Debian's package prometheus, or name one in PROMETHEUS")
	command = append(command[1:], "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	background(t, server, append(command, flags...)...)
	p := prometheus{url: "http://" + address}
	waitFor(t, patience, func() error {
		_, err := p.query("vector(1)", time.Now())
		return err
	})
	return p
}

// A sample is a value at a time, in milliseconds.
type sample struct {
	at    int64
	value float64
}

// samples are series by the labels that events are counted by; those of other metrics have none.
type samples map[simulator.Labels][]sample

// query evaluates an expression that gives a vector, or selects a range, at a time.
func (p prometheus) query(expression string, at time.Time) (samples, error) {
	query := url.Values{"query": {expression}, "time": {strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)}}
	var data struct{ Result json.RawMessage }
	if err := p.ask("query", query, &data); err != nil {
		return nil, fmt.Errorf("%s: %w", expression, err)
	}
	return readSamples(data.Result)
}

// ask sends a question to the API and reads the data of the answer.
func (p prometheus) ask(what string, query url.Values, data any) error {
	response, err := http.PostForm(p.url+"/api/v1/"+what, query)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %w", response.Status, err)
	}
	if answer.Status != "success" {
		return errors.New(answer.Error)
	}
	return nil
}

func readSamples(result []byte) (samples, error) {
	var list []struct {
		Metric map[string]string
		Value  *point
		Values []point
	}
	if err := json.Unmarshal(result, &list); err != nil {
		return nil, err
	}
	series := samples{}
	for _, item := range list {
		if item.Value != nil {
			item.Values = append(item.Values, *item.Value)
		}
		labels := labelsFrom(item.Metric)
		for _, value := range item.Values {
			series[labels] = append(series[labels], sample(value))
		}
	}
	return series, nil
}

// A point is a sample as the API writes it: [1700000000.123, "1"].
type point sample

// UnmarshalJSON implements json.Unmarshaler.
func (p *point) UnmarshalJSON(text []byte) error {
	var seconds float64
	var value string
	pair := []any{&seconds, &value}
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	number, err := strconv.ParseFloat(value, 64)
	*p = point{at: time.UnixMicro(int64(seconds * 1e6)).Round(time.Millisecond).UnixMilli(), value: number}
	return err
}

// mustQuery is query for an expression that must work.
func (p prometheus) mustQuery(t *testing.T, expression string, at time.Time) samples {
	t.Helper()
	result, err := p.query(expression, at)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// number evaluates an expression that gives one number, now; 0 where there is none.
func (p prometheus) number(t *testing.T, expression string) float64 {
	t.Helper()
	for _, series := range p.mustQuery(t, expression, time.Now()) {
		return series[0].value
	}
	return 0
}
