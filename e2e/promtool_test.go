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
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// promtool accepts the metrics of the demo, those of the process included.
func TestPromtoolAcceptsMetrics(t *testing.T) {
	t.Parallel()
	promtool := lookUp(t, "promtool", "install Debian's package prometheus")
	demo := newExporter(t, nil, "--demo", "--events.zero-first=1s")
	demo.start(t)
	waitFor(t, patience, func() error {
		x, err := demo.scrape()
		if err == nil && len(x.counts()) < 5 {
			err = errors.New("hardly anything was counted")
		}
		return err
	})

	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = strings.NewReader(demo.text(t))
	out, err := check.CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// text returns /metrics in the text format.
func (e *exporter) text(t *testing.T) string {
	t.Helper()
	response, err := http.Get("http://" + e.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
