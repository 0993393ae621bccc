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

package client

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestUnknownSyncTokenGivesAFreshOne(t *testing.T) {
	const fresh = "0cc175b9c0f1b6a831c399e269772661:0"
	message := `{"errors":[{"message":"Sync token invalid or too old. If you are attempting to keep resources in sync, you must fetch the full dataset for this query now and use the new sync token for the next sync."}]`
	for name, test := range map[string]struct{ body, sync string }{
		"as recorded":         {message + `,"sync":"` + fresh + `"}`, fresh},
		"token first":         {`{"sync":"` + fresh + `","errors":[{"help":null}]}`, fresh},
		"escaped":             {`{"sync":"0cc\u003a0"}`, "0cc:0"},
		"the one that we had": {`{"sync":"` + position + `"}`, position},
		"no token":            {message + "}", ""},
		"empty":               {`{"sync":""}`, ""},
		"null":                {`{"sync":null}`, ""},
		"a number":            {`{"sync":12}`, ""},
		"too long":            {`{"sync":"` + strings.Repeat("a", maxSyncBytes-1) + `"}`, ""},
		"no body":             {"", ""},
		"no object":           {`["sync","` + fresh + `"]`, ""},
		"a web page":          {"<html><title>412</title></html>", ""},
		"truncated":           {message + `,"sync":"` + fresh + `"`, ""},
		"cut in the token":    {message + `,"sync":"0cc175b9`, ""},
		"garbage behind":      {message + `,"sync":"` + fresh + `"}}`, ""},
		"two values":          {`{"sync":"` + fresh + `"} {}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := newClient(t, Options{Transport: answer{status: 412, body: test.body}}).Events(t.Context(), position)
			if want := (&SyncExpiredError{Sync: test.sync}); !reflect.DeepEqual(err, want) || !reflect.DeepEqual(page, Page{}) {
				t.Errorf("got %+v and %#v, want %#v", page, err, want)
			}
		})
	}
	t.Run("broke off", func(t *testing.T) {
		broken := answer{status: 412, stream: func() io.Reader {
			return io.MultiReader(strings.NewReader(`{"sync":"`+fresh+`"`), brokenBody())
		}}
		if _, err := newClient(t, Options{Transport: broken}).Events(t.Context(), position); !reflect.DeepEqual(err, &SyncExpiredError{}) {
			t.Errorf("got %#v", err)
		}
	})
}

func TestRefusalSaysWhy(t *testing.T) {
	const (
		account = " (is the token that of a service account, and not revoked?)"
		rights  = " (only a service account of an Enterprise+ domain may read workspace events)"
		gid     = " (is the workspace's gid right, and does the service account belong to its domain?)"
		moved   = " (redirects are not followed; is the API address right?)"
		foreign = " (the answer is a web page, probably of a proxy or firewall between here and Asana, not of Asana)"
	)
	gateway := "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>"
	for name, test := range map[string]struct {
		status int
		body   string
		want   StatusError
		words  string
	}{
		"bad request":   {400, `{"errors":[{"message":"workspace: Missing input","help":"Read the docs."}]}`, StatusError{Message: "workspace: Missing input"}, "refused: 400 Bad Request: workspace: Missing input"},
		"unauthorized":  {401, `{"errors":[{"message":"Not Authorized"}]}`, StatusError{Message: "Not Authorized"}, "refused: 401 Unauthorized: Not Authorized" + account},
		"payment":       {402, `{}`, StatusError{}, "refused: 402 Payment Required" + rights},
		"forbidden":     {403, `{"errors":[]}`, StatusError{}, "refused: 403 Forbidden" + rights},
		"not found":     {404, `{"errors":[{"error":"x","user_message":"y","message":"Not a recognized ID"}]}`, StatusError{Message: "Not a recognized ID"}, "refused: 404 Not Found: Not a recognized ID" + gid},
		"legal reasons": {451, `{"errors":null}`, StatusError{}, "refused: 451 Unavailable For Legal Reasons"},
		"server error":  {500, `{"errors":[{"message":"Server Error","phrase":"7 calm cranes count quickly"}]}`, StatusError{Message: "Server Error", Phrase: "7 calm cranes count quickly"}, `refused: 500 Internal Server Error: Server Error (phrase "7 calm cranes count quickly")`},
		"gateway":       {502, gateway, StatusError{WebPage: true}, "refused: 502 Bad Gateway"},
		"unavailable":   {503, "", StatusError{}, "refused: 503 Service Unavailable"},
		"timeout":       {504, "upstream timed out", StatusError{}, "refused: 504 Gateway Timeout"},
		"unknown":       {599, `{"errors":[{"message":"Odd"}]}`, StatusError{Message: "Odd"}, "refused: 599: Odd"},
		"no content":    {204, "", StatusError{}, "refused: 204 No Content"},
		"part":          {206, emptyPage, StatusError{}, "refused: 206 Partial Content"},
		"not modified":  {304, "", StatusError{}, "refused: 304 Not Modified"},
		"moved":         {302, "", StatusError{}, "refused: 302 Found" + moved},
		"no proxy user": {407, "", StatusError{}, "refused: 407 Proxy Authentication Required (HTTPS_PROXY needs the right user and password, as in http://user:password@host:port)"},

		"bad request of a firewall":     {400, "\uFEFF\n<!DOCTYPE html>", StatusError{WebPage: true}, "refused: 400 Bad Request" + foreign},
		"no authorization of a proxy":   {401, gateway, StatusError{WebPage: true}, "refused: 401 Unauthorized" + foreign},
		"payment of a web filter":       {402, gateway, StatusError{WebPage: true}, "refused: 402 Payment Required" + foreign},
		"forbidden by a firewall":       {403, gateway, StatusError{WebPage: true}, "refused: 403 Forbidden" + foreign},
		"forbidden in XML":              {403, `<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`, StatusError{WebPage: true}, "refused: 403 Forbidden" + foreign},
		"forbidden, a message with a <": {403, `{"errors":[{"message":"<html>"}]}`, StatusError{Message: "<html>"}, "refused: 403 Forbidden: <html>" + rights},
		"forbidden, no body":            {403, "", StatusError{}, "refused: 403 Forbidden" + rights},
		"not found by a proxy":          {404, gateway, StatusError{WebPage: true}, "refused: 404 Not Found" + foreign},

		"the first of two":   {400, `{"errors":[{"message":"one"},{"message":"two","phrase":"no"}]}`, StatusError{Message: "one"}, "refused: 400 Bad Request: one"},
		"of other kinds":     {400, `{"errors":[{"message":1,"phrase":["x"]}]}`, StatusError{}, "refused: 400 Bad Request"},
		"no objects":         {400, `{"errors":["message"]}`, StatusError{}, "refused: 400 Bad Request"},
		"no array":           {400, `{"errors":{"message":"no"}}`, StatusError{}, "refused: 400 Bad Request"},
		"truncated after":    {400, `{"errors":[{"message":"known","phr`, StatusError{Message: "known"}, "refused: 400 Bad Request: known"},
		"truncated within":   {400, `{"errors":[{"message":"unkno`, StatusError{}, "refused: 400 Bad Request"},
		"not UTF-8":          {400, "{\"errors\":[{\"message\":\"a\xffb\"}]}", StatusError{Message: "a\uFFFDb"}, "refused: 400 Bad Request: a\uFFFDb"},
		"for a terminal":     {400, `{"errors":[{"message":"a\n\u001b[31mred\u202eevil\u0007\u2028b"}]}`, StatusError{Message: "a  [31mred evil  b"}, "refused: 400 Bad Request: a  [31mred evil  b"},
		"long":               {400, `{"errors":[{"message":"x` + strings.Repeat("ä", 200) + `"}]}`, StatusError{Message: "x" + strings.Repeat("ä", 149) + "…"}, "refused: 400 Bad Request: x" + strings.Repeat("ä", 149) + "…"},
		"longest":            {400, `{"errors":[{"message":"` + strings.Repeat("ä", 150) + `"}]}`, StatusError{Message: strings.Repeat("ä", 150)}, "refused: 400 Bad Request: " + strings.Repeat("ä", 150)},
		"about the position": {400, `{"errors":[{"message":"sync: ` + position + ` is odd"}]}`, StatusError{Message: "sync: [redacted] is odd"}, "refused: 400 Bad Request: sync: [redacted] is odd"},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.Status = test.status
			page, err := newClient(t, Options{Transport: answer{status: test.status, body: test.body}}).Events(t.Context(), position)
			if !reflect.DeepEqual(err, &test.want) || !reflect.DeepEqual(page, Page{}) {
				t.Errorf("got %+v and %#v, want %#v", page, err, &test.want)
			}
			if words(err) != test.words {
				t.Errorf("says %q, want %q", words(err), test.words)
			}
		})
	}
}

func TestErrorsAreReadable(t *testing.T) {
	for want, err := range map[string]error{
		"sync token expired": &SyncExpiredError{Sync: "a:1"},
		"sync token expired, and no fresh one in the answer": &SyncExpiredError{},
		"rate limited":                   &RateLimitError{},
		"rate limited, retry after 1m0s": &RateLimitError{RetryAfter: time.Minute},
		"unusable answer: truncated":     &InvalidResponseError{Err: errors.New("truncated")},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
