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
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// pace is how much faster than in life the incidents go: a minute takes 60 ms.
const pace = 1000

const (
	burst     = "AsanaDeletionBurst"
	sustained = "AsanaDeletionsSustained"
	structure = "AsanaStructureDeletions"
)

// span is the time in which an alert fires, in minutes since the incident began.
type span struct {
	alert, severity string
	from, to        int
}

// incident is what fires while somebody deletes, as alerts/eval measured it with the delivered rules, and how many
// notifications may reach the pager and the chat.
type incident struct {
	name        string
	spans       []span
	pager, chat int
}

var incidents = []incident{
	{"500 tasks in 5 minutes", []span{
		{burst, "warning", 3, 85},
		{burst, "page", 5, 80},
	}, 1, 0},
	{"30 projects with their tasks in 30 minutes", []span{
		{structure, "warning", 8, 147},
		{structure, "page", 8, 147},
		{burst, "warning", 4, 105},
		{burst, "page", 8, 102},
		{sustained, "warning", 26, 164},
		{sustained, "page", 29, 163},
	}, 2, 0},
	{"30 projects with their tasks in an hour", []span{
		{burst, "warning", 5, 134},
		{structure, "warning", 13, 170},
		{structure, "page", 21, 164},
		{sustained, "warning", 40, 180},
		{sustained, "page", 43, 171},
		{burst, "page", 52, 131},
	}, 2, 2},
	{"a leaver, 300 tasks in 90 minutes", []span{
		{burst, "warning", 9, 163},
		{sustained, "warning", 28, 223},
		{sustained, "page", 39, 216},
		{burst, "page", 60, 140},
	}, 2, 2},
	{"a leaver, 15 projects with their tasks in 90 minutes", []span{
		{structure, "warning", 40, 160},
		{structure, "page", 43, 158},
		{burst, "warning", 44, 144},
		{burst, "page", 44, 143},
		{sustained, "warning", 74, 192},
		{sustained, "page", 94, 186},
	}, 2, 1},
	{"500 tasks in hourly waves", []span{
		{burst, "warning", 4, 380},
		{burst, "page", 5, 252},
		{sustained, "warning", 69, 396},
		{sustained, "page", 70, 394},
	}, 2, 1},
	{"little, in 90 minutes", []span{
		{burst, "warning", 14, 138},
		{sustained, "warning", 34, 197},
		{structure, "warning", 50, 170},
	}, 0, 2},
}

// However many alerts an incident raises, the pager gets two notifications at most, with the delivered example at a thousand times
// its pace.
func TestIncidentNotifiesTwiceAtMost(t *testing.T) {
	t.Parallel()
	inbox := startInbox(t)
	address := runAlertmanagerWith(t, hastened(t, exampleFor(t, inbox.url), pace))
	waitFor(t, patience, func() error { return post(address) })

	play(t, address)

	var pages []int
	for _, i := range incidents {
		pager, chat := inbox.got("pager", i.name), inbox.got("chat", i.name)
		t.Logf("%s: pager %q, chat %q", i.name, pager, chat)
		if len(pager) > i.pager || len(pager) == 0 && i.pager > 0 {
			t.Errorf("%s: %d notifications at the pager, want 1 to %d", i.name, len(pager), i.pager)
		}
		if len(chat) > i.chat || len(pager)+len(chat) == 0 {
			t.Errorf("%s: %d notifications in the chat, want %d at most", i.name, len(chat), i.chat)
		}
		if len(pager) > 0 {
			pages = append(pages, len(pager))
		}
	}
	sum := 0
	for _, n := range pages {
		sum += n
	}
	t.Logf("notifications of an incident that is paged for: %.1f on average, %d at most", float64(sum)/float64(len(pages)), slices.Max(pages))
}

// play lets all incidents happen at the same time, each in a workspace of its own.
func play(t *testing.T, address string) {
	t.Helper()
	moments := map[int][]posted{}
	for _, i := range incidents {
		for _, s := range i.spans {
			moments[s.from] = append(moments[s.from], posted{Labels: s.labels(i.name)})
			moments[s.to] = append(moments[s.to], posted{Labels: s.labels(i.name), over: true})
		}
	}
	began := time.Now()
	for _, minute := range slices.Sorted(maps.Keys(moments)) {
		<-time.After(time.Until(began.Add(time.Duration(minute) * time.Minute / pace)))
		if err := post(address, moments[minute]...); err != nil {
			t.Fatal(err)
		}
	}
}

func (s span) labels(workspace string) map[string]string {
	return map[string]string{"alertname": s.alert, "severity": s.severity, "workspace": workspace}
}

