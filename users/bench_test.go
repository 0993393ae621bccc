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

package users

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// BenchmarkUsers notes the users of a page, and counts them: the second is done once a minute.
func BenchmarkUsers(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		u, now := New(), at(400*24*time.Hour)
		page := func(i int) {
			for j := range 1000 {
				u.Add(strconv.Itoa((i*1000+j)%n), "deleted", now, now)
			}
		}
		for i := range 3600 {
			now = now.Add(time.Second)
			page(i)
		}
		b.Run(fmt.Sprintf("page/%d", n), func(b *testing.B) {
			for b.Loop() {
				page(0)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/event")
		})
		b.Run(fmt.Sprintf("count/%d", n), func(b *testing.B) {
			for b.Loop() {
				u.countedTop, u.countedActive = time.Time{}, time.Time{}
				u.Count(now)
			}
		})
	}
}

// BenchmarkEncode is most of the CPU time of saving users: once a minute, or more often while they grow.
func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		u, now := New(), at(400*24*time.Hour)
		for i := range n {
			u.Add(strconv.Itoa(i), "added", now.Add(-time.Duration(i)*time.Hour/time.Duration(n)), now)
		}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				content, err := u.Encode()
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(content)))
			}
		})
	}
}
