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

package simulator

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	mostAudited   = 10_000 // Asana keeps 90 days. This is for people who try commands.
	auditPage     = 1000   // Without a limit.
	mostAuditPage = 100    // With one.
)

// Where what is audited was done.
const (
	byWeb = "web"
	byAPI = "api"
)

// An audited event is a line of the audit log.
type audited struct {
	serial  int64
	context string
	*Event
}

// auditLog holds the latest deletions, in the order of their dates.
type auditLog struct {
	serial int64
	lines  []audited
}

// note keeps an event that is one of the audit log: it has deletions, and no work.
func (l *auditLog) note(e *Event, context string) {
	if (e.Action != "deleted" && e.Action != "undeleted") || e.Resource == nil {
		return
	}
	l.serial++
	line := audited{l.serial, context, e}
	i, _ := slices.BinarySearchFunc(l.lines, line, audited.compare)
	l.lines = slices.Insert(l.lines, i, line)
	if len(l.lines) > 2*mostAudited {
		l.lines = slices.Clone(l.lines[mostAudited:])
	}
}

func (a audited) compare(b audited) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.serial, b.serial))
}

// auditLog answers with lines of the audit log. Filters by other things than those that are known here are refused.
func (s *Simulator) auditLog(r *http.Request) reply {
	query := r.URL.Query()
	if name := unknown(query, "start_at", "end_at", "event_type", "actor_gid", "limit", "offset", "opt_pretty"); name != "" {
		return refuse(http.StatusBadRequest, name+": Unknown parameter")
	}
	filter, err := newAuditFilter(query)
	if err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	data, offset := []auditEvent{}, query.Get("offset")
	for _, line := range s.audit.lines {
		if len(data) == filter.limit {
			break
		}
		if filter.wants(line) {
			data = append(data, line.answer())
			offset = line.offset()
		}
	}
	return answerJSON(http.StatusOK, map[string]any{"data": data, "next_page": nextPage(r, offset)})
}

// nextPage returns where to go on after an offset. It is there even after the end: what happens later will follow.
func nextPage(r *http.Request, offset string) any {
	if offset == "" {
		return nil
	}
	query := r.URL.Query()
	query.Set("offset", offset)
	path := strings.TrimPrefix(r.URL.Path, "/api/1.0") + "?" + query.Encode()
	return map[string]string{"offset": offset, "path": path, "uri": "http://" + r.Host + "/api/1.0" + path}
}

type auditFilter struct {
	start, end      time.Time // Zero where there is no bound.
	eventType, user string
	limit           int
	after           audited
}

func newAuditFilter(query url.Values) (f auditFilter, err error) {
	f = auditFilter{eventType: query.Get("event_type"), user: query.Get("actor_gid"), limit: auditPage}
	for name, t := range map[string]*time.Time{"start_at": &f.start, "end_at": &f.end} {
		if text := query.Get(name); text != "" {
			if *t, err = time.Parse(time.RFC3339, text); err != nil {
				return f, fmt.Errorf("%s: Not a valid date: %s", name, text)
			}
		}
	}
	if text := query.Get("limit"); text != "" {
		if f.limit, err = strconv.Atoi(text); err != nil || f.limit < 1 || f.limit > mostAuditPage {
			return f, fmt.Errorf("limit: Must be between 1 and %d", mostAuditPage)
		}
	}
	if text := query.Get("offset"); text != "" {
		if f.after, err = parseOffset(text); err != nil {
			return f, fmt.Errorf("offset: Your pagination token is invalid")
		}
	}
	return f, nil
}

func (f auditFilter) wants(line audited) bool {
	switch {
	case f.after.Event != nil && line.compare(f.after) <= 0,
		line.CreatedAt.Before(f.start),
		!f.end.IsZero() && !line.CreatedAt.Before(f.end),
		f.eventType != "" && line.eventType() != f.eventType,
		f.user != "" && (line.User == nil || line.User.GID != f.user):
		return false
	}
	return true
}

func (a audited) eventType() string { return a.Resource.Type + "_" + a.Action }

// offset returns what is to be sent to go on after a line. Nobody shall read it.
func (a audited) offset() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %d", a.CreatedAt.UnixNano(), a.serial))
}

func parseOffset(text string) (a audited, err error) {
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return a, err
	}
	var created int64
	if _, err = fmt.Sscanf(string(content), "%d %d", &created, &a.serial); err != nil {
		return a, err
	}
	a.Event = &Event{CreatedAt: time.Unix(0, created)}
	return a, nil
}

// An auditEvent is the schema AuditLogEvent of Asana's OpenAPI text.
type auditEvent struct {
	GID       string            `json:"gid"`
	CreatedAt string            `json:"created_at"`
	Type      string            `json:"event_type"`
	Category  string            `json:"event_category"`
	Actor     auditActor        `json:"actor"`
	Resource  auditResource     `json:"resource"`
	Details   struct{}          `json:"details"`
	Context   map[string]string `json:"context"`
}

type auditActor struct {
	Type  string `json:"actor_type"`
	GID   string `json:"gid,omitempty"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

type auditResource struct {
	Type    string `json:"resource_type"`
	Subtype string `json:"resource_subtype,omitempty"`
	GID     string `json:"gid"`
	Name    string `json:"name"`
}

func (a audited) answer() auditEvent {
	actor, context := auditActor{Type: "asana"}, "asana"
	if a.User != nil {
		actor, context = auditActor{"user", a.User.GID, a.User.Name, email(a.User)}, a.context
	}
	return auditEvent{
		GID:       strconv.FormatInt(1490000000000000+a.serial, 10),
		CreatedAt: a.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z"),
		Type:      a.eventType(),
		Category:  "deletion",
		Actor:     actor,
		Resource:  auditResource{a.Resource.Type, a.Resource.Subtype, a.Resource.GID, a.Resource.Name},
		Context:   map[string]string{"context_type": context},
	}
}
