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

package cost

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

const (
	job      = "asana_exporter"
	instance = "exporter"
)

// watch runs the server and returns how long the evaluations of each group took, in seconds.
func watch(ctx context.Context, folder, rules string) (map[string][]float64, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	exporter := &http.Server{Handler: expose(), ReadHeaderTimeout: time.Minute}
	go func() { _ = exporter.Serve(listener) }() // Until it is closed.
	defer exporter.Close()
	if err := configure(folder, rules, listener.Addr().String()); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, length)
	defer stop()
	var log bytes.Buffer
	server := exec.CommandContext(ctx, "prometheus", "--config.file="+filepath.Join(folder, "prometheus.yml"), "--web.listen-address="+address,
		"--storage.tsdb.path="+filepath.Join(folder, "data"), "--storage.tsdb.retention.time=60d")
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		return nil, err
	}
	spent := read(ctx, "http://"+address+"/metrics")
	if err := server.Wait(); ctx.Err() == nil {
		return nil, fmt.Errorf("it ended by itself: %w\n%s", err, log.String())
	}
	return spent, nil
}

// expose is an exporter that follows all workspaces.
func expose() http.Handler {
	var all []shown
	for n := range workspaces {
		all = append(all, exposed(n)...)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		page, now := bufio.NewWriter(w), time.Now().UnixMilli()
		for _, s := range all {
			bare := labels.NewBuilder(s.labels).Del(model.MetricNameLabel).Labels()
			fmt.Fprintf(page, "%s%s %g\n", s.labels.Get(model.MetricNameLabel), bare, s.value(now))
		}
		_ = page.Flush() // The server may have been stopped.
	})
}

func configure(folder, rules, target string) error {
	text, err := os.ReadFile(rules)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "rules.yml"), hurried(text), 0o600); err != nil {
		return err
	}
	config := fmt.Sprintf(`
rule_files: [rules.yml]
scrape_configs:
- job_name: %s
  scrape_interval: %s
  static_configs: [{targets: [%q], labels: {instance: %s}}]
`, job, scrape, target, instance)
	return os.WriteFile(filepath.Join(folder, "prometheus.yml"), []byte(config), 0o600)
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// read collects the last duration of each group after each evaluation until ctx ends.
func read(ctx context.Context, url string) map[string][]float64 {
	spent := map[string][]float64{}
	for {
		select {
		case <-ctx.Done():
			return spent
		case <-time.After(every):
		}
		for group, seconds := range lastDurations(ctx, url) {
			spent[group] = append(spent[group], seconds)
		}
	}
}

// lastDurations reads prometheus_rule_group_last_duration_seconds; what can't be read is left out, as at the start.
func lastDurations(ctx context.Context, url string) map[string]float64 {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	return parse(response.Body)
}

func parse(page io.Reader) map[string]float64 {
	found := map[string]float64{}
	lines := bufio.NewScanner(page)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), `prometheus_rule_group_last_duration_seconds{rule_group="`)
		if !ok {
			continue
		}
		group, number, _ := strings.Cut(rest, `"} `)
		seconds, err := strconv.ParseFloat(number, 64)
		if err != nil || seconds == 0 {
			continue // Not evaluated yet.
		}
		_, name, _ := strings.Cut(group, ";")
		found[name] = seconds
	}
	return found
}
