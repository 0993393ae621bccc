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
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxControlBody bounds what is read from a request to Control.
const maxControlBody = 16 << 20

// maxIncident bounds one incident; each deletion stays in memory for the life of a token.
const maxIncident = 100_000

// Control returns a handler that controls the simulator over HTTP, below /control/. It answers with a sentence; errors are text,
// with status 400. No web page can use it: requests from other origins, and those to a name that is not this machine's
// own, are refused with status 403.
//
//	POST /control/fault                body {"kind":"status","status":429,"retry_after":"30s","as_date":false,"delay":"0s","count":1}
//	POST /control/flaky?p=0.2          this share of the requests for events fails
//	POST /control/incident?n=500       one person deletes n tasks
//	POST /control/outage?seconds=360   nothing is answered but 503; with &hang=true nothing at all
//	POST /control/freeze               and /control/thaw
//	POST /control/events               body [{"action":"deleted","resource":{"gid":"1","resource_type":"task"}}, …], see Event
//	GET  /control/truth                {"truth":[{"action":…,"count":1}, …],"lost":[…]}
func (s *Simulator) Control() http.Handler {
	mux := http.NewServeMux()
	post := func(name string, do func(*http.Request) (done string, err error)) {
		mux.HandleFunc("POST /control/"+name, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
			done, err := do(r)
			if err != nil {
				http.Error(w, name+": "+err.Error(), http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, done+"\n")
		})
	}
	post("fault", s.postFault)
	post("flaky", s.postFlaky)
	post("incident", s.postIncident)
	post("outage", s.postOutage)
	post("events", s.postEvents)
	post("freeze", func(*http.Request) (string, error) { s.Freeze(); return "frozen: nothing happens by itself", nil })
	post("thaw", func(*http.Request) (string, error) { s.Thaw(); return "thawed: people work again", nil })
	mux.HandleFunc("GET /control/truth", s.getTruth)
	return requireLoopbackHost(new(http.CrossOriginProtection).Handler(mux))
}

// requireLoopbackHost refuses requests to other names than those of this machine: a web page can have its own name resolve to
// 127.0.0.1 (DNS rebinding), and its requests are of the same origin then.
func requireLoopbackHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		if ip := net.ParseIP(host); !strings.EqualFold(host, "localhost") && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "ask localhost or 127.0.0.1 instead of another name", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Simulator) postFault(r *http.Request) (done string, err error) {
	body := struct {
		Kind       Kind   `json:"kind"`
		Status     int    `json:"status"`
		RetryAfter string `json:"retry_after"`
		AsDate     bool   `json:"as_date"`
		Delay      string `json:"delay"`
		Count      int    `json:"count"`
	}{Count: 1, RetryAfter: "0s", Delay: "0s"}
	if err := decode(r.Body, &body); err != nil {
		return "", err
	}
	retryAfter, err := time.ParseDuration(body.RetryAfter)
	if err != nil {
		return "", fmt.Errorf("retry_after: %w", err)
	}
	delay, err := time.ParseDuration(body.Delay)
	if err != nil {
		return "", fmt.Errorf("delay: %w", err)
	}
	f := Fault{Kind: body.Kind, Status: body.Status, RetryAfter: retryAfter, AsDate: body.AsDate, Delay: delay}
	if err := f.check(); err != nil {
		return "", err
	}
	if body.Count < 1 || body.Count > 1e6 {
		return "", fmt.Errorf("count: %d is not between 1 and a million", body.Count)
	}
	s.Inject(slices.Repeat([]Fault{f}, body.Count)...)
	return fmt.Sprintf("the next %d requests for events get the fault %q", body.Count, f.Kind), nil
}

// check returns an error unless the fault is complete and possible.
func (f Fault) check() error {
	switch f.Kind {
	case Status:
		if f.Status < 400 || f.Status > 599 {
			return fmt.Errorf("status: %d is no refusal", f.Status)
		}
		return nil
	case Truncate, Slow, Hang, Reset, Expire, ExpireNoSync, Garbage, SameSync, EmptyMore:
		return nil
	default:
		return fmt.Errorf("kind: %q is unknown", f.Kind)
	}
}

func (s *Simulator) postFlaky(r *http.Request) (done string, err error) {
	p, err := strconv.ParseFloat(r.FormValue("p"), 64)
	if err != nil || !(p >= 0 && p <= 1) {
		return "", fmt.Errorf("p: %q is not between 0 and 1", r.FormValue("p"))
	}
	s.Flaky(p)
	return fmt.Sprintf("%g of the requests for events fail", p), nil
}

func (s *Simulator) postIncident(r *http.Request) (done string, err error) {
	n, err := strconv.Atoi(r.FormValue("n"))
	if err != nil || n < 1 || n > maxIncident {
		return "", fmt.Errorf("n: %q is not between 1 and %d", r.FormValue("n"), maxIncident)
	}
	s.Incident(n)
	return fmt.Sprintf("one person deleted %d tasks", n), nil
}

func (s *Simulator) postOutage(r *http.Request) (done string, err error) {
	n, err := strconv.Atoi(r.FormValue("seconds"))
	if err != nil || n < 0 || n > 1e9 {
		return "", fmt.Errorf("seconds: %q is no number of seconds", r.FormValue("seconds"))
	}
	s.Outage(time.Duration(n)*time.Second, r.FormValue("hang") == "true")
	return fmt.Sprintf("nothing is answered for %d s", n), nil
}

func (s *Simulator) postEvents(r *http.Request) (done string, err error) {
	var events []Event
	if err := decode(r.Body, &events); err != nil {
		return "", err
	}
	s.Add(events...)
	return fmt.Sprintf("%d events happened", len(events)), nil
}

func decode(body io.Reader, v any) error {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// count is one line of the truth.
type count struct {
	Labels
	Count uint64 `json:"count"`
}

func (s *Simulator) getTruth(w http.ResponseWriter, _ *http.Request) {
	a := answerJSON(http.StatusOK, map[string][]count{"truth": list(s.Truth()), "lost": list(s.Lost())})
	a.indent()
	maps.Copy(w.Header(), a.header)
	_, _ = w.Write(a.body)
}

// list returns counts in a stable order.
func list(m map[Labels]uint64) []count {
	counts := make([]count, 0, len(m))
	for l, n := range m {
		counts = append(counts, count{l, n})
	}
	slices.SortFunc(counts, func(a, b count) int {
		return cmp.Or(
			cmp.Compare(a.Action, b.Action),
			cmp.Compare(a.ResourceType, b.ResourceType),
			cmp.Compare(a.ResourceSubtype, b.ResourceSubtype),
			cmp.Compare(a.ChangeField, b.ChangeField),
			cmp.Compare(a.ParentType, b.ParentType),
		)
	})
	return counts
}
