package client

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// canary is a token that must not be found in anything that leaves the package, in whatever case.
const canary = "2/1200000000000002/1200000000000003:CanaryCanary0123456789abcdefXYZW"

// echoes are the ways in which a server may write what it was sent.
func echoes(text string) map[string]string {
	var escaped strings.Builder
	for _, r := range text {
		fmt.Fprintf(&escaped, `\u%04x`, r)
	}
	return map[string]string{
		"as it is":           text,
		"escaped slashes":    strings.ReplaceAll(text, "/", `\/`),
		"escaped letters":    escaped.String(),
		"escaped twice":      strings.ReplaceAll(text, "/", `\\/`),
		"encoded as in URLs": url.QueryEscape(text),
		"the same, in small": strings.NewReplacer("/", "%2f", ":", "%3a").Replace(text),
		"encoded as in HTML": strings.NewReplacer("/", "&#47;", ":", "&#x3A;").Replace(html.EscapeString(text)),
		"within a word":      "xX" + text + "Xx",
		"twice":              text + text,
		"its secret part":    text[strings.LastIndex(text, ":")+1:],
	}
}

// answersWith are answers that hold a text in every place where a server can put one.
func answersWith(text string) map[string]string {
	const head = "HTTP/1.1 200 OK\r\n"
	page := func(body string) string { return head + "Content-Type: application/json\r\n\r\n" + body }
	refused := func(status int, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d %s\r\n\r\n%s", status, text, body)
	}
	return map[string]string{
		"action":            page(`{"data":[{"action":"` + text + `"}],"sync":"a:1"}`),
		"resource type":     page(`{"data":[{"resource":{"resource_type":"` + text + `"}}],"sync":"a:1"}`),
		"resource subtype":  page(`{"data":[{"resource":{"resource_subtype":"` + text + `"}}],"sync":"a:1"}`),
		"parent type":       page(`{"data":[{"parent":{"resource_type":"` + text + `"}}],"sync":"a:1"}`),
		"changed field":     page(`{"data":[{"change":{"field":"` + text + `"}}],"sync":"a:1"}`),
		"several":           page(`{"data":[{"action":"` + text + `"},{"action":"` + text + `","change":{"field":"` + text + `"}}],"sync":"a:1"}`),
		"date":              page(`{"data":[{"created_at":"` + text + `"}],"sync":"a:1"}`),
		"keys":              page(`{"` + text + `":1,"data":[{"` + text + `":{"` + text + `":"x"}}],"sync":"a:1"}`),
		"long text":         page(`{"data":[{"action":"` + strings.Repeat("x", 100) + text + strings.Repeat("y", 5000) + `"}],"sync":"a:1"}`),
		"sync token":        page(`{"data":[],"sync":"` + text + `"}`),
		"name":              page(`{"data":{"name":"` + text + `"},"sync":"a:1"}`),
		"syntax":            page(`{"data":[{"` + text + `":}`),
		"syntax, deep":      page(`{"data":[{"` + strings.Repeat("x", 90) + `":{"` + text + `":{"` + strings.Repeat("y", 90) + `":[#`),
		"syntax, bare word": page(`{"data":` + text),
		"behind the page":   page(emptyPage + text),
		"no JSON":           page(text),
		"content type":      head + "Content-Type: text/" + text + "\r\n\r\n",
		"its parameter":     head + "Content-Type: application/x; y=" + text + "\r\n\r\n",
		"broken type":       head + "Content-Type: " + text + "/" + text + "\r\n\r\n",
		"deprecation":       head + "Asana-Change: name=" + text + ";info=" + text + "\r\n\r\n" + emptyPage,
		"deprecation, long": head + "Asana-Change: name=" + strings.Repeat("x", 250) + text + strings.Repeat("y", 100) + "\r\n\r\n" + emptyPage,
		"message":           refused(400, `{"errors":[{"message":"`+text+`"}]}`),
		"message, long":     refused(400, `{"errors":[{"message":"`+strings.Repeat("x", 240)+text+`"}]}`),
		"phrase":            refused(500, `{"errors":[{"message":"x","phrase":"`+text+`"}]}`),
		"web page":          refused(502, `<html>`+text),
		"unauthorized":      refused(401, text),
		"limit":             strings.Replace(refused(429, text), "\r\n", "\r\nRetry-After: "+text+"\r\n", 1),
		"fresh sync token":  refused(412, `{"sync":"`+text+`"}`),
		"redirect":          strings.Replace(refused(302, text), "\r\n", "\r\nLocation: https://asana.example/?x="+text+"\r\n", 1),
		"redirect, broken":  strings.Replace(refused(302, text), "\r\n", "\r\nLocation: https://[asana.example/"+text+"\r\n", 1),
		"redirect, no port": strings.Replace(refused(302, text), "\r\n", "\r\nLocation: https://asana.example:"+text+"\r\n", 1),
		"redirect, escape":  strings.Replace(refused(302, text), "\r\n", "\r\nLocation: %"+text+"\r\n", 1),
		"protocol":          text + " 200 OK\r\n\r\n",
		"status":            "HTTP/1.1 " + text + "\r\n\r\n",
		"header":            head + text + "\r\n\r\n",
		"header name":       head + text + ": x\r\n\r\n",
		"header value":      head + "X-Echo: " + text + "\x00\r\n\r\n",
		"length":            head + "Content-Length: " + text + "\r\n\r\n",
		"two lengths":       head + "Content-Length: 1\r\nContent-Length: " + text + "\r\n\r\n",
		"transfer encoding": head + "Transfer-Encoding: " + text + "\r\n\r\n",
		"content encoding":  head + "Content-Encoding: " + text + "\r\n\r\n" + text,
		"chunk":             head + "Transfer-Encoding: chunked\r\n\r\n" + text + "\r\n",
		"trailer":           head + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + text + "\r\n\r\n",
		"declared trailer":  head + "Transfer-Encoding: chunked\r\nTrailer: " + text + "\r\n\r\n0\r\n\r\n",
		"gzip":              head + "Content-Encoding: gzip\r\n\r\n" + text,
	}
}

