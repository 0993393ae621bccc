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
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzPage holds what a client makes of any body against what encoding/json reads in it.
func FuzzPage(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add([]byte(seed))
	}
	var asana answer
	c := newClient(f, Options{Transport: &asana, TokenFile: tokenFile(f, canary)})
	f.Fuzz(func(t *testing.T, body []byte) {
		asana.body = string(body)
		page, err := c.Events(t.Context(), position)
		if err != nil {
			checkRefused(t, page, err, body)
			return
		}
		checkTexts(t, page)
		want, ok := generic(body)
		if !ok {
			t.Fatalf("accepted what encoding/json refuses: %+v", page)
		}
		if utf8.Valid(body) && !samePage(page, want) {
			t.Errorf("got %+v, want %+v", page, want)
		}
	})
}

// seeds are pages as Asana sends them, and as it should not.
func seeds(f *testing.F) []string {
	f.Helper()
	// With a sync token that has nothing of the canary: else the page is refused for that.
	page := strings.ReplaceAll(string(realisticPage(f)), "0123456789abcdef0123456789abcdef", "5d41402abc4b2a76b9719d911017c592")
	head, tail := page[:strings.Index(page, `},{"user"`)+1], page[strings.LastIndex(page, `],"sync"`):]
	return []string{
		emptyPage,
		head + tail,
		page[:5000],
		`{"data":[{"user":null,"action":"deleted","resource":{"gid":"1","resource_type":"task","resource_subtype":"approval"},"parent":null,"created_at":"2026-03-17T09:14:07.250Z"}],"sync":"a:1","has_more":true}`,
		`{"data":[{"action":"added","parent":{"resource_type":"section"},"resource":{"resource_type":"task"}},null,7],"sync":"a"}`,
		`{"sync":"a","data":[{"\u0061ction":"\ud83d\ude00\ud800","change":{"field":"a\/b","new_value":{"field":[1e9,-0.5,true]}}}]}`,
		`{"sync":"a","sync":"b","data":[],"data":[{"Action":"no","action":"x","action":null}],"Data":{}}`,
		"{\"sync\":\"a\xff\",\"data\":[{\"action\":\"\xe2\x82\"}]}",
		`{"sync":"a","data":[{"action":"` + canary + `"},{"action":"` + strings.ReplaceAll(canary, "/", `\/`) + `"}]}`,
		`{"sync":"` + canary + `"}`,
		`{"sync":null,"data":{}}`,
		"\uFEFF" + `{"sync":"a","data":[{"type":"task","change":[{"field":"name"},{"field":"notes"}]},{"type":"tag","resource":{},"change":[]}]}` + "\x00\n",
		`{"errors":[{"message":"Server Error","phrase":"7 calm cranes"}]}`,
		`[]`, `{}{}`, ``, `<html>`,
	}
}

// checkRefused wants no page beside an error, and no error for what is a page.
func checkRefused(t *testing.T, page Page, err error, body []byte) {
	t.Helper()
	if _, ok := errors.AsType[*InvalidResponseError](err); !ok || !reflect.DeepEqual(page, Page{}) {
		t.Errorf("got %+v beside %#v", page, err)
	}
	for _, text := range everythingIn(err) {
		if found(text, canary) || !utf8.ValidString(text) {
			t.Errorf("the error is %q", text)
		}
	}
	want, ok := generic(body)
	if ok && utf8.Valid(body) && usable(want.Sync) && err.Error() != "unusable answer: its data is no array" {
		t.Errorf("refused a page: %v", err)
	}
}

func usable(sync string) bool {
	return sync != "" && len(sync) < maxSyncBytes/6 && newSecret(canary, "").redact(sync) == sync // A letter may be \u0061.
}

func checkTexts(t *testing.T, page Page) {
	t.Helper()
	texts := []string{page.Sync}
	for _, e := range page.Events {
		texts = append(texts, e.Action, e.ResourceType, e.ResourceSubtype, e.ChangeField, e.ParentType)
	}
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.Contains(text, canary) {
			t.Errorf("%q left the package", text)
		}
	}
	if page.Sync == "" || page.NonObjects < 0 {
		t.Errorf("got %+v", page)
	}
}

// generic reads a page with encoding/json, into maps: so it is exact about names, and the last of two wins. A byte order mark
// before it and zero bytes after it don't count.
func generic(body []byte) (Page, bool) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var top any
	if decoder.Decode(&top) != nil {
		return Page{}, false
	}
	if _, err := decoder.Token(); err == nil || len(bytes.TrimLeft(body[decoder.InputOffset():], "\x00 \t\r\n")) > 0 {
		return Page{}, false
	}
	page, hidden := Page{}, newSecret(canary, position)
	page.Sync, _ = member(top, "sync").(string)
	page.HasMore, _ = member(top, "has_more").(bool)
	data, ok := member(top, "data").([]any)
	if !ok && member(top, "data") != nil {
		return Page{}, false
	}
	for _, element := range data {
		if _, ok := element.(map[string]any); !ok {
			page.NonObjects++
			continue
		}
		change := member(element, "change")
		if list, ok := change.([]any); ok && len(list) > 0 {
			change = list[0]
		}
		page.Events = append(page.Events, Event{
			Action:          text(hidden, element, "action"),
			ResourceType:    cmp.Or(text(hidden, member(element, "resource"), "resource_type"), text(hidden, element, "type")),
			ResourceSubtype: text(hidden, member(element, "resource"), "resource_subtype"),
			ChangeField:     text(hidden, change, "field"),
			ParentType:      text(hidden, member(element, "parent"), "resource_type"),
			CreatedAt:       instant(text(hidden, element, "created_at")),
			UserGID:         gid(hidden, member(element, "user")),
		})
	}
	return page, true
}

func member(object any, name string) any {
	members, _ := object.(map[string]any)
	return members[name]
}

// text returns a member that is a string, without the tokens.
func text(hidden secret, object any, name string) string {
	s, _ := member(object, name).(string)
	return hidden.redact(s)
}

// gid reads a string or a number.
func gid(hidden secret, object any) string {
	if number, ok := member(object, "gid").(json.Number); ok {
		return number.String()
	}
	return text(hidden, object, "gid")
}

func instant(s string) time.Time {
	var t time.Time
	if t.UnmarshalText([]byte(s)) != nil {
		return time.Time{}
	}
	return t
}

func samePage(got, want Page) bool {
	return got.Sync == want.Sync && got.HasMore == want.HasMore && got.NonObjects == want.NonObjects &&
		slices.EqualFunc(got.Events, want.Events, func(got, want Event) bool {
			if got.UserGID == "" && len(want.UserGID) > maxGIDBytes/6-1 {
				want.UserGID = "" // It may be too long in the page, where a letter can take six bytes.
			}
			return sameEvent(got, want)
		})
}
