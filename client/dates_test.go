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

import "testing"

// The minute before changes no date.
func TestDatesAreThoseOfTimeItself(t *testing.T) {
	var d dates
	for _, text := range []string{
		"2026-03-17T09:14:07.250Z", "2026-03-17T09:14:59.999Z", "2026-03-17T09:14:00.000Z", "2026-03-17T09:15:00.000Z",
		"2026-03-17T09:14:07.250Z", "2026-03-17T09:14:60.000Z", "2026-03-17T09:14:0x.250Z", "2026-03-17T09:14:07.2x0Z",
		"2026-03-17T09:14:07.250z", "2026-03-17T09:14:07,250Z", "2026-03-17T09:14:-7.250Z", "2026-03-17T09:14:07.25Z",
		"2026-03-17T09:14:07Z", "2026-03-17T09:14:07+02:00", "2026-03-17T09:14:7.5+02:0Z", "2026-03-17T09:14:07.250999Z",
		"2026-02-29T09:14:07.250Z", "2026-02-29T09:14:08.250Z", "2024-02-29T24:00:00.000Z", "0000-01-01T00:00:00.000Z",
		"0000-01-01T00:00:00.001Z", "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:58.999Z", "",
	} {
		if got, want := d.parse([]byte(text)), instant(text); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

// FuzzDates reads one date after another.
func FuzzDates(f *testing.F) {
	f.Add("2026-03-17T09:14:07.250Z", "2026-03-17T09:14:08.300Z")
	f.Add("2026-03-17T09:14:07.250Z", "2026-03-17T09:14:08.30Z")
	f.Fuzz(func(t *testing.T, first, second string) {
		var d dates
		d.parse([]byte(first))
		if got, want := d.parse([]byte(second)), instant(second); got != want {
			t.Errorf("%s after %s: got %v, want %v", second, first, got, want)
		}
	})
}
