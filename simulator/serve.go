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
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// invalidSync is the message of a 412; clients match on it.
const invalidSync = "Sync token invalid or too old. If you are attempting to keep resources in sync, " +
	"you must fetch the full dataset for this query now and use the new sync token for the next sync."

// ServeHTTP answers as Asana would, below /api/1.0 as well as at the root.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := s.answer(r)
	if errors.Is(err, syscall.ECONNRESET) {
		reset(w)
	}
	if err != nil {
		panic(http.ErrAbortHandler) // The documented way to close a connection without an answer.
	}
	maps.Copy(w.Header(), answer.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)))
	w.WriteHeader(answer.status)
	if answer.cut {
		_, _ = w.Write(answer.body[:len(answer.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(answer.body) // The client may be gone: nothing to do about it.
}

// RoundTrip answers as Asana would, without a network. It honours the request's context and starts no goroutine. As the
// body is compressed only on demand, clients that rely on http.Transport for gzip get it plain.
func (s *Simulator) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close() // Required of a RoundTripper; no request here has a body.
	}
	answer, err := s.answer(r)
	if err != nil {
		return nil, err
	}
	body := io.Reader(bytes.NewReader(answer.body))
	if answer.cut {
		body = io.MultiReader(bytes.NewReader(answer.body[:len(answer.body)/2]), cutOff{})
	}
	return &http.Response{
		Status:     strconv.Itoa(answer.status) + " " + http.StatusText(answer.status),
		StatusCode: answer.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        answer.header,
		Body:          io.NopCloser(body),
		ContentLength: int64(len(answer.body)),
		Request:       r,
	}, nil
}

// cutOff reads as a connection that was closed too early.
type cutOff struct{}

// Read fails; what could be read was read.
func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// reset closes the connection below w with a TCP reset, if it can be had.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// answer returns what to send, or an error if nothing is to be sent.
func (s *Simulator) answer(r *http.Request) (reply, error) {
	a, err := s.route(r)
	if err != nil {
		return reply{}, err
	}
	if pretty, ok := r.URL.Query()["opt_pretty"]; ok && pretty[0] != "false" {
		a.indent()
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		s.compress(&a)
	}
	return a, nil
}

// route finds the endpoint and checks what Asana checks first.
func (s *Simulator) route(r *http.Request) (reply, error) {
	if f, down := s.down(); down {
		return f.refusal(), f.wait(r.Context())
	}
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/api/1.0"), "/"), "/")
	query := r.URL.Query()
	switch n := len(path); {
	case !s.authorized(r):
		return refuse(http.StatusUnauthorized, "Not Authorized"), nil
	case r.Method == http.MethodGet && n == 1 && path[0] == "workspaces":
		return s.workspaces(query), nil
	case r.Method == http.MethodGet && n == 2 && path[0] == "users":
		return s.user(path[1], query), nil
	case r.Method != http.MethodGet || n < 2 || n > 3 || path[0] != "workspaces":
		return refuse(http.StatusNotFound, "No matching route for request"), nil
	case path[1] != s.options.Workspace:
		return refuse(http.StatusNotFound, "workspace: Unknown object: "+path[1]), nil
	case n == 2:
		return s.workspace(query), nil
	case path[2] == "audit_log_events":
		return s.auditLog(r), nil
	case path[2] != "events":
		return refuse(http.StatusNotFound, "No matching route for request"), nil
	}
	if name := unknown(query, "sync", "opt_pretty"); name != "" {
		return refuse(http.StatusBadRequest, name+": Unknown parameter"), nil
	}
	return s.events(r.Context(), query.Get("sync"))
}

func (s *Simulator) authorized(r *http.Request) bool {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && bearer != "" && (s.options.Token == "" || bearer == s.options.Token)
}

// unknown returns a key of query that is not among known; it is empty if there is none.
func unknown(query url.Values, known ...string) string {
	for name := range query {
		if !slices.Contains(known, name) {
			return name
		}
	}
	return ""
}

// workspaces answers with the workspaces of the service account, which has one.
func (s *Simulator) workspaces(query url.Values) reply {
	if name := unknown(query, "limit", "offset", "opt_fields", "opt_pretty"); name != "" {
		return refuse(http.StatusBadRequest, name+": Unknown parameter")
	}
	return answerJSON(http.StatusOK, map[string]any{"data": []map[string]any{s.compact()}})
}

func (s *Simulator) workspace(query url.Values) reply {
	if name := unknown(query, "opt_fields", "opt_pretty"); name != "" {
		return refuse(http.StatusBadRequest, name+": Unknown parameter")
	}
	return answerJSON(http.StatusOK, map[string]any{"data": map[string]any{
		"gid":             s.options.Workspace,
		"resource_type":   "workspace",
		"name":            s.options.Name,
		"email_domains":   []string{"example.com"},
		"is_organization": true,
	}})
}

// events answers a request for events.
func (s *Simulator) events(ctx context.Context, sync string) (reply, error) {
	s.mu.Lock()
	s.advance()
	s.stream.cameBack(sync) // Even if this request fails: the client has kept the token.
	f := s.fault()
	s.mu.Unlock()
	if err := f.wait(ctx); err != nil {
		return reply{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Kind == Reset {
		return reply{}, syscall.ECONNRESET
	}
	now := s.advance()
	a := s.outcome(f, sync, now)
	f.change(&a, now)
	return a, nil
}

// outcome returns the answer to a request for events, still without what a fault changes about it.
func (s *Simulator) outcome(f Fault, sync string, now time.Time) reply {
	switch f.Kind {
	case Status:
		return f.refusal()
	case ExpireNoSync:
		return refuse(http.StatusPreconditionFailed, invalidSync)
	case Garbage:
		return reply{status: http.StatusOK, header: jsonHeader(), body: []byte(`{"data":[{"action":"del` + "\x00\xff")}
	}
	if pos, ok := s.stream.usable(sync, now); ok && f.Kind != Expire {
		return s.page(pos, sync, f.Kind, now)
	}
	return s.expired(now)
}

// expired returns a 412 with a token to go on with.
func (s *Simulator) expired(now time.Time) reply {
	return answerJSON(http.StatusPreconditionFailed, struct {
		Errors []apiError `json:"errors"`
		Sync   string     `json:"sync"`
	}{[]apiError{{Message: invalidSync}}, s.stream.fresh(now)})
}

// page returns the events from pos on.
func (s *Simulator) page(pos int64, sync string, kind Kind, now time.Time) reply {
	var a results
	switch kind {
	case EmptyMore:
		a = results{end: pos, next: s.stream.next(pos, now), more: true}
	case SameSync:
		a = s.stream.read(sync, s.options.PageSize, now)
		a.next = sync
	default:
		a = s.stream.read(sync, s.options.PageSize, now)
	}
	events := s.stream.log[pos-s.stream.base : a.end-s.stream.base]
	body := make([]byte, 0, 128+len(events)*512)
	body = append(body, `{"data":[`...)
	for i, e := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, e.json...)
	}
	body = append(body, `],`...)
	body = appendMember(body, "sync", a.next)
	body = append(body, `"has_more":`...)
	body = strconv.AppendBool(body, a.more)
	return reply{status: http.StatusOK, header: jsonHeader(), body: append(body, '}')}
}