func TestTokensAreInNothingThatLeavesThePackage(t *testing.T) {
	for _, hidden := range []string{canary, position} {
		for how, echo := range echoes(hidden) {
			for place, answer := range answersWith(echo) {
				for _, text := range ask(t, serveBytes(t, answer), hidden) {
					if found(text, hidden) {
						t.Errorf("%s, %s: %s", place, how, text)
					}
				}
			}
		}
	}
}

// What fails below HTTP may quote the request too.
func TestTokensAreInNoTransportError(t *testing.T) {
	transport := echoingTransport{}
	c := newClient(t, Options{Transport: transport, TokenFile: tokenFile(t, canary)})
	_, err := c.Events(t.Context(), position)
	for _, hidden := range []string{canary, position} {
		for _, text := range everythingIn(err) {
			if found(text, hidden) {
				t.Error(text)
			}
		}
	}
	if want := `dial: goaway: "Bearer [redacted]", "sync=[redacted]%3A7"`; words(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

type echoingTransport struct{}

func (echoingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := &url.Error{Op: "dial", URL: r.URL.String(), Err: fmt.Errorf("goaway: %q", r.Header.Get("Authorization"))}
	return nil, fmt.Errorf("dial: %w, %q", inner.Err, r.URL.RawQuery)
}

// What is near a token is left as it is.
func TestRedactionLeavesTheRest(t *testing.T) {
	s := newSecret(canary, position)
	for text, want := range map[string]string{
		"":                                  "",
		"task":                              "task",
		canary:                              "[redacted]",
		"a " + canary + " b" + canary:       "a [redacted] b[redacted]",
		url.QueryEscape(canary):             "2%2F1200000000000002%2F1200000000000003%3A[redacted]",
		"task 1200000000000002 " + position: "task 1200000000000002 [redacted]",
		canary[:len(canary)-1]:              canary[:len(canary)-1],
	} {
		if got := s.redact(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if s := newSecret("token", "task"); s.redact("a task") != "a task" || s.isIn("token:1") {
		t.Error("a short token is a word like any other")
	}
	clean := fmt.Errorf("read: %w", errors.ErrUnsupported)
	if got := s.redactError(clean); got != clean { //nolint:errorlint // The same value is meant.
		t.Errorf("a clean error became %v", got)
	}
}

// ask returns all that comes of asking a server, in words, but for what is no secret.
func ask(t *testing.T, address, hidden string) []string {
	t.Helper()
	var all []string
	show := func(values ...any) {
		for _, v := range values {
			all = append(all, fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v))
		}
	}
	transport := NewTransport()
	defer transport.CloseIdleConnections()
	c := newClient(t, Options{
		URL: address, TokenFile: tokenFile(t, canary), Transport: transport, Observe: func(e Exchange) { show(e.Changes) },
	})
	page, err := c.Events(t.Context(), position)
	if hidden == position {
		page.Sync = "" // As good as a new one.
		if expired, ok := errors.AsType[*SyncExpiredError](err); ok {
			expired.Sync = ""
		}
	}
	show(page)
	all = append(all, everythingIn(err)...)
	if hidden == position {
		return all // It is not asked with for the name.
	}
	name, err := c.WorkspaceName(t.Context())
	show(name)
	return append(all, everythingIn(err)...)
}

// everythingIn returns the words of an error and of all that it wraps, in every way to print them.
func everythingIn(err error) []string {
	if err == nil {
		return nil
	}
	all := []string{err.Error(), fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fmt.Sprintf("%q", err)}
	switch e := err.(type) { //nolint:errorlint // This looks at one link of the chain after the other.
	case interface{ Unwrap() error }:
		return append(all, everythingIn(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, everythingIn(inner)...)
		}
	}
	return all
}

// found tells whether a text holds a token, or most of its secret part, in whatever case.
func found(text, hidden string) bool {
	secret := hidden[strings.LastIndex(hidden, ":")+1:]
	if secret == "7" { // What follows the colon of a sync token is a number.
		secret = hidden[:strings.LastIndex(hidden, ":")]
	}
	text, secret = strings.ToLower(text), strings.ToLower(secret)
	return strings.Contains(text, secret[:len(secret)/2]) || strings.Contains(text, secret[len(secret)/2:])
}