// Within a mute timing of the example, deletions in its workspace notify nobody; at other times they do. It mutes no other workspace
// and no other alert.
func TestMuteTimingMutesPlannedCleanUps(t *testing.T) {
	t.Parallel()
	const planned, other = "1200000000000009", "1200000000000001"
	for _, row := range []struct {
		name, years string
		want        []string
	}{
		{"within the interval", "2000:2100", nil},
		{"outside the interval", "2000:2001", []string{burst + " page", burst + " page, " + sustained + " page"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inbox := startInbox(t)
			intervals := regexp.MustCompile(`(?m)^ +- days_of_month: .*\n(?: {8}.*\n)+`)
			text := hastened(t, exampleFor(t, inbox.url), 10*pace)
			if n := len(intervals.FindAllString(text, -1)); n != 2 {
				t.Fatalf("%d intervals in the example, want 2", n)
			}
			address := runAlertmanagerWith(t, intervals.ReplaceAllString(text, "      - years: ['"+row.years+"']\n"))
			waitFor(t, patience, func() error { return post(address) })

			// The second notification comes with the next look at the group, long after the first of the other workspace.
			for n, alert := range []string{burst, sustained} {
				s := span{alert: alert, severity: "page"}
				if err := post(address, posted{Labels: s.labels(planned)}, posted{Labels: s.labels(other)}); err != nil {
					t.Fatal(err)
				}
				waitFor(t, patience, inbox.missing(other, n+1))
			}
			waitFor(t, patience, inbox.missing(planned, len(row.want)))
			if got := inbox.got("pager", planned); !slices.Equal(got, row.want) {
				t.Errorf("notified of %q, want %q", got, row.want)
			}

			danger := span{alert: "AsanaPositionInDanger", severity: "page"}
			if err := post(address, posted{Labels: danger.labels(planned)}); err != nil {
				t.Fatal(err)
			}
			waitFor(t, patience, inbox.missing(planned, len(row.want)+1))
		})
	}
}

// hastened divides all waiting times of a configuration.
func hastened(t *testing.T, text string, by time.Duration) string {
	t.Helper()
	waits := regexp.MustCompile(`\b(group_wait|group_interval|repeat_interval): (\w+)`)
	return waits.ReplaceAllStringFunc(text, func(found string) string {
		match := waits.FindStringSubmatch(found)
		wait, err := time.ParseDuration(match[2])
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s: %dms", match[1], max(1, (wait/by).Milliseconds()))
	})
}

// posted is an alert as Prometheus sends it to Alertmanager.
type posted struct {
	Labels map[string]string `json:"labels"`
	EndsAt *time.Time        `json:"endsAt,omitempty"`
	over   bool
}

func post(address string, alerts ...posted) error {
	now := time.Now()
	for i := range alerts {
		if alerts[i].over {
			alerts[i].EndsAt = &now
		}
	}
	body, err := json.Marshal(append([]posted{}, alerts...))
	if err != nil {
		return err
	}
	response, err := http.Post("http://"+address+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("Alertmanager answers %s", response.Status)
	}
	return nil
}

// inbox keeps Alertmanager's notifications by workspace: of each the alerts that fire.
type inbox struct {
	url string

	mu     sync.Mutex
	firing map[[2]string][]string // By receiver and workspace.
	before map[string][]string    // What fired in the latest notification of a group.
}

func startInbox(t *testing.T) *inbox {
	t.Helper()
	b := &inbox{firing: map[[2]string][]string{}, before: map[string][]string{}}
	server := httptest.NewServer(b)
	b.url = server.URL
	t.Cleanup(server.Close)
	return b
}

// ServeHTTP leaves out a notification whose only news is that something is over: it wakes nobody.
func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var n struct {
		Receiver, GroupKey string
		GroupLabels        map[string]string
		Alerts             []struct {
			Status string
			Labels map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var firing []string
	for _, a := range n.Alerts {
		if a.Status == "firing" {
			firing = append(firing, a.Labels["alertname"]+" "+a.Labels["severity"])
		}
	}
	slices.Sort(firing)
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.before[n.GroupKey]
	b.before[n.GroupKey] = firing
	isNew := func(alert string) bool { return !slices.Contains(before, alert) }
	if len(firing) == 0 || len(firing) < len(n.Alerts) && !slices.ContainsFunc(firing, isNew) {
		return
	}
	key := [2]string{n.Receiver, n.GroupLabels["workspace"]}
	b.firing[key] = append(b.firing[key], strings.Join(firing, ", "))
}

func (b *inbox) got(receiver, workspace string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.firing[[2]string{receiver, workspace}])
}

// missing reports that the pager got fewer notifications.
func (b *inbox) missing(workspace string, times int) func() error {
	return func() error {
		if got := b.got("pager", workspace); len(got) < times {
			return fmt.Errorf("%s: notified of %q, want %d", workspace, got, times)
		}
		return nil
	}
}
