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
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"

	"github.com/asana-exporter/asana_exporter/client"
	"github.com/asana-exporter/asana_exporter/collector"
)

// landingPage shows the state of the workspaces in the page that all exporters have from exporter-toolkit.
func landingPage(c config, spaces *workspaces) http.HandlerFunc {
	table := template.Must(template.New("state").Parse(stateHTML))
	return func(w http.ResponseWriter, r *http.Request) {
		var rows []workspaceState
		for _, space := range spaces.list() {
			rows = append(rows, describe(space.config, space.View(), space.Healthy(), space.Ready()))
		}
		var state strings.Builder
		if err := table.Execute(&state, rows); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		page, err := web.NewLandingPage(landingConfig(c, state.String()))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer := memoryResponse{header: http.Header{}}
		page.ServeHTTP(&answer, r)
		if w.Header().Get("Content-Security-Policy") == contentPolicy {
			w.Header().Set("Content-Security-Policy", contentPolicy+styleSource(answer.body.String()))
		}
		_ = answer.copyTo(w) // Fails only if the reader has gone.
	}
}

// landingConfig is what the page of exporter-toolkit shows around the state.
func landingConfig(c config, state string) web.LandingConfig {
	return web.LandingConfig{
		Name:        "asana_exporter",
		Description: "Counts what happens in Asana workspaces.",
		Version:     version.Info(),
		ExtraHTML:   state,
		ExtraCSS:    "table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.2em 1em .2em 0}.workspace{border-top:1px solid}",
		Profiling:   strconv.FormatBool(c.pprof),
		Links: []web.LandingLinks{
			{Address: c.telemetryPath, Text: "Metrics"},
			{Address: "/-/healthy", Text: "Healthy", Description: "the process works"},
			{Address: "/-/ready", Text: "Ready", Description: "the first catch-up is complete, and polls succeed"},
		},
	}
}

// styleSource returns the policy that allows the one style sheet of the page.
func styleSource(page string) string {
	_, style, _ := strings.Cut(page, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	hash := sha256.Sum256([]byte(style))
	return "; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

// trouble says in words why the counts are not up to date; it returns nothing if they are. Errors hold no secrets: the client
// redacts them.
func trouble(view *collector.View, healthy bool) (lines []string) {
	if !healthy {
		lines = append(lines, "The poller hangs. Last commit: "+moment(view.LastSuccess)+". Most likely the disk of the state folder does not answer, "+
			"or nobody reads the log. What to do: docs/runbook.md, AsanaCountsStale.")
	}
	if !view.CatchingUpSince.IsZero() {
		lines = append(lines, "Catching up since "+moment(view.CatchingUpSince)+": the backlog is shown when all of it is read.")
	}
	if view.Err != nil {
		lines = append(lines,
			"Polls fail since "+moment(view.FailingSince)+": "+strings.Join(strings.Fields(view.Err.Error()), " "),
			"Last commit: "+moment(view.LastSuccess)+". What to do: docs/runbook.md, "+runbookSection(view.Err)+".")
	}
	return lines
}

// runbookSection returns the heading of docs/runbook.md that says what to do about a failed poll.
func runbookSection(err error) string {
	var (
		limit   *client.RateLimitError
		refused *client.StatusError
	)
	switch {
	case errors.Is(err, collector.ErrNotSaved):
		return "AsanaStateNotWritten"
	case errors.As(err, &limit):
		return "AsanaRateLimited"
	case errors.As(err, &refused) && refused.Status < http.StatusInternalServerError:
		return "AsanaRequestsRefused"
	}
	return "AsanaPollsFailing"
}

// workspaceState holds what the landing page shows.
type workspaceState struct {
	Name, Workspace               string
	Demo, Up, Ready, CatchingUp   bool
	Known                         bool // Whether the state is.
	Exposed                       bool // Whether the events are.
	Trouble                       []string
	Events, Waiting               uint64
	Series                        int
	MaxSeries                     int64
	Epoch, LastSuccess, LastEvent string
	Gaps                          uint64
}

func describe(c config, view *collector.View, healthy, ready bool) workspaceState {
	s := workspaceState{
		Name: view.State.Name, Workspace: c.workspace, Demo: c.demo, Up: view.Up, Ready: ready, CatchingUp: view.CatchingUp(),
		Known: !view.State.Epoch.IsZero(), Exposed: view.Exposed, Trouble: trouble(view, healthy),
		Series: view.State.Active(), MaxSeries: c.maxSeries,
		Epoch: moment(view.State.Epoch), LastSuccess: moment(view.LastSuccess), LastEvent: moment(view.State.LastEvent),
	}
	for _, series := range view.State.Series() {
		s.Events += series.Visible()
		s.Waiting += series.Value - series.Visible()
	}
	for _, gap := range view.State.Gaps {
		count, _ := gap.Visible()
		s.Gaps += count
	}
	return s
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "not yet"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

const stateHTML = `<table>
<tr><th>Workspace</th><th>Last poll</th><th>Counts</th><th>Events counted</th><th>Series</th><th>Last commit</th><th>Newest event</th><th>Gaps</th></tr>
{{range .}}<tr class="workspace"><td>{{or .Name "name not known yet"}} ({{.Workspace}}){{if .Demo}}, simulated{{end}}</td>
<td>{{if .Up}}succeeded{{else}}did not succeed{{if not .Trouble}} yet{{end}}{{end}}</td>
{{if .Known}}<td>{{if .CatchingUp}}a backlog is being read{{else if .Ready}}up to date{{else}}not up to date{{end}}{{if not .Exposed}}, not exposed until caught up{{end}}</td>
<td>{{.Events}} since {{.Epoch}}{{if .Waiting}}, and {{.Waiting}} in new series that are shown at 0 first{{end}}</td>
<td>{{.Series}} of at most {{.MaxSeries}}</td><td>{{.LastSuccess}}</td><td>{{.LastEvent}}</td><td>{{.Gaps}}</td></tr>
{{else}}<td colspan="6">not read yet</td></tr>
{{end}}{{range .Trouble}}<tr><td></td><td colspan="7">{{.}}</td></tr>
{{end}}{{else}}<tr><td colspan="8">none yet: the folder of tokens has no file named by a gid</td></tr>
{{end}}</table>
`
