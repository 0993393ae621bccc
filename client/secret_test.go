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
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// canary is a token that must not be found in anything that leaves the package, in whatever case.
const canary = "2/1200000000000002/1200000000000003:CanaryCanary0123456789abcdefXYZW"

// echoes are the ways in which a server may write what it was sent.
func echoes(text string) map[string]string {
	return map[string]string{
		"as it is":           text,
		"escaped slashes":    strings.ReplaceAll(text, "/", `\/`),
		"escaped letters":    eachByte(text, `\u%04x`),
		"escaped twice":      strings.ReplaceAll(text, "/", `\\/`),
		"encoded as in URLs": url.QueryEscape(text),
		"the same, in small": strings.NewReplacer("/", "%2f", ":", "%3a").Replace(text),
		"encoded as in HTML": strings.NewReplacer("/", "&#47;", ":", "&#x3A;").Replace(html.EscapeString(text)),
		"within a word":      "xX" + text + "Xx",
		"twice":              text + text,
		"its secret part":    text[strings.LastIndex(text, ":")+1:],
	}
}

// encodings are further ways, in which few have a reason to write it.
func encodings(text string) map[string]string {
	each := func(format string) string { return eachByte(text, format) }
	base := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	return map[string]string{
		"letters, twice":     each(`\\u%04x`),
		"percents":           each("%%%02X"),
		"percents, in small": each("%%%02x"),
		"numbers of HTML":    each("&#%d;"),
		"hex of HTML":        each("&#x%X;"),
		"hex":                each("%x"),
		"hex with blanks":    each("%02X "),
		"hex of C":           each(`\\x%02x`),
		"numbers":            each("%d, "),
		"in pieces":          each("%c "),
		"in capitals":        strings.ToUpper(text),
		"base64":             base("Bearer " + text),
		"base64, shifted":    base("user:" + text),
		"base64, by two":     base("u:" + text + ":x"),
		"base64 of URLs":     base64.RawURLEncoding.EncodeToString([]byte("user:" + text)),
		"base64 in URLs":     url.QueryEscape(base("Bearer " + text)),
		"base64 in lines":    base(text)[:20] + " " + base(text)[20:],
	}
}

func eachByte(text, format string) string {
	var encoded strings.Builder
	for _, b := range []byte(text) {
		fmt.Fprintf(&encoded, format, b)
	}
	return encoded.String()
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
	places := []string{"action", "sync token", "name", "content type", "deprecation", "message, long", "fresh sync token", "status"}
	for _, hidden := range []string{canary, position} {
		plain := echoes(hidden)
		all := encodings(hidden)
		maps.Copy(all, plain)
		for how, echo := range all {
			for place, answer := range answersWith(echo) {
				if _, ok := plain[how]; !ok && !slices.Contains(places, place) {
					continue
				}
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
	if want := "app.asana.com: dial: goaway; is the API address right, or does a proxy or firewall answer in its place?"; words(err) != want {
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
		canary[:len(canary)-1] + ", cut":    "2/1200000000000002/1200000000000003:[redacted], cut",
		"Ä " + canary[40:57] + "-Ö":         "Ä [redacted]-Ö",
		canary[40:55] + "-Ö":                canary[40:55] + "-Ö",
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
	transport := newTransport()
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

// found reports whether a text holds most of the secret part of a token, in any encoding and case.
func found(text, hidden string) bool {
	secret := hidden[strings.LastIndex(hidden, ":")+1:]
	if secret == "7" { // A number follows the colon of a sync token.
		secret = hidden[:strings.LastIndex(hidden, ":")]
	}
	for _, view := range views(text) {
		view = strings.ToLower(view)
		if strings.Contains(view, strings.ToLower(secret[:len(secret)/2])) || strings.Contains(view, strings.ToLower(secret[len(secret)/2:])) {
			return true
		}
	}
	return false
}

var (
	base64Run = regexp.MustCompile(`[A-Za-z0-9+/_-]{12,}`)
	hexPair   = regexp.MustCompile(`(?:\\+u00|\\+x|&#x|%)?([0-9A-Fa-f]{2});? ?`)
	decimal   = regexp.MustCompile(`(?:&#)?(\d{2,3})(?:;|, )`)
)

// views returns a text as it is and decoded in the ways of echoes, independently of how the client looks for tokens.
func views(text string) []string {
	all := []string{text, strings.ReplaceAll(text, " ", "")}
	for _, run := range base64Run.FindAllString(strings.NewReplacer(" ", "", "%2B", "+", "%2F", "/", "%3D", "=").Replace(text), -1) {
		run = strings.NewReplacer("-", "+", "_", "/").Replace(run)
		for start := range 4 { // What is in front may belong to the run.
			piece := run[start:]
			decoded, _ := base64.RawStdEncoding.DecodeString(piece[:len(piece)/4*4])
			all = append(all, string(decoded))
		}
	}
	number := func(pattern *regexp.Regexp, base int) string {
		var decoded []byte
		for _, match := range pattern.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.ParseUint(match[1], base, 16)
			decoded = append(decoded, byte(n))
		}
		return string(decoded)
	}
	return append(all, number(hexPair, 16), number(decimal, 10))
}
