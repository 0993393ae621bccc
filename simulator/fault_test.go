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
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

func TestFaults(t *testing.T) {
	date := monday.Add(time.Hour + 90*time.Second).Format(http.TimeFormat)
	for _, test := range []struct {
		fault      simulator.Fault
		status     int
		retryAfter string
		contains   string
	}{
		{simulator.Fault{Kind: simulator.Status, Status: 400}, 400, "", "sync token"},
		{simulator.Fault{Kind: simulator.Status, Status: 401}, 401, "", "Not Authorized"},
		{simulator.Fault{Kind: simulator.Status, Status: 402}, 402, "", "Enterprise"},
		{simulator.Fault{Kind: simulator.Status, Status: 403}, 403, "", "service account"},
		{simulator.Fault{Kind: simulator.Status, Status: 404}, 404, "", "Unknown object"},
		{simulator.Fault{Kind: simulator.Status, Status: 429}, 429, "", "rate limit"},
		{simulator.Fault{Kind: simulator.Status, Status: 429, RetryAfter: 90 * time.Second}, 429, "90", "rate limit"},
		{simulator.Fault{Kind: simulator.Status, Status: 429, RetryAfter: 90 * time.Second, AsDate: true}, 429, date, "rate limit"},
		{simulator.Fault{Kind: simulator.Status, Status: 500}, 500, "", `"phrase":"`},
		{simulator.Fault{Kind: simulator.Status, Status: 502}, 502, "", "<html>"},
		{simulator.Fault{Kind: simulator.Status, Status: 503}, 503, "", "Service Unavailable"},
		{simulator.Fault{Kind: simulator.Expire}, 412, "", `"sync":`},
		{simulator.Fault{Kind: simulator.Expire, RetryAfter: time.Minute}, 412, "60", `"sync":`},
		{simulator.Fault{Kind: simulator.ExpireNoSync}, 412, "", "Sync token invalid"},
		{simulator.Fault{Kind: simulator.Garbage}, 200, "", `{"data":[`},
		{simulator.Fault{Kind: simulator.EmptyMore}, 200, "", `{"data":[],"sync":`},
		{simulator.Fault{Kind: simulator.Secondhand, RetryAfter: time.Minute}, 203, "", `"data":[{`},
		{simulator.Fault{Kind: simulator.ByteOrder}, 200, "", "\xef\xbb\xbf{"},
		{simulator.Fault{Kind: simulator.Slow, Delay: time.Millisecond}, 200, "", `"data":[{`},
	} {
		s, r := withEvents(t)
		s.Inject(test.fault)
		status, header, raw := ask(t, s, r.sync)
		if status != test.status || header.Get("Retry-After") != test.retryAfter || !strings.Contains(string(raw), test.contains) {
			t.Errorf("%+v: status %d, header %v, body %.200s", test.fault, status, header, raw)
		}
		garbage := test.fault.Kind == simulator.Garbage
		if bytes.Contains(raw, []byte(`"sync":`)) != (status < 300 && !garbage || test.fault.Kind == simulator.Expire) {
			t.Errorf("%+v: a token or none in %.200s", test.fault, raw)
		}
		if status != http.StatusBadGateway && !garbage {
			if err := checkAnswer(status, bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))); err != nil {
				t.Errorf("%+v: %v", test.fault, err)
			}
		}
		r.catchUp()
		compare(t, r.counted, s.Truth()) // Nothing was moved by it.
	}
}

func TestSameSyncFaultRepeatsItsEvents(t *testing.T) {
	s, r := withEvents(t)
	s.Inject(simulator.Fault{Kind: simulator.SameSync})
	b := body{}
	_, _, raw := ask(t, s, r.sync)
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	if b.Sync != r.sync || len(b.Data) == 0 {
		t.Errorf("%d events with %q, want some with %q", len(b.Data), b.Sync, r.sync)
	}
	r.catchUp()
	compare(t, r.counted, s.Truth())
}

func TestBrokenConnections(t *testing.T) {
	s, r := withEvents(t)
	server := httptest.NewServer(s)
	defer server.Close()
	for name, transport := range map[string]http.RoundTripper{"server": redirect{server.URL}, "round tripper": s} {
		s.Inject(simulator.Fault{Kind: simulator.Truncate}, simulator.Fault{Kind: simulator.Reset})
		if _, _, err := get(transport, events+"?sync="+r.sync); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: truncated: %v", name, err)
		}
		if _, _, err := get(transport, events+"?sync="+r.sync); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: reset: %v", name, err)
		}
	}
	r.transport = redirect{server.URL}
	r.catchUp()
	compare(t, r.counted, s.Truth())
}

func TestOutageEndsByItself(t *testing.T) {
	c := newClock()
	s := simulator.New(c.options())
	r := newReader(t, s)
	r.catchUp()
	s.Outage(6*time.Minute, false)
	for range 6 {
		if status, _, err := get(s, events+"?sync="+r.sync); status != http.StatusServiceUnavailable {
			t.Errorf("status %d, %v", status, err)
		}
		c.sleep(time.Minute)
	}
	r.catchUp()
	compare(t, r.counted, s.Truth())
	if sum(r.counted) == 0 {
		t.Error("life did not go on")
	}
}
