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

package simulator_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

const events = "/workspaces/1200000000000001/events"

func TestAnswersHaveTheDocumentedShape(t *testing.T) {
	s := simulator.New(simulator.Options{Token: "secret"})
	for _, test := range []struct {
		name, path, authorization string
		status                    int
	}{
		{"no authorization", events, "", 401},
		{"wrong token", events, "Bearer wrong", 401},
		{"wrong scheme", events, "Basic secret", 401},
		{"first request", events, "Bearer secret", 412},
		{"garbage token", events + "?sync=garbage", "Bearer secret", 412},
		{"token that was never handed out", events + "?sync=5a888cbba4065641bffe1b44dced2fcf:0", "Bearer secret", 412},
		{"another workspace", "/workspaces/5/events", "Bearer secret", 404},
		{"another path", "/workspaces/1200000000000001/tasks", "Bearer secret", 404},
		{"somebody else", "/users/5", "Bearer secret", 404},
		{"user with a wrong token", "/users/5", "Bearer wrong", 401},
		{"user with an unknown parameter", "/users/5?sync=a", "Bearer secret", 400},
		{"audit log of another workspace", "/workspaces/5/audit_log_events", "Bearer secret", 404},
		{"audit log with an unknown parameter", auditLog + "?sync=a", "Bearer secret", 400},
		{"audit log with no date", auditLog + "?start_at=yesterday", "Bearer secret", 400},
		{"audit log with a large limit", auditLog + "?limit=101", "Bearer secret", 400},
		{"audit log with a made-up offset", auditLog + "?offset=abc", "Bearer secret", 400},
		{"another root", "/tasks/1", "Bearer secret", 404},
		{"workspaces with a wrong token", "/workspaces", "Bearer wrong", 401},
		{"workspaces with an unknown parameter", "/workspaces?sync=a", "Bearer secret", 400},
		{"limit", events + "?limit=10", "Bearer secret", 400},
		{"opt_fields", events + "?opt_fields=user", "Bearer secret", 400},
		{"broken query", events + "?sync=%zz", "Bearer secret", 412},
		{"pretty", events + "?opt_pretty=true", "Bearer secret", 412},
	} {
		for _, base := range []string{"", "/api/1.0"} {
			r := httptest.NewRequest(http.MethodGet, "http://asana"+base+test.path, nil)
			r.Header.Set("Authorization", test.authorization)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != test.status || w.Header().Get("Content-Type") != "application/json; charset=UTF-8" {
				t.Errorf("%s: status %d, header %v, want status %d", test.name, w.Code, w.Header(), test.status)
			}
			if err := checkAnswer(w.Code, w.Body.Bytes()); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			if got := bytes.Contains(w.Body.Bytes(), []byte("\n  ")); got != (test.name == "pretty") {
				t.Errorf("%s: pretty is %v", test.name, got)
			}
		}
	}
}

// The list of workspaces is how people find a gid.
func TestWorkspacesAreListed(t *testing.T) {
	s := simulator.New(simulator.Options{Name: `Größe & "Co"`})
	status, body, err := get(s, "/workspaces?opt_fields=name&limit=100")
	if err != nil || status != http.StatusOK {
		t.Fatalf("status %d, %v", status, err)
	}
	const want = `{"data":[{"gid":"1200000000000001","name":"Größe \u0026 \"Co\"","resource_type":"workspace"}]}`
	if string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
}

func TestWorkspaceHasTheDocumentedShape(t *testing.T) {
	s := simulator.New(simulator.Options{Name: `Größe & "Co"`})
	status, body, err := get(s, "/workspaces/1200000000000001?opt_fields=name")
	if err != nil || status != http.StatusOK {
		t.Fatalf("status %d, %v", status, err)
	}
	if err := workspaceSchema.checkJSON(body); err != nil {
		t.Error(err)
	}
	if !bytes.Contains(body, []byte(`Größe`)) {
		t.Errorf("no name in %s", body)
	}
}

func TestPagesHoldNoMoreThanTheirSize(t *testing.T) {
	c := newClock()
	o := c.options()
	o.Rate = 10
	s := simulator.New(o)
	r := newReader(t, s)
	r.catchUp()
	c.sleep(5 * time.Minute)
	var sizes []int
	seen := map[string]bool{r.sync: true}
	r.check = func(_ int, raw []byte) {
		b := body{}
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Error(err)
		}
		sizes = append(sizes, len(b.Data))
		if b.HasMore != (len(b.Data) == 1000) || seen[b.Sync] {
			t.Errorf("page %d: has_more %v, token seen before: %v", len(sizes), b.HasMore, seen[b.Sync])
		}
		seen[b.Sync] = true
	}
	r.catchUp()
	r.catchUp()
	if len(sizes) < 4 || sizes[0] != 1000 || sizes[len(sizes)-1] != 0 {
		t.Errorf("pages of %v, want full ones, a rest, and an empty one", sizes)
	}
}

