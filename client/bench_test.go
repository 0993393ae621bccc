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
	"encoding/json"
	"errors"
	"testing"
	"time"
)

// BenchmarkPage reads a full page token by token, where it is: a client decompresses it into the buffer of its decoder.
func BenchmarkPage(b *testing.B) {
	d, secret := new(decoder), newSecret(token, position)
	benchmarkPage(b, func(text []byte) (int, error) {
		d.body = *bytes.NewBuffer(text)
		d.start(secret)
		page, err := d.page()
		return len(page.Events), err
	})
}

// BenchmarkPageEncodingJSON reads the same page as a program does that thinks no further of it.
func BenchmarkPageEncodingJSON(b *testing.B) {
	type object struct {
		GID             string  `json:"gid"`
		ResourceType    string  `json:"resource_type"`
		ResourceSubtype string  `json:"resource_subtype"`
		Name            string  `json:"name"`
		EnumValue       *object `json:"enum_value"`
	}
	type page struct {
		Data []struct {
			User      *object   `json:"user"`
			CreatedAt time.Time `json:"created_at"`
			Type      string    `json:"type"`
			Action    string    `json:"action"`
			Resource  *object   `json:"resource"`
			Parent    *object   `json:"parent"`
			Change    *struct {
				Field        string  `json:"field"`
				Action       string  `json:"action"`
				NewValue     *object `json:"new_value"`
				AddedValue   *object `json:"added_value"`
				RemovedValue *object `json:"removed_value"`
			} `json:"change"`
		} `json:"data"`
		Sync    string `json:"sync"`
		HasMore bool   `json:"has_more"`
	}
	benchmarkPage(b, func(body []byte) (int, error) {
		var p page
		err := json.NewDecoder(bytes.NewReader(body)).Decode(&p)
		return len(p.Data), err
	})
}

func benchmarkPage(b *testing.B, read func(body []byte) (events int, err error)) {
	b.Helper()
	body := realisticPage(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	events := 0
	for b.Loop() {
		n, err := read(body)
		if err != nil {
			b.Fatal(err)
		}
		events += n
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
}

// BenchmarkPageValid checks the same page with encoding/json, and reads nothing of it.
func BenchmarkPageValid(b *testing.B) {
	benchmarkPage(b, func(body []byte) (int, error) {
		if !json.Valid(body) {
			return 0, errors.New("invalid")
		}
		return fullPage, nil
	})
}
