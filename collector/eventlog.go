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

package collector

import (
	"slices"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/asana-exporter/asana_exporter/client"
)

// loggedPerSecond is the most lines of events in a second of the clock: whoever stores logs pays for each.
const loggedPerSecond = 1000

// warnOfDropped is the shortest time between lines about events that are not logged.
const warnOfDropped = time.Minute

// AllActions stands for all actions among those to log.
const AllActions = "all"

// LoggableActions returns the actions of which events can be logged.
func LoggableActions() []string { return append(documentedActions(), AllActions) }

// An eventLog writes a line for each event with one of its actions. It logs an event after it was counted, so no event is logged
// twice; SIGKILL in between leaves lines out.
type eventLog struct {
	actions []string // None turns it off.
	logger  log.Logger
	dropped prometheus.Counter

	second int64 // In which the last lines were written, as Unix time.
	lines  int   // Written in second.
	missed int   // Events that were dropped since the last warning.
	warned time.Time
}

// write logs the events of a page that was committed at now.
func (l *eventLog) write(events []client.Event, now time.Time) {
	if len(l.actions) == 0 {
		return
	}
	if second := now.Unix(); second != l.second {
		l.second, l.lines = second, 0
	}
	for _, event := range events {
		switch {
		case !l.wants(event.Action):
		case l.lines == loggedPerSecond:
			l.dropped.Inc()
			l.missed++
		default:
			l.lines++
			l.line(event, now)
		}
	}
}

// warn mentions the events that were dropped: the first at once, those after them once a minute, and the last at the end.
func (l *eventLog) warn(now time.Time, end bool) {
	if l.missed == 0 || !end && now.Sub(l.warned).Abs() < warnOfDropped {
		return
	}
	level.Warn(l.logger).Log("msg", "events not logged: more than 1000 in a second", "events", l.missed)
	l.missed, l.warned = 0, now
}

func (l *eventLog) wants(action string) bool {
	return slices.Contains(l.actions, action) || slices.Contains(l.actions, AllActions)
}

// line logs the labels under which the event is counted, and gids. It logs no names, which are other people's data.
func (l *eventLog) line(e client.Event, now time.Time) {
	labels := classify(e)
	created := ""
	if !e.CreatedAt.IsZero() {
		created = e.CreatedAt.UTC().Format(time.RFC3339Nano)
	}
	level.Info(l.logger).Log("msg", "event", "action", labels.Action,
		"resource_type", labels.ResourceType, "resource_subtype", labels.ResourceSubtype, "resource_gid", e.ResourceGID,
		"parent_type", labels.ParentType, "parent_gid", e.ParentGID, "change_field", labels.ChangeField,
		"user_gid", e.UserGID, "created_at", created, "counted_at", truncate(now).Format(time.RFC3339Nano))
}