func TestCurrentTokenMayBeAskedAgain(t *testing.T) {
	c := newClock()
	o := c.options()
	o.StrictTokens, o.Rate = true, 1
	s := simulator.New(o)
	r := newReader(t, s)
	r.catchUp()
	sync := r.sync
	c.sleep(time.Minute)
	_, first, err := get(s, events+"?sync="+sync)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.sleep(time.Minute)
		_, again, err := get(s, events+"?sync="+sync)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, first) {
			t.Errorf("a page of %d bytes, and then one of %d: want the same results", len(first), len(again))
		}
	}
	if r.catchUp(); len(r.counted) == 0 {
		t.Error("what came meanwhile does not follow")
	}
}

func TestOldTokensAreRefused(t *testing.T) {
	for _, test := range []struct {
		name   string
		strict bool
		life   time.Duration
		want   int
	}{
		{"lenient", false, time.Hour, http.StatusOK},
		{"strict", true, time.Hour, http.StatusPreconditionFailed},
		{"expired", false, 2 * time.Second, http.StatusPreconditionFailed},
	} {
		c := newClock()
		o := c.options()
		o.StrictTokens, o.TokenLife = test.strict, test.life
		s := simulator.New(o)
		s.Freeze() // So that only the token's age counts.
		r := newReader(t, s)
		r.catchUp()
		first := r.sync
		c.sleep(time.Second)
		r.catchUp()
		r.catchUp() // Only now has a newer token come back.
		c.sleep(2 * time.Second)
		status, raw, err := get(s, events+"?sync="+url.QueryEscape(first))
		if err != nil || status != test.want {
			t.Errorf("%s: status %d, %v, want %d", test.name, status, err, test.want)
		}
		if err := checkAnswer(status, raw); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestTokenExpiresByItsAge(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	r := newReader(t, s)
	r.catchUp()
	c.sleep(24 * time.Hour)
	r.catchUp()
	if r.gaps != 1 || sum(r.counted) < 1000 {
		t.Errorf("%d gaps and %d events after a day, want all events", r.gaps, sum(r.counted))
	}
	s.Freeze() // Not because its events are gone.
	c.sleep(24*time.Hour + time.Second)
	r.catchUp()
	if r.gaps != 2 {
		t.Errorf("%d gaps after more than a day, want 2", r.gaps)
	}
}

func TestBodiesAreCompressedWhenAccepted(t *testing.T) {
	s, r := withEvents(t)
	_, _, plain := ask(t, s, r.sync)
	before := func(b []byte) string { data, _, _ := strings.Cut(string(b), `"sync"`); return data }
	for _, kind := range []simulator.Kind{simulator.Slow, simulator.Padded} {
		s.Inject(simulator.Fault{Kind: kind})
		req := request(r.sync)
		req.Header.Set("Accept-Encoding", "br, gzip")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, req)
		if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > len(plain)/3 {
			t.Fatalf("%s: header %v, %d bytes instead of %d", kind, w.Header(), w.Body.Len(), len(plain))
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		z.Multistream(false)
		got, err := io.ReadAll(z)
		if err != nil || before(got) != before(plain) {
			t.Errorf("%s: %v, or another page", kind, err)
		}
		if padding := bytes.Count(w.Body.Bytes(), []byte{0}); padding != w.Body.Len() || (padding > 0) != (kind == simulator.Padded) {
			t.Errorf("%s: after the body %q", kind, w.Body)
		}
	}
}

// withEvents returns a simulator and a reader that has an hour of work to read.
func withEvents(t *testing.T) (*simulator.Simulator, *reader) {
	t.Helper()
	c := newClock()
	s := simulator.New(c.options())
	r := newReader(t, s)
	r.catchUp()
	c.sleep(time.Hour)
	return s, r
}

func request(sync string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, events+"?sync="+url.QueryEscape(sync), nil)
	r.Header.Set("Authorization", "Bearer secret")
	return r
}

func ask(t *testing.T, s *simulator.Simulator, sync string) (status int, header http.Header, body []byte) {
	t.Helper()
	resp, err := s.RoundTrip(request(sync))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, body
}

// redirect sends requests to a server on this machine.
type redirect struct{ url string }

func (to redirect) RoundTrip(r *http.Request) (*http.Response, error) {
	u, err := url.Parse(to.url)
	if err != nil {
		return nil, err
	}
	r.URL.Scheme, r.URL.Host = u.Scheme, u.Host
	return http.DefaultTransport.RoundTrip(r)
}

// What a page costs the server, for those who measure clients against it.
func BenchmarkPage(b *testing.B) {
	c := newClock()
	o := c.options()
	o.Rate = 100
	s := simulator.New(o)
	_, raw, err := get(s, events)
	if err != nil {
		b.Fatal(err)
	}
	first := body{}
	if err := json.Unmarshal(raw, &first); err != nil {
		b.Fatal(err)
	}
	c.sleep(time.Minute)
	for b.Loop() {
		if _, raw, err = get(s, events+"?sync="+first.Sync); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(raw))/1000, "B/event")
}

// The cost of generating and serving events.
func BenchmarkLife(b *testing.B) {
	c := newClock()
	o := c.options()
	o.Rate = 1000
	s := simulator.New(o)
	if _, _, err := get(s, events); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		c.sleep(time.Second)
		s.Truth()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(sum(s.Truth())), "ns/event")
}
