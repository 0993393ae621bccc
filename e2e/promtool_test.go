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
