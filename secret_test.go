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

package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A server that gives back the token wherever it can does not get it into anything that the program writes.
func TestTokenIsNeverWritten(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"logfmt", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			server := newRawServer(t)
			dir := t.TempDir()
			p := spawn(t, "", append(following(t, server.url, "--state.dir", dir,
				"--asana.token-file", file(t, canary), "--log.level", "debug", "--log.format", format), "--web.enable-pprof")...)
			address := p.address(t)
			eventually(t, "the first catch-up", func() bool { return statusOf(t, "http://"+address+"/-/ready") == http.StatusOK })
			for _, row := range echoes() {
				offset := p.stderr.len()
				server.answer(t, row.write)
				p.stderr.awaitFrom(t, offset, row.want)
				hunt(t, row.name, p, offset, address, dir)
				offset = p.stderr.len()
				server.events.Add(1)
				server.answerWell()
				p.stderr.awaitFrom(t, offset, `page counted`)
			}
			eventually(t, "the name", func() bool {
				_, body := fetch(t, "http://"+address+"/metrics", "")
				return strings.Contains(body, `name="the workspace of [redacted]"`)
			})
			wantStop(t, p, syscall.SIGTERM)
			hunt(t, "the end", p, 0, "", dir)
		})
	}
}

// hunt looks for the token in all that the program wrote; on stderr, after so many bytes.
func hunt(t *testing.T, after string, p *process, offset int, address, dir string) {
	t.Helper()
	for place, text := range written(t, p, offset, address, dir) {
		if found := traces.FindStringIndex(text); found != nil {
			t.Errorf("after %s: in %s: …%s…", after, place, text[max(0, found[0]-200):min(len(text), found[1]+200)])
		}
	}
}

// written returns all that the program wrote, by where it did: its output (stderr after so many bytes), its pages unless the
// address is empty, and its files.
func written(t *testing.T, p *process, offset int, address, dir string) map[string]string {
	t.Helper()
	places := map[string]string{"stdout": p.stdout.String()}
	places["stderr"], _ = p.stderr.from(offset)
	if address != "" {
		for _, path := range []string{
			"/", "/-/ready", "/-/healthy", "/nowhere", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2",
		} {
			_, places[path] = fetch(t, "http://"+address+path, "")
		}
		for _, format := range []string{"text/plain", "application/openmetrics-text", protobuf} {
			_, places["/metrics as "+format] = fetch(t, "http://"+address+"/metrics", format)
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil // A temporary file.
		}
		places["file "+entry.Name()] = string(content)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return places
}

// traces are pieces of the token that somebody could make use of, however it was escaped, cut or set in capitals.
var traces = regexp.MustCompile(`(?i)canaryhead|canarytail`)

const canary = "2/1200000000000002/1200000000000003:canaryheadABCDEFGHcanarytail"

// An echo is an answer with the token in it, and what the log says then. The tests of client/ have the token in every place of
// an answer; these here lead to every place where the program writes.
type echo struct {
	name  string
	want  string // A pattern.
	write rawAnswer
}

func echoes() []echo {
	const failed, counted = `poll failed`, `page counted`
	// say returns an answer in which TOKEN stands for the token.
	say := func(answer string) rawAnswer {
		return func(w io.Writer, r *http.Request) {
			_, _ = io.WriteString(w, strings.NewReplacer("TOKEN", bearer(r), "SLASHED", strings.ReplaceAll(bearer(r), "/", `\/`),
				"PERCENT", strings.ReplaceAll(strings.ReplaceAll(bearer(r), "/", "%2F"), ":", "%3A"),
				"ESCAPED", escaped(bearer(r)), "SYNC", r.URL.Query().Get("sync")+"0").Replace(answer))
		}
	}
	page := func(body string) rawAnswer { return say(jsonHead + "Connection: close\r\n\r\n" + body) }
	refusal := func(status int) rawAnswer {
		return say(fmt.Sprintf("HTTP/1.1 %d TOKEN\r\nContent-Type: application/json\r\nConnection: close\r\nRetry-After: TOKEN\r\n"+
			"Asana-Change: name=TOKEN;info=https://TOKEN;affected=true\r\nX-TOKEN: TOKEN\r\n\r\n"+
			`{"errors":[{"message":"Not with TOKEN, ESCAPED, SLASHED, PERCENT","help":"TOKEN","phrase":"TOKEN"}],"error":"TOKEN","sync":"TOKEN"}`, status))
	}
	event := `{"action":"TOKEN","resource":{"gid":"TOKEN","resource_type":"a TOKEN","resource_subtype":"SLASHED","name":"TOKEN"},` +
		`"user":{"name":"TOKEN"},"parent":{"resource_type":"ESCAPED"},"change":{"field":"PERCENT","action":"TOKEN"},` +
		`"created_at":"TOKEN","TOKEN":"TOKEN"}`
	return []echo{
		{"a page of it", counted, page(`{"data":[` + event + `],"sync":"SYNC","has_more":false,"TOKEN":"TOKEN"}`)},
		{"a page of it with further headers", counted, say(jsonHead + "Set-Cookie: TOKEN\r\nAsana-Change: name=TOKEN;info=TOKEN\r\nConnection: close\r\n\r\n" +
			`{"data":["TOKEN",` + event + `],"sync":"SYNC"}`)},
		{"a page with labels that are cut", counted, page(`{"data":[{"action":"` + strings.Repeat("x", 110) + `TOKEN"},{"action":"` +
			strings.Repeat("x", 128-len(canary)+5) + `TOKEN"}],"sync":"SYNC"}`)},
		{"a sync token", failed, page(`{"data":[],"sync":"TOKEN","has_more":false}`)},
		{"a sync token around it", failed, page(`{"data":[],"sync":"5a88:ESCAPED:1","has_more":false}`)},
		{"a fresh sync token", failed, refusal(412)},
		{"a refusal", failed, refusal(403)},
		{"a limit", failed, refusal(429)},
		{"a fault", failed, refusal(500)},
		{"a syntax error", failed, page(`{"TOKEN":{"ESCAPED":[1,{"SLASHED":[TOKEN]}]}}`)},
		{"a status line", failed, say("HTTP/1.1 TOKEN\r\n\r\n")},
		{"a web page", failed, say("HTTP/1.1 502 Bad\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>TOKEN")},
		// net/http logs these itself.
		{"something after the answer", failed, say("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\nTOKEN")},
		{"something after a page", counted, say(jsonHead + "Content-Length: 76\r\n\r\n" +
			`{"data":[{"action":"added"}],"sync":"5a888cbba4065641bffe1b44dced2fcf:9999"}` + "HTTP/1.1 408 TOKEN\r\n\r\nTOKEN")},
	}
}

// escaped returns text as JSON in which every letter is escaped.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}
