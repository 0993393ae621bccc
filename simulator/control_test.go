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
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

func TestControl(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	r := newReader(t, s)
	r.catchUp()
	control := s.Control()
	send := func(method, path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		control.ServeHTTP(w, httptest.NewRequest(method, "http://localhost:10176/control/"+path, strings.NewReader(body)))
		return w
	}
	status := func() int {
		t.Helper()
		status, _, err := get(s, events+"?sync="+r.sync)
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	do := func(path, body string) {
		t.Helper()
		if w := send(http.MethodPost, path, body); w.Code != http.StatusOK || w.Body.Len() < 10 {
			t.Errorf("%s: status %d, %s", path, w.Code, w.Body)
		}
	}

	do("freeze", "")
	do("fault", `{"kind":"status","status":429,"retry_after":"30s","count":2}`)
	do("outage?seconds=60", "")
	if got := status(); got != 503 {
		t.Errorf("status %d in an outage", got)
	}
	c.sleep(time.Minute)
	if a, b, c := status(), status(), status(); a != 429 || b != 429 || c != 200 {
		t.Errorf("status %d, %d, %d, want two faults", a, b, c)
	}
	do("flaky?p=0.01", "")
	do("flaky?p=0", "")
	do("incident?n=3", "")
	do("events", `[{"action":"added","resource":{"gid":"1","resource_type":"x"},"parent":{"gid":"2","resource_type":"y"}}]`)
	w := send(http.MethodGet, "truth", "")
	var got struct{ Truth, Lost []map[string]any }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Truth) < 2 || got.Truth[0]["parent_type"] != "y" || got.Truth[0]["count"] != 1.0 || len(got.Lost) != 0 {
		t.Errorf("truth: %s", w.Body)
	}
	do("thaw", "")
	before := sum(s.Truth())
	c.sleep(time.Hour)
	if sum(s.Truth()) == before {
		t.Error("no life after thaw")
	}
	for _, bad := range [][2]string{
		{"fault", `{"kind":"nonsense"}`},
		{"fault", `{"kind":"status","status":200}`},
		{"fault", `{"kind":"slow","delay":"soon"}`},
		{"fault", `{"kind":"slow","retry_after":"soon"}`},
		{"fault", `{"kind":"slow","count":0}`},
		{"fault", `{"kind":"slow","unknown":0}`},
		{"flaky?p=2", ""},
		{"incident?n=0", ""},
		{"incident?n=100001", ""},
		{"outage?seconds=x", ""},
		{"events", "{}"},
	} {
		if w := send(http.MethodPost, bad[0], bad[1]); w.Code != http.StatusBadRequest {
			t.Errorf("%s %s: status %d", bad[0], bad[1], w.Code)
		}
	}
}

// Requests from other origins, or to other host names, neither control the simulator nor read from it.
func TestControlRefusesOtherOriginsAndHosts(t *testing.T) {
	t.Parallel()
	s := simulator.New(newClock().options())
	newReader(t, s).catchUp() // Events count from then on.
	for _, row := range []struct {
		name, method, host string
		header             http.Header
		want               int
	}{
		{"curl", "POST", "localhost:10176", nil, 200},
		{"curl by number", "POST", "127.0.0.1:10176", nil, 200},
		{"curl by IPv6", "POST", "[::1]:10176", nil, 200},
		{"a page of this server", "POST", "localhost:10176", http.Header{"Sec-Fetch-Site": {"same-origin"}}, 200},
		{"a page of another site", "POST", "localhost:10176", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		{"a page of another port", "POST", "localhost:10176", http.Header{"Sec-Fetch-Site": {"same-site"}}, 403},
		{"an old browser", "POST", "localhost:10176", http.Header{"Origin": {"https://example.com"}}, 403},
		{"a page without an origin", "POST", "localhost:10176", http.Header{"Origin": {"null"}}, 403},
		{"DNS rebinding", "POST", "example.com:10176", http.Header{"Origin": {"http://example.com:10176"}}, 403},
		{"DNS rebinding that reads", "GET", "example.com:10176", nil, 403},
		{"the LAN", "POST", "192.168.1.2:10176", nil, 403},
		{"a link", "GET", "localhost:10176", nil, 405},
	} {
		path := "/control/incident?n=3"
		if row.name == "DNS rebinding that reads" {
			path = "/control/truth"
		}
		r := httptest.NewRequest(row.method, path, http.NoBody)
		r.Host = row.host
		maps.Copy(r.Header, row.header)
		before := sum(s.Truth())
		w := httptest.NewRecorder()
		s.Control().ServeHTTP(w, r)
		if w.Code != row.want || (sum(s.Truth()) > before) != (row.want == 200) {
			t.Errorf("%s: status %d, want %d", row.name, w.Code, row.want)
		}
		if row.want == 200 && w.Body.String() != "one person deleted 3 tasks\n" {
			t.Errorf("%s: it answers %q", row.name, w.Body)
		}
	}
}
