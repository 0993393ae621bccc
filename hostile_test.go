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
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	gibibyte  = 1 << 30
	maxMemory = 128 << 20

	jsonHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	pageHead = `{"sync":"5a888cbba4065641bffe1b44dced2fcf:9","has_more":true,"data":[`
)

// A hostile answer is refused in time and with little memory. It is logged and counted, and changes neither the position nor
// the counts.
func TestHostileAnswersChangeNothing(t *testing.T) {
	t.Parallel()
	server := newRawServer(t)
	dir := t.TempDir()
	p := spawn(t, build(t), arguments(t, "--asana.url", server.url, "--state.dir", dir, "--asana.timeout", "2s",
		"--asana.poll-interval", "20ms", "--events.zero-first", "0s")...)
	address := p.address(t)
	eventually(t, "the first catch-up", func() bool { return statusOf(t, "http://"+address+"/-/ready") == http.StatusOK })
	eventually(t, "the workspace's name, which is a commit of its own", func() bool { return strings.Contains(wholeState(t, dir), `"name":`) })
	slowest, stop := scrapeAlways(t, address)
	counted := func(n int64) func() bool {
		return func() bool { return samples(t, address)[deletedTasks] == float64(n) }
	}
	for _, row := range hostile() {
		server.answerWell()
		server.events.Add(1) // To see that it works again.
		eventually(t, "before "+row.name+": one more event", counted(server.events.Load()))
		state, offset := wholeState(t, dir), p.stderr.len()
		requests := total(samples(t, address), "asana_exporter_api_requests_total{")

		asked := server.answer(t, row.write)
		line := p.stderr.awaitFrom(t, offset, `.*msg="poll failed" .*\n`)[0]
		if took := time.Since(asked); took > 20*time.Second {
			t.Errorf("%s: took %s", row.name, took)
		}
		if !regexp.MustCompile(`err="?(`+row.want+`|no complete answer within)`).MatchString(line) || len(line) > 1000 {
			t.Errorf("%s: logged %q, want %s", row.name, line, row.want)
		}
		if now := wholeState(t, dir); now != state {
			t.Errorf("%s: the state was\n%s\nand is\n%s", row.name, state, now)
		}
		if now := total(samples(t, address), "asana_exporter_api_requests_total{"); now <= requests {
			t.Errorf("%s: not counted", row.name)
		}
		t.Logf("%s: %d MiB, %s", row.name, peakMemory(t, p)>>20, strings.TrimSpace(line[strings.Index(line, " err=")+1:]))
	}
	server.answerWell()
	eventually(t, "all events", counted(server.events.Load()))
	for _, row := range huge() {
		before := total(samples(t, address), "asana_events_total{")
		server.answer(t, row.write)
		eventually(t, row.name, func() bool { return total(samples(t, address), "asana_events_total{") > before })
		server.answerWell()
		t.Logf("%s: %d MiB", row.name, peakMemory(t, p)>>20)
	}
	stop()
	if took := time.Duration(slowest.Load()); took > 20*time.Second {
		t.Errorf("/metrics took %s", took)
	}
	if peak := peakMemory(t, p); peak > maxMemory {
		t.Errorf("it took %d MiB of memory", peak>>20)
	}
	t.Logf("slowest scrape %s, peak memory %.1f MiB", time.Duration(slowest.Load()), float64(peakMemory(t, p))/(1<<20))
}

// A hostileAnswer is an answer of the server and the log line that it must lead to.
type hostileAnswer struct {
	name  string
	want  string // A pattern.
	write rawAnswer
}

