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

//go:build !race

// There is one goroutine, and the race detector looks at each byte that it copies.

package client

import (
	"io"
	"reflect"
	"strings"
	"testing"
)

// No answer makes the client read far or hold much. Garbage is collected before each look at the heap, so that what is
// seen is what is held.
func TestHostileAnswersNeedLittleMemory(t *testing.T) {
	const mebibyte = 1 << 20
	for name, test := range map[string]struct {
		head, text string
		want       string
	}{
		"blanks":            {"", " ", tooLarge},
		"events":            {`{"data":[{}`, ",{}", tooLarge},
		"events with texts": {`{"data":[{}`, `,{"action":"` + strings.Repeat("a\\u0000", 40) + `"}`, tooLarge},
		"texts, not UTF-8":  {`{"data":[{}`, `,{"action":"` + strings.Repeat("a\xff", mebibyte/2-10) + `"}`, tooLarge},
		"nonObjects":        {`{"data":[0`, ",0", tooLarge},
		"one text":          {`{"data":[{"action":"`, `\n`, tooLarge},
		"one name":          {`{"data":[{"`, "0", tooLarge},
		"unknown values":    {`{"x":[{}`, ",{}", tooLarge},
		"one odd event":     {`{"data":[{"x":[{}`, ",{}", tooLarge},
		"depth":             {"", `{"x":`, tooLarge},
		"depth of names":    {"", `{"` + strings.Repeat("x", 1000) + `":`, tooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			body := &watched{inner: io.MultiReader(strings.NewReader(test.head), endless(test.text)())}
			c := newClient(t, Options{Transport: answer{stream: func() io.Reader { return body }}, Timeout: patience})
			before := heap()
			page, err := c.Events(t.Context(), position)
			if words(err) != test.want || !reflect.DeepEqual(page, Page{}) {
				t.Errorf("got %.200v", err)
			}
			if body.read > maxBodyBytes+1 {
				t.Errorf("read %d bytes", body.read)
			}
			if used := int64(body.heap) - int64(before); used > 64*mebibyte {
				t.Errorf("held %d MiB", used/mebibyte)
			}
		})
	}
}
