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

import "time"

// dates parses dates. It keeps the last minute, since the dates of a page are close to each other.
type dates struct {
	minute string // Such as "2026-03-17T09:14:".
	start  time.Time
}

// parse returns the zero time unless text is an RFC 3339 date. Only dates as Asana writes them are parsed fast.
func (d *dates) parse(text []byte) time.Time {
	const minute, whole = len("2026-03-17T09:14:"), len("2026-03-17T09:14:07.250Z")
	usual := len(text) == whole && text[minute+2] == '.' && text[whole-1] == 'Z'
	if usual && string(text[:minute]) == d.minute {
		seconds, ok1 := number(text[minute : minute+2])
		millis, ok2 := number(text[minute+3 : whole-1])
		if ok1 && ok2 && seconds < 60 {
			return d.start.Add(time.Duration(1000*seconds+millis) * time.Millisecond)
		}
	}
	var t time.Time
	if t.UnmarshalText(text) != nil {
		return time.Time{}
	}
	if usual {
		d.minute, d.start = string(text[:minute]), t.Truncate(time.Minute)
	}
	return t
}

// number returns the value of a few decimal digits.
func number(digits []byte) (n int, ok bool) {
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		n = 10*n + int(digit-'0')
	}
	return n, true
}
