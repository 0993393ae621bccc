package client

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
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

func TestRateLimitSaysHowLong(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":      0,
		"0":     0,
		"1":     time.Second,
		" 30 ":  30 * time.Second,
		"0030":  30 * time.Second,
		"86400": 24 * time.Hour,
		"86401": 24 * time.Hour,

		"18446744073709551616":             24 * time.Hour,
		strings.Repeat("9", 100):           24 * time.Hour,
		"-1":                               0,
		"+1":                               0,
		"1.5":                              0,
		"1e3":                              0,
		"30s":                              0,
		"0x10":                             0,
		"soon":                             0,
		"1, 2":                             0,
		"Sat, 01 Jan 2000 00:00:45 GMT":    45 * time.Second,
		"Saturday, 01-Jan-00 00:01:00 GMT": time.Minute,
		"Sat Jan  1 00:00:01 2000":         time.Second,
		"Sat, 01 Jan 2000 00:00:00 GMT":    0,
		"Fri, 31 Dec 1999 23:59:00 GMT":    0,
		"Fri, 31 Dec 9999 23:59:59 GMT":    24 * time.Hour,
		"Sat, 32 Jan 2000 00:00:00 GMT":    0,
		"2000-01-01T00:00:45Z":             0,
	} {
		t.Run(header, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // Its clock begins with the year 2000.
				limited := answer{status: 429, header: http.Header{"Retry-After": {strings.TrimSpace(header)}}}
				_, err := newClient(t, Options{Transport: limited}).Events(t.Context(), position)
				if !reflect.DeepEqual(err, &RateLimitError{RetryAfter: want}) {
					t.Errorf("got %#v, want %s", err, want)
				}
				limited.status = 503
				_, err = newClient(t, Options{Transport: limited}).Events(t.Context(), position)
				if !reflect.DeepEqual(err, &StatusError{Status: 503, RetryAfter: want}) {
					t.Errorf("got %#v, want %s", err, want)
				}
			})
		})
	}
}

func TestRefusalSaysWhy(t *testing.T) {
	const (
		account = " (is the token that of a service account, and not revoked?)"
		rights  = " (only a service account of an Enterprise+ domain may read workspace events)"
		gid     = " (is the workspace's gid right, and does the service account belong to its domain?)"
		moved   = " (redirects are not followed; is the API address right?)"
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
		"gateway":       {502, gateway, StatusError{}, "refused: 502 Bad Gateway"},
		"unavailable":   {503, "", StatusError{}, "refused: 503 Service Unavailable"},
		"timeout":       {504, "upstream timed out", StatusError{}, "refused: 504 Gateway Timeout"},
		"unknown":       {599, `{"errors":[{"message":"Odd"}]}`, StatusError{Message: "Odd"}, "refused: 599: Odd"},
		"created":       {201, emptyPage, StatusError{}, "refused: 201 Created"},
		"no content":    {204, "", StatusError{}, "refused: 204 No Content"},
		"part":          {206, emptyPage, StatusError{}, "refused: 206 Partial Content"},
		"not modified":  {304, "", StatusError{}, "refused: 304 Not Modified"},
		"moved":         {302, "", StatusError{}, "refused: 302 Found" + moved},

		"the first of two":   {400, `{"errors":[{"message":"one"},{"message":"two","phrase":"no"}]}`, StatusError{Message: "one"}, "refused: 400 Bad Request: one"},
		"of other kinds":     {400, `{"errors":[{"message":1,"phrase":["x"]}]}`, StatusError{}, "refused: 400 Bad Request"},
		"no objects":         {400, `{"errors":["message"]}`, StatusError{}, "refused: 400 Bad Request"},
		"no array":           {400, `{"errors":{"message":"no"}}`, StatusError{}, "refused: 400 Bad Request"},
		"truncated after":    {400, `{"errors":[{"message":"known","phr`, StatusError{Message: "known"}, "refused: 400 Bad Request: known"},
		"truncated within":   {400, `{"errors":[{"message":"unkno`, StatusError{}, "refused: 400 Bad Request"},
		"not UTF-8":          {400, "{\"errors\":[{\"message\":\"a\xffb\"}]}", StatusError{Message: "a\uFFFDb"}, "refused: 400 Bad Request: a\uFFFDb"},
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
		"unusable answer: truncated":     &InvalidResponseError{errors.New("truncated")},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestUnreachableServer(t *testing.T) {
	_, err := newClient(t, Options{Transport: failing{}}).Events(t.Context(), position)
	if words(err) != "connection refused" { // Neither the address, which has the sync token, nor the method.
		t.Errorf("got %v", err)
	}
}