func hostile() []hostileAnswer {
	const tooLarge = `unusable answer: .*too large`
	bomb := func(status, head, pattern string) rawAnswer {
		return func(w io.Writer, _ *http.Request) {
			_, _ = io.WriteString(w, "HTTP/1.1 "+status+"\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
			writeBomb(w, head, pattern)
		}
	}
	text := func(answer string) rawAnswer {
		return func(w io.Writer, _ *http.Request) { _, _ = io.WriteString(w, answer) }
	}
	return []hostileAnswer{
		{"gzip bomb of zeros", `unusable answer: `, bomb("200 OK", "", "\x00")},
		{"gzip bomb of space", tooLarge, bomb("200 OK", "", " ")},
		{"gzip bomb of empty events", tooLarge, bomb("200 OK", pageHead, "{},")},
		{"gzip bomb of numbers", tooLarge, bomb("200 OK", pageHead, "0,")},
		{"gzip bomb in a string", tooLarge, bomb("200 OK", pageHead+`{"action":"`, "deleted ")},
		{"gzip bomb in an unknown member", tooLarge, bomb("200 OK", `{"more":["`, "x")},
		{"gzip bomb with a refusal", `refused: 500 `, bomb("500 Internal Server Error", `{"errors":[{"message":"`, "x")},
		{"gzip bomb with an expiry", `sync token expired, and no fresh one`, bomb("412 Precondition Failed", `{"sync":"`, "x")},
		{"1 GiB of zeros", `unusable answer: `, fill("", "\x00", "", gibibyte)},
		{"1 GiB of empty events", tooLarge, fill(pageHead, "{},", "", gibibyte)},
		{"1 GiB of a string", tooLarge, fill(pageHead+`{"resource":{"resource_type":"`, "task", "", gibibyte)},
		{"1 GiB announced", tooLarge, func(w io.Writer, _ *http.Request) {
			_, _ = io.WriteString(w, jsonHead+"Content-Length: "+strconv.Itoa(gibibyte)+"\r\n\r\n")
			writeRepeated(w, " ", gibibyte)
		}},
		{"16 MiB of empty events", tooLarge, fill(pageHead, "{},", `{}]}`, 16<<20)},
		{"15 MiB of empty events", tooLarge, fill(pageHead, "{},", `{}]}`, 15<<20)},
		{"15 MiB of a sync token", `unusable answer: `, fill(`{"data":[],"has_more":false,"sync":"`, "a", `"}`, 15<<20)},
		{"15 MiB of a label, cut off", `unusable answer: truncated`, fill(pageHead+`{"action":"`, "deleted ", ``, 15<<20)},
		{"15 MiB of a label that is no UTF-8, cut off", `unusable answer: truncated`, fill(pageHead+`{"action":"`, "a\xff", `"}`, 15<<20)},
		{"15 MiB of a name of a member, cut off", `unusable answer: truncated`, fill(`{"`, `\u00e9`, `":1`, 15<<20)},
		{"deep nesting", `unusable answer: .*depth`, fill(pageHead, "[", "", 1<<20)},
		{"deep nesting of events", `unusable answer: .*depth`, fill(pageHead+`{"resource":`, `{"resource":`, "", 1<<20)},
		{"deep nesting in a refusal", `refused: 403 `, text("HTTP/1.1 403 No\r\nConnection: close\r\n\r\n" + strings.Repeat(`{"errors":[`, 5000))},
		{"10 MiB of a header", `.*headers`, func(w io.Writer, _ *http.Request) {
			_, _ = io.WriteString(w, jsonHead+"X-Long: ")
			writeRepeated(w, "x", 10<<20)
			_, _ = io.WriteString(w, "\r\n\r\n{}")
		}},
		{"10 MiB of headers", `.*headers`, func(w io.Writer, _ *http.Request) {
			_, _ = io.WriteString(w, jsonHead)
			writeRepeated(w, "Asana-Change: name=x;info=y\r\n", 10<<20)
			_, _ = io.WriteString(w, "\r\n{}")
		}},
		{"10 MiB of hints that an answer will come", `.*(headers|1xx)`, func(w io.Writer, _ *http.Request) {
			writeRepeated(w, "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", 10<<20)
		}},
		{"10 MiB of a status line", `.*(headers|malformed)`, func(w io.Writer, _ *http.Request) { writeRepeated(w, "HTTP/1.1 ", 10<<20) }},
	}
}

// huge returns pages of the largest size that is accepted.
func huge() []hostileAnswer {
	label := func(pattern string) rawAnswer {
		return func(w io.Writer, r *http.Request) {
			fill(`{"data":[{"action":"`, pattern, `"}],"sync":"`+r.URL.Query().Get("sync")+`0"}`, 15<<20)(w, r)
		}
	}
	var sets strings.Builder
	for i := range 99_999 {
		fmt.Fprintf(&sets, `{"action":"a%d","resource":{"resource_type":"t%d","resource_subtype":"s%d"},"change":{"field":"f%d"}},`, i, i, i, i)
	}
	return []hostileAnswer{
		{"15 MiB of a label", "", label("deleted ")},
		{"15 MiB of a label that is no UTF-8", "", label("a\xff")},
		{"15 MiB of a label that is escaped", "", label(`\u00e9`)},
		{"100,000 label sets", "", func(w io.Writer, r *http.Request) {
			writeJSON(w, "200 OK", `{"sync":"`+r.URL.Query().Get("sync")+`0","data":[`+sets.String()+`{}]}`)
		}},
	}
}

// fill returns an answer of about so many bytes.
func fill(head, pattern, tail string, size int) rawAnswer {
	return func(w io.Writer, _ *http.Request) {
		_, _ = io.WriteString(w, jsonHead+"Connection: close\r\n\r\n"+head)
		writeRepeated(w, pattern, size)
		_, _ = io.WriteString(w, tail)
	}
}

// writeRepeated writes pattern until it has written size bytes or the connection ends.
func writeRepeated(w io.Writer, pattern string, size int) {
	chunk := bytes.Repeat([]byte(pattern), max(1, 64<<10/len(pattern)))
	for ; size > 0; size -= len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// writeBomb writes head and 1 GiB of a pattern, compressed: one block of it over and over, as a compressor without memory
// would do it.
func writeBomb(w io.Writer, head, pattern string) {
	var compressed bytes.Buffer
	z := gzip.NewWriter(&compressed)
	_, _ = io.WriteString(z, head)
	_ = z.Flush()
	_, _ = w.Write(compressed.Bytes())

	compressed.Reset()
	z.Reset(&compressed)
	_ = z.Flush() // The header of gzip, which is not wanted again.
	header := compressed.Len()
	block := strings.Repeat(pattern, 1<<20/len(pattern))
	_, _ = io.WriteString(z, block)
	_ = z.Flush()
	for range gibibyte / len(block) {
		if _, err := w.Write(compressed.Bytes()[header:]); err != nil {
			return
		}
	}
}

// scrapeAlways reads /metrics again and again and keeps the longest time that took, until it is told to stop.
func scrapeAlways(t *testing.T, address string) (slowest *atomic.Int64, stop func()) {
	t.Helper()
	slowest = &atomic.Int64{}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		repeat(ctx, 50*time.Millisecond, func() {
			began := time.Now()
			if _, err := scrape(t.Context(), "http://"+address+"/metrics"); err != nil {
				t.Errorf("/metrics: %v", err)
				cancel()
			}
			slowest.Store(max(slowest.Load(), int64(time.Since(began))))
		})
	}()
	return slowest, func() {
		cancel()
		<-stopped
	}
}
