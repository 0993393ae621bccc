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
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// A whole page passes in any wrapping, but for HTML.
func TestWrappingOfAPage(t *testing.T) {
	typed := func(name string) string { return "content type is " + name + " and not application/json: " }
	for name, test := range map[string]struct {
		status int
		types  []string
		coding string // Content-Encoding.
		body   string // emptyPage if empty.
		want   string
	}{
		"no type":             {},
		"JSON":                {types: []string{"application/json"}},
		"upper case":          {types: []string{"Application/JSON; Charset=UTF-8"}},
		"problem":             {types: []string{"application/problem+json"}},
		"text/json":           {types: []string{"text/json"}},
		"text":                {types: []string{"text/plain; charset=utf-8"}},
		"bytes":               {types: []string{"application/octet-stream"}},
		"another charset":     {types: []string{"application/json; charset=iso-8859-1"}},
		"parameter twice":     {types: []string{"application/json; charset=utf-8; charset=utf-8"}},
		"empty parameter":     {types: []string{"application/json;;charset"}},
		"parameters alone":    {types: []string{"; charset=utf-8"}},
		"no type at all":      {types: []string{"application json"}},
		"given twice":         {types: []string{"application/json", "application/json"}},
		"twice in one":        {types: []string{"application/json, application/json; charset=utf-8"}},
		"a default put first": {types: []string{"text/html", "application/json"}},

		"HTML":                 {types: []string{"text/html; charset=utf-8"}, want: typed("text/html") + webPage},
		"HTML with a body":     {types: []string{"Text/HTML"}, body: "<html>", want: typed("text/html") + webPage},
		"XHTML":                {types: []string{"application/xhtml+xml"}, want: typed("application/xhtml+xml") + webPage},
		"HTML twice":           {types: []string{"text/html", "text/html"}, want: typed("text/html, text/html") + webPage},
		"HTML in disguise":     {types: []string{"application/json"}, body: "\n<!DOCTYPE html>", want: webPage},
		"bytes, but no page":   {types: []string{"application/octet-stream"}, body: "x", want: typed("application/octet-stream") + `invalid character 'x' at start of value after byte 0`},
		"text, but half":       {types: []string{"text/plain"}, body: emptyPage[:20], want: typed("text/plain") + `truncated`},
		"text without a token": {types: []string{"text/plain"}, body: "{}", want: typed("text/plain") + `no usable sync token in it`},
		"a long type":          {types: []string{"text/" + strings.Repeat("long", 99)}, body: "7x", want: typed("text/"+strings.Repeat("long", 73)+"lon…") + `no usable sync token in it`},

		"gzip by its old name": {coding: "x-gzip", body: string(gzipped(t, emptyPage))},
		"gzip in upper case":   {coding: "GZIP", body: string(gzipped(t, emptyPage))},
		"not encoded at all":   {coding: "identity"},
		"another encoding":     {coding: "deflate", body: "\x78\x9c", want: "content encoding is deflate and not gzip: invalid character 'x' at start of value after byte 0"},

		"created":            {status: 201},
		"accepted":           {status: 202},
		"touched by a proxy": {status: 203},
		"unknown status":     {status: 299},
		"accepted, no page":  {status: 202, body: " ", want: "empty"},
		"touched HTML":       {status: 203, types: []string{"text/html"}, want: typed("text/html") + webPage},
	} {
		t.Run(name, func(t *testing.T) {
			if test.body == "" {
				test.body = emptyPage
			}
			asana := answer{status: test.status, body: test.body, header: http.Header{"Content-Type": test.types}}
			if test.coding != "" {
				asana.header.Set("Content-Encoding", test.coding)
			}
			page, err := newClient(t, Options{Transport: asana}).Events(t.Context(), position)
			want := Page{Sync: "next:1"}
			if test.want != "" {
				want, test.want = Page{}, "unusable answer: "+test.want
			}
			if words(err) != test.want || !reflect.DeepEqual(page, want) {
				t.Errorf("got %+v and %v, want %+v and %q", page, err, want, test.want)
			}
		})
	}
}
