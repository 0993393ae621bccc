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

// texts keeps the strings that pages repeat, each in the place that its bytes in JSON hash to. A string that is read takes
// its place, so a hostile answer can neither fill it nor keep it full.
type texts [1024]knownText

// A knownText is a string as it is in the page, in quotes, and its content.
type knownText struct{ json, text string }

// longestKnown is how long a string may be to be kept.
const longestKnown = 64

// place returns the place of a string. The length and three bytes are enough to keep Asana's names apart.
func (t *texts) place(value []byte) *knownText {
	n := len(value)
	hash := uint(n) + uint(value[1])<<3 + uint(value[n/2])<<5 + uint(value[n-2])<<1
	return &t[hash%uint(len(t))]
}
