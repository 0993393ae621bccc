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
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

func date(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// A day's work in the shapes that Asana has been seen to send: a task completed is two events, a task created two more,
// a rule has no user, and keys come in any order.
func TestPageHoldsWhatIsCounted(t *testing.T) {
	got, err := read(t, `{
  "data": [
    {"user": {"gid": "1200000000000011", "resource_type": "user", "name": "Ada"}, "created_at": "2026-03-17T09:14:07.250Z",
     "type": "task", "action": "changed", "parent": null, "change": {"field": "completed", "action": "changed"},
     "resource": {"gid": "1200000000000021", "resource_type": "task", "resource_subtype": "default_task", "name": "Plan"}},
    {"user": {"gid": "1200000000000011", "resource_type": "user"}, "created_at": "2026-03-17T09:14:07.250Z",
     "action": "changed", "resource": {"gid": "1200000000000021", "resource_subtype": "default_task", "resource_type": "task"},
     "parent": null, "change": {"action": "changed", "field": "completed_at"}},
    {"user": {"gid": "1200000000000011", "resource_type": "user"}, "action": "added",
     "parent": {"gid": "1200000000000031", "resource_type": "project", "name": "Rollout"},
     "resource": {"gid": "1200000000000022", "resource_type": "task", "resource_subtype": "milestone"},
     "created_at": "2026-03-17T09:15:00.101Z"},
    {"user": {"gid": "1200000000000011", "resource_type": "user"}, "action": "added",
     "parent": {"gid": "1200000000000032", "resource_type": "section"},
     "resource": {"gid": "1200000000000022", "resource_type": "task", "resource_subtype": "milestone"},
     "created_at": "2026-03-17T09:15:00.238Z"},
    {"user": null, "action": "changed", "created_at": "2026-03-17T09:15:01.000Z", "parent": null,
     "resource": {"gid": "1200000000000022", "resource_type": "task", "resource_subtype": "approval"},
     "change": {"field": "custom_fields", "action": "changed", "new_value": {"gid": "1200000000000041",
       "resource_type": "custom_field", "resource_subtype": "enum", "field": "no",
       "enum_value": {"gid": "1200000000000042", "resource_type": "enum_option"}}}},
    {"action": "deleted", "resource": {"gid": "1200000000000033", "resource_type": "project"},
     "created_at": "2026-03-17T09:15:00.999Z"}
  ],
  "sync": "5d41402abc4b2a76b9719d911017c592:8",
  "has_more": true
}`)
	want := Page{Sync: "5d41402abc4b2a76b9719d911017c592:8", HasMore: true, Events: []Event{
		{"changed", "task", "default_task", "completed", "", date("2026-03-17T09:14:07.25Z"), "1200000000000011", "", ""},
		{"changed", "task", "default_task", "completed_at", "", date("2026-03-17T09:14:07.25Z"), "1200000000000011", "", ""},
		{"added", "task", "milestone", "", "project", date("2026-03-17T09:15:00.101Z"), "1200000000000011", "", ""},
		{"added", "task", "milestone", "", "section", date("2026-03-17T09:15:00.238Z"), "1200000000000011", "", ""},
		{"changed", "task", "approval", "custom_fields", "", date("2026-03-17T09:15:01Z"), "", "", ""},
		{"deleted", "project", "", "", "", date("2026-03-17T09:15:00.999Z"), "", "", ""},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v and %v, want %+v", got, err, want)
	}
}

func TestEventIsCountedHoweverOdd(t *testing.T) {
	at := date("2026-01-02T03:04:05Z")
	for name, test := range map[string]struct {
		event string
		want  Event
	}{
		"nothing in it":       {`{}`, Event{}},
		"everything null":     {`{"user":null,"action":null,"type":null,"resource":null,"parent":null,"change":null,"created_at":null}`, Event{}},
		"null and absent":     {`{"action":"deleted","resource":{"resource_type":"tag","resource_subtype":null},"parent":null,"change":null,"user":null}`, Event{Action: "deleted", ResourceType: "tag"}},
		"unknown words":       {`{"action":"reticulated","resource":{"resource_type":"spline","resource_subtype":"x y"}}`, Event{Action: "reticulated", ResourceType: "spline", ResourceSubtype: "x y"}},
		"unknown keys":        {`{"new":[{"action":"no"},[[]],{}],"action":"added","newer":{"resource":{"resource_type":"no"}},"resource":{"x":{"resource_type":"no"},"resource_type":"tag","y":[1,-2.5e9,true]}}`, Event{Action: "added", ResourceType: "tag"}},
		"old type":            {`{"type":"task","user":{"resource_type":"user"}}`, Event{ResourceType: "task"}},
		"old type, null":      {`{"resource":null,"type":"task","action":"deleted"}`, Event{Action: "deleted", ResourceType: "task"}},
		"old type, none":      {`{"type":"task","resource":{"gid":"1","resource_subtype":"milestone"}}`, Event{ResourceType: "task", ResourceSubtype: "milestone"}},
		"old type, other":     {`{"type":"story","resource":{"resource_type":"task"}}`, Event{ResourceType: "task"}},
		"ids as numbers":      {`{"action":"deleted","resource":{"id":12345678901234567890,"gid":1,"resource_type":"tag"},"user":{"id":7},"parent":{"gid":1.5e300,"resource_type":"task"}}`, Event{Action: "deleted", ResourceType: "tag", ParentType: "task"}},
		"a list of changes":   {`{"change":[{"action":"added","field":"name"},{"field":"notes"}]}`, Event{ChangeField: "name"}},
		"no list of changes":  {`{"change":[],"action":"changed"}`, Event{Action: "changed"}},
		"odd list of changes": {`{"change":[null,[{"field":"no"}],{"field":"no"}],"action":"changed"}`, Event{Action: "changed"}},
		"wrong kinds":         {`{"action":7,"resource":"task","parent":["project"],"change":true,"created_at":1767323045}`, Event{}},
		"wrong kinds inside":  {`{"action":{"action":"no"},"resource":{"resource_type":["task"],"resource_subtype":false},"parent":{"resource_type":{}},"change":{"field":1e99999}}`, Event{}},
		"escaped keys":        {`{"\u0061ction":"added","r\u0065source":{"resource\u005ftype":"task"}}`, Event{Action: "added", ResourceType: "task"}},
		"escaped values":      {`{"action":"\u0061dded\t","resource":{"resource_type":"a\/b\"\\","resource_subtype":"\ud83d\ude00"}}`, Event{Action: "added\t", ResourceType: `a/b"\`, ResourceSubtype: "😀"}},
		"half a pair":         {`{"action":"a\ud83db","change":{"field":"\ude00\ud83d"}}`, Event{Action: "a\uFFFDb", ChangeField: "\uFFFD\uFFFD"}},
		"keys in other cases": {`{"Action":"no","ACTION":"no","action":"added","Resource":{"resource_type":"no"},"resource":{"Resource_Type":"no"}}`, Event{Action: "added"}},
		"another case later":  {`{"action":"added","Action":"no"}`, Event{Action: "added"}},
		"names twice":         {`{"action":"no","action":"added","resource":{"resource_type":"no","resource_type":"task"},"change":{"field":"no"},"change":{}}`, Event{Action: "added", ResourceType: "task"}},
		"twice, null last":    {`{"action":"no","action":null,"resource":{"resource_type":"no"},"resource":null}`, Event{}},
		"not UTF-8":           {"{\"action\":\"a\xffb\",\"resource\":{\"resource_type\":\"\xe2\x82\",\"\xff\":1},\"change\":{\"field\":\"\\t\xc0\"}}", Event{Action: "a\uFFFDb", ResourceType: "\uFFFD", ChangeField: "\t\uFFFD"}},
		"a zero byte":         {`{"action":"a\u0000b"}`, Event{Action: "a\x00b"}},
		"long texts":          {`{"action":"` + strings.Repeat("ä", 1000) + `"}`, Event{Action: strings.Repeat("ä", 1000)}},
		"endless texts":       {`{"action":"` + strings.Repeat("a", maxTextBytes) + `","resource":{"resource_type":"tag"}}`, Event{ResourceType: "tag"}},
		"deep":                {`{"x":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `,"action":"added"}`, Event{Action: "added"}},

		"date":                 {`{"created_at":"2026-01-02T03:04:05Z"}`, Event{CreatedAt: at}},
		"date in milliseconds": {`{"created_at":"2026-01-02T03:04:05.678Z"}`, Event{CreatedAt: at.Add(678 * time.Millisecond)}},
		"date, escaped":        {`{"created_at":"2026-01-02T03:04:05\u005a"}`, Event{CreatedAt: at}},
		"date, far":            {`{"created_at":"9999-12-31T23:59:59Z"}`, Event{CreatedAt: date("9999-12-31T23:59:59Z")}},
		"date, elsewhere":      {`{"created_at":"2026-01-02T05:04:05+02:00"}`, Event{CreatedAt: at}},
		"date, no":             {`{"created_at":"yesterday"}`, Event{}},
		"date, empty":          {`{"created_at":""}`, Event{}},
		"date, a blank":        {`{"created_at":"2026-01-02 03:04:05Z"}`, Event{}},
		"date, no zone":        {`{"created_at":"2026-01-02T03:04:05"}`, Event{}},
		"date, no such day":    {`{"created_at":"2026-02-30T03:04:05Z"}`, Event{}},
		"date, no such hour":   {`{"created_at":"2026-01-02T25:04:05Z"}`, Event{}},
		"date, no such year":   {`{"created_at":"+12026-01-02T03:04:05Z"}`, Event{}},
		"date, not UTF-8":      {"{\"created_at\":\"2026-01-02T03:04:05\xff\"}", Event{}},
		"date, a number":       {`{"created_at":1767323045000}`, Event{}},
		"date, an object":      {`{"created_at":{"created_at":"2026-01-02T03:04:05Z"}}`, Event{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, `{"data":[`+test.event+`],"sync":"a"}`)
			if err != nil || len(got.Events) != 1 {
				t.Fatalf("got %+v and %v", got, err)
			}
			if e := got.Events[0]; !sameEvent(e, test.want) {
				t.Errorf("got %+v, want %+v", e, test.want)
			}
		})
	}
}

// sameEvent compares dates as instants, whatever zone they were written in.
func sameEvent(a, b Event) bool {
	same := a.CreatedAt.Equal(b.CreatedAt)
	a.CreatedAt, b.CreatedAt = time.Time{}, time.Time{}
	return same && a == b
}

func TestPageAroundItsEvents(t *testing.T) {
	added := []Event{{Action: "added"}}
	for name, test := range map[string]struct {
		body string
		want Page
	}{
		"byte order mark":       {"\uFEFF" + `{"data":[{"action":"added"}],"sync":"a:1"}`, Page{added, "a:1", false, 0}},
		"zero bytes at the end": {`{"data":[{"action":"added"}],"sync":"a:1"}` + "\r\n" + strings.Repeat("\x00", 9000) + "\n", Page{added, "a:1", false, 0}},
		"all of it":             {`{"data":[{"action":"added"}],"sync":"a:1","has_more":true}`, Page{added, "a:1", true, 0}},
		"has_more first":        {`{"has_more":true,"sync":"a:1","data":[{"action":"added"}]}`, Page{added, "a:1", true, 0}},
		"no has_more":           {`{"data":[{"action":"added"}],"sync":"a:1"}`, Page{added, "a:1", false, 0}},
		"has_more is null":      {`{"sync":"a","has_more":null}`, Page{Sync: "a"}},
		"has_more is a word":    {`{"sync":"a","has_more":"true"}`, Page{Sync: "a"}},
		"has_more is a number":  {`{"sync":"a","has_more":1}`, Page{Sync: "a"}},
		"has_more is an object": {`{"sync":"a","has_more":{"has_more":true}}`, Page{Sync: "a"}},
		"no data":               {`{"sync":"a"}`, Page{Sync: "a"}},
		"data is null":          {`{"sync":"a","data":null}`, Page{Sync: "a"}},
		"data is empty":         {`{"sync":"a","data":[]}`, Page{Sync: "a"}},
		"nonObjects in data":    {`{"sync":"a","data":[null,{"action":"added"},1,"x",[{"action":"no"}],true]}`, Page{added, "a", false, 5}},
		"nonObjects alone":      {`{"sync":"a","data":[[],[],0.5]}`, Page{Sync: "a", NonObjects: 3}},
		"unknown keys":          {`{"x":{"sync":"no","data":[{}]},"sync":"a","y":[{"has_more":true}],"Data":[{}],"SYNC":"no","Has_More":true}`, Page{Sync: "a"}},
		"names twice":           {`{"sync":"no","data":[{},{},1],"has_more":true,"sync":"a","data":[{"action":"added"}],"has_more":false}`, Page{added, "a", false, 0}},
		"data twice, null last": {`{"sync":"a","data":[{},1],"data":null}`, Page{Sync: "a"}},
		"escaped":               {`{"s\u0079nc":"\u0061\/1\u003a","d\u0061ta":[{"action":"added"}]}`, Page{added, "a/1:", false, 0}},
		"odd sync token":        {`{"sync":" \n'\u0000😀&=%"}`, Page{Sync: " \n'\u0000😀&=%"}},
		"sync is not UTF-8":     {"{\"sync\":\"a\xff\xfe\"}", Page{Sync: "a\uFFFD"}},
		"the sync we had":       {`{"sync":"` + position + `"}`, Page{Sync: position}},
		"the longest sync":      {`{"sync":"` + strings.Repeat("a", maxSyncBytes-2) + `"}`, Page{Sync: strings.Repeat("a", maxSyncBytes-2)}},
		"white space":           {" \r\n\t{ \"sync\" :\n\"a\" , \"data\" : [ { } , { } ] }\n\n ", Page{Events: []Event{{}, {}}, Sync: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, test.body)
			if len(got.Events) == 0 {
				got.Events = nil
			}
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v and %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestDamagedPageIsRefused(t *testing.T) {
	const noSync, dataKind = "no usable sync token in it", "its data is no array"
	for body, want := range map[string]string{
		``:         "empty",
		" \n":      "empty",
		`null`:     noSync,
		`[]`:       noSync,
		`"sync"`:   noSync,
		`17`:       noSync,
		`{}`:       noSync,
		`{"x":{}}`: noSync,

		`{"data":[{}]}`:                                noSync,
		`{"sync":""}`:                                  noSync,
		`{"sync":null}`:                                noSync,
		`{"sync":5}`:                                   noSync,
		`{"sync":["a"]}`:                               noSync,
		`{"sync":{"sync":"a"}}`:                        noSync,
		`{"sync":"a","sync":null}`:                     noSync,
		`{"Sync":"a"}`:                                 noSync,
		`{"data":{},"sync":"a"}`:                       dataKind,
		`{"data":"[]","sync":"a"}`:                     dataKind,
		`{"sync":"a","data":0}`:                        dataKind,
		`{"sync":"a","data":false}`:                    dataKind,
		`{"sync":"a","data":"`:                         "truncated",
		`{"sync":"a"}{"sync":"b"}`:                     "more than one JSON value in it",
		`{"sync":"a"} null`:                            "more than one JSON value in it",
		`{"sync":"a"},`:                                "invalid character ',' at start of value after byte 12",
		`{"sync":"a"}}`:                                "invalid character '}' at start of value after byte 12",
		`{"sync":"a"}<!-- ok -->`:                      "invalid character '<' at start of value after byte 12",
		"{\"sync\":\"a\"}\x00x":                        `invalid character '\x00' at start of value after byte 12`,
		"\uFEFF\uFEFF{\"sync\":\"a\"}":                 `invalid character '\ufeff' at start of value after byte 0`,
		"\uFEFF":                                       "empty",
		`<html>`:                                       webPage,
		`{'sync':'a'}`:                                 `invalid character '\'' at start of value after byte 1`,
		`{sync:"a"}`:                                   "invalid character 's' at start of value after byte 1",
		`{"sync":"a",}`:                                "invalid character ',' at start of value after byte 11",
		`{"sync":"a" "data":[]}`:                       `invalid character '"' after object value (expecting ',' or '}') after byte 12`,
		`{"sync":"a","data":[{},]}`:                    "invalid character ',' at start of value after byte 22",
		`{"sync":"a","data":[}`:                        "invalid character '}' at start of value after byte 20",
		`{"sync":"a","data":[{}}]}`:                    "invalid character '}' after array element (expecting ',' or ']') after byte 22",
		`{"sync":"a","data":[{]}}`:                     "invalid character ']' at start of value after byte 21",
		`{"sync":"a","x":NaN}`:                         "invalid character 'N' at start of value after byte 16",
		`{"sync":"a","x":01}`:                          "invalid character '1' after object value (expecting ',' or '}') after byte 17",
		`{"sync":"a","x":nul}`:                         "invalid character '}' in literal null (expecting 'l') after byte 19",
		`{"sync":"a","x":"\q"}`:                        "invalid escape sequence `\\q` in string after byte 17",
		`{"sync":"a","x":"\u12g4"}`:                    "invalid escape sequence `\\u12g4` in string after byte 17",
		"{\"sync\":\"a\nb\"}":                          `invalid character '\n' in string (expecting non-control character) after byte 10`,
		`{"sync":"a",1:2}`:                             "object member name must be a string after byte 12",
		`{"sync":"a","data":[{"action":"a" /* b */}]}`: "invalid character '/' after object value (expecting ',' or '}') after byte 34",

		`{"sync":"` + strings.Repeat("a", maxSyncBytes-1) + `"}`:                                          noSync,
		`{"sync":"a","x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`:                "exceeded max depth after byte 10015",
		`{"sync":"a","data":[{"x":` + strings.Repeat(`{"x":`, 20000) + strings.Repeat("}", 20000) + `}]}`: "exceeded max depth after byte 50010",
	} {
		page, err := read(t, body)
		if garbage, ok := errors.AsType[*InvalidResponseError](err); !ok || garbage.Err.Error() != want || !reflect.DeepEqual(page, Page{}) {
			t.Errorf("%.60q: got %+v and %v, want %q", body, page, err, want)
		}
	}
}

func TestTruncatedPageIsRefusedAtEveryByte(t *testing.T) {
	const whole = `{"data":[{"action":"a\u0062","resource":{"resource_type":"ü"},"change":null,"created_at":"2026-01-02T03:04:05Z"},7],"sync":"a:1","has_more":true}`
	for end := 1; end < len(whole); end++ {
		page, err := read(t, whole[:end])
		if words(err) != "unusable answer: truncated" || !reflect.DeepEqual(page, Page{}) {
			t.Errorf("%s: got %+v and %v", whole[:end], page, err)
		}
	}
	if _, err := read(t, whole); err != nil {
		t.Error(err)
	}
}

func TestGIDs(t *testing.T) {
	for name, test := range map[string]struct {
		event string
		want  Event
	}{
		"of all":            {`{"user":{"resource_type":"user","gid":"1"},"resource":{"gid":"2"},"parent":{"gid":"3"}}`, Event{UserGID: "1", ResourceGID: "2", ParentGID: "3"}},
		"as numbers":        {`{"user":{"gid":1},"resource":{"gid":2},"parent":{"gid":3}}`, Event{UserGID: "1", ResourceGID: "2", ParentGID: "3"}},
		"of other kinds":    {`{"user":{"gid":{}},"resource":{"gid":["2"]},"parent":{"gid":null}}`, Event{}},
		"of nothing":        {`{"user":"1","resource":"2","parent":3}`, Event{}},
		"null":              {`{"user":null,"resource":null,"parent":null}`, Event{}},
		"twice, null last":  {`{"user":{"gid":"1"},"user":null,"resource":{"gid":"2"},"resource":null,"parent":{"gid":"3"},"parent":{}}`, Event{}},
		"twice inside":      {`{"user":{"gid":"0","gid":"1"},"resource":{"gid":"0","gid":"2"}}`, Event{UserGID: "1", ResourceGID: "2"}},
		"too long":          {`{"user":{"gid":"` + strings.Repeat("1", maxGIDBytes) + `"},"resource":{"gid":"` + strings.Repeat("2", maxGIDBytes) + `"}}`, Event{}},
		"not UTF-8":         {"{\"user\":{\"gid\":\"1\xff\"},\"resource\":{\"gid\":\"2\xff\"}}", Event{UserGID: "1\uFFFD", ResourceGID: "2\uFFFD"}},
		"in other cases":    {`{"user":{"GID":"no"},"User":{"gid":"no"},"resource":{"Gid":"no"}}`, Event{}},
		"of a long user":    {`{"user":{"gid":"1","name":"` + strings.Repeat("x", longestUser) + `"}}`, Event{UserGID: "1"}},
		"with the token":    {`{"user":{"gid":"` + token[len(token)-20:] + `"},"resource":{"gid":"` + token[len(token)-20:] + `"}}`, Event{UserGID: redacted, ResourceGID: redacted}},
		"escaped":           {`{"user":{"g\u0069d":"\u0031"},"resource":{"g\u0069d":"\u0032"}}`, Event{UserGID: "1", ResourceGID: "2"}},
		"of a nested thing": {`{"user":{"photo":{"gid":"no"},"gid":"1"},"resource":{"parent":{"gid":"no"},"gid":"2"}}`, Event{UserGID: "1", ResourceGID: "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := &decoder{resourceGIDs: true}
			for range 2 { // The second time users are known.
				d.body = *bytes.NewBufferString(`{"sync":"a","data":[` + test.event + `]}`)
				d.start(newSecret(token, ""))
				page, err := d.page()
				if err != nil || len(page.Events) != 1 || !sameEvent(page.Events[0], test.want) {
					t.Errorf("got %+v and %v, want %+v", page.Events, err, test.want)
				}
			}
		})
	}
}

// People come and go, and a server may make up any number of them.
func TestKnownUsersAreBounded(t *testing.T) {
	var body strings.Builder
	for i := range 3 * keptUsers {
		fmt.Fprintf(&body, `,{"user":{"gid":"%d"}}`, i)
	}
	d := new(decoder)
	d.body = *bytes.NewBufferString(`{"sync":"a","data":[` + body.String()[1:] + `]}`)
	d.start(newSecret(token, ""))
	page, err := d.page()
	if err != nil {
		t.Fatal(err)
	}
	for i, event := range page.Events {
		if event.UserGID != strconv.Itoa(i) || event.ResourceGID != "" {
			t.Fatalf("event %d is of user %q, resource %q", i, event.UserGID, event.ResourceGID)
		}
	}
	if len(d.users) > keptUsers {
		t.Errorf("%d users kept", len(d.users))
	}
}
