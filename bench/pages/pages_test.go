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

package pages

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

// answer is as much of an answer as the tests look at.
type answer struct {
	Data []struct {
		User *struct {
			GID  string `json:"gid"`
			Type string `json:"resource_type"`
		} `json:"user"`
		CreatedAt time.Time `json:"created_at"`
		Action    string    `json:"action"`
		Resource  struct {
			GID     string `json:"gid"`
			Type    string `json:"resource_type"`
			Subtype string `json:"resource_subtype"`
		} `json:"resource"`
		Parent struct {
			Type string `json:"resource_type"`
		} `json:"parent"`
		Change struct {
			Field string `json:"field"`
		} `json:"change"`
	} `json:"data"`
	Sync    string `json:"sync"`
	HasMore bool   `json:"has_more"`
}

func (a answer) labels() []Labels {
	var all []Labels
	for _, e := range a.Data {
		all = append(all, Labels{e.Action, e.Resource.Type, e.Resource.Subtype, e.Change.Field, e.Parent.Type})
	}
	return all
}

// get asks server for what follows token.
func get(t *testing.T, server *httptest.Server, token string) (int, answer) {
	t.Helper()
	to := server.URL + "/api/1.0/workspaces/1/events"
	if token != "" {
		to += "?sync=" + url.QueryEscape(token)
	}
	response, err := server.Client().Get(to)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatalf("answer is not valid: %v", err)
	}
	return response.StatusCode, a
}

func newBook(t *testing.T, count int) *Book {
	t.Helper()
	book, err := NewBook(count, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func newServer(t *testing.T, book *Book, o Options) (*Server, *httptest.Server) {
	t.Helper()
	handler, err := NewServer(book, o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return handler, server
}

func TestStreamHandsOutExactlyItsEvents(t *testing.T) {
	book := newBook(t, 2)
	for _, compressed := range []bool{false, true} {
		for _, events := range []int{0, 1, Size, 2*Size + 3} {
			handler, server := newServer(t, book, Options{Events: events, Gzip: compressed})
			status, a := get(t, server, "")
			if status != http.StatusPreconditionFailed || a.Sync == "" || len(a.Data) > 0 {
				t.Fatalf("first call: status %d, token %q, %d events; want 412 with a token only", status, a.Sync, len(a.Data))
			}
			read := 0
			for a.HasMore = true; a.HasMore; read += len(a.Data) {
				_, a = get(t, server, a.Sync)
			}
			report, err := handler.Wait(t.Context())
			if err != nil || read != events || report.Events != events {
				t.Errorf("read %d events, reported %d (%v); want %d", read, report.Events, err, events)
			}
		}
	}
}

func TestPageReadTwiceIsTheSameAndCountsOnce(t *testing.T) {
	handler, server := newServer(t, newBook(t, 1), Options{Events: 1})
	_, first := get(t, server, session+":0")
	_, again := get(t, server, session+":0")
	get(t, server, again.Sync)
	report, err := handler.Wait(t.Context())
	if err != nil || report.Events != 1 || !reflect.DeepEqual(first, again) {
		t.Errorf("report %+v (%v), want one event, read twice", report, err)
	}
}

func TestUnknownTokenGetsAFreshOne(t *testing.T) {
	_, server := newServer(t, newBook(t, 1), Options{Events: Size})
	for _, token := range []string{"garbage", "garbage:1", session + ":-1", session + ":2", session + ":x"} {
		if status, a := get(t, server, token); status != http.StatusPreconditionFailed || a.Sync != session+":0" {
			t.Errorf("%s: status %d, token %q; want 412 and the start of the stream", token, status, a.Sync)
		}
	}
}

func TestEventsAreOfTheSizeAndVarietyOfRealOnes(t *testing.T) {
	book := newBook(t, 5)
	bytes, kinds := 0, map[Labels]int{}
	for n, p := range book.pages {
		bytes += len(p.plain)
		for _, l := range book.Labels(n) {
			kinds[l]++
		}
	}
	if size := bytes / (5 * Size); size < 466*95/100 || size > 466*105/100 {
		t.Errorf("an event has %d bytes on average, want 466 within 5 %%", size)
	}
	if len(kinds) < 75 || len(kinds) > 120 {
		t.Errorf("%d distinct label sets, want about 100", len(kinds))
	}
}

func TestPagesSayWhatTheirLabelsSay(t *testing.T) {
	book := newBook(t, 1)
	_, server := newServer(t, book, Options{Events: Size, Gzip: true})
	_, a := get(t, server, session+":0")
	for i, l := range a.labels() {
		if l != book.Labels(0)[i] {
			t.Fatalf("event %d reads as %q, want %q", i, l, book.Labels(0)[i])
		}
		if e := a.Data[i]; e.CreatedAt.IsZero() || e.Resource.GID == "" {
			t.Fatalf("event %d lacks its date or gid: %+v", i, e)
		}
	}
}

func TestAnswersAreHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, err := NewServer(newBook(t, 1), Options{Events: 3 * Size, Rate: 10 * Size, Delay: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range []int64{50, 100, 200, 50} { // The last is what follows the last page.
			if got := server.due(n).Milliseconds(); got != want {
				t.Errorf("page %d is held back for %d ms, want %d", n, got, want)
			}
		}
	})
}
