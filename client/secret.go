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
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

const (
	redacted = "[redacted]"

	// minTokenLength keeps an ordinary word from being redacted. Asana's tokens have 34 bytes and more.
	minTokenLength = 6
	// maxGIDLength is the largest number of digits of a gid. Asana's tokens hold two gids, which are no secret.
	maxGIDLength = 19
	// window is how many letters and digits of a token in a row are redacted.
	window = 16
)

// A secret redacts the bearer token and the sync token of one request.
//
// Servers and proxies echo requests in any encoding. So tokens and texts are reduced to letters and digits, in lower
// case, before they are compared: that removes escapes, separators, line breaks, and the two alphabets of base64.
type secret struct {
	bearer, sync string // Empty if too short.
	bearerForms  string
	forms        string // Those of both tokens.
}

func newSecret(bearer, sync string) secret {
	if len(bearer) < minTokenLength {
		bearer = ""
	}
	if len(sync) < minTokenLength {
		sync = ""
	}
	s := secret{bearer: bearer, sync: sync, bearerForms: forms(bearer)}
	s.forms = s.bearerForms + "\n" + forms(sync)
	return s
}

// forms returns the reduced encodings of a token, one a line.
func forms(token string) string {
	if token == "" {
		return ""
	}
	lines := append(make([]byte, 0, 24*len(token)), reduce(withoutGIDs(token))...)
	for _, encode := range []func(line []byte, b byte) []byte{
		appendHex, // Also %43.
		func(line []byte, b byte) []byte { return appendHex(append(line, 'x'), b) },         // \x43, &#x43;
		func(line []byte, b byte) []byte { return appendHex(append(line, "u00"...), b) },    // The \u escapes of JSON.
		func(line []byte, b byte) []byte { return strconv.AppendUint(line, uint64(b), 10) }, // &#67;, [67, …]
	} {
		lines = append(lines, '\n')
		for i := range len(token) {
			lines = encode(lines, token[i])
		}
	}
	for _, before := range []string{"", "-", "--"} { // Text before the token shifts its base64.
		lines = append(lines, '\n')
		lines = append(lines, reduce(base64.StdEncoding.EncodeToString([]byte(before+token)))...)
	}
	return string(lines)
}

func appendHex(line []byte, b byte) []byte { return hex.AppendEncode(line, []byte{b}) }

// withoutGIDs returns the letters and digits of a token, but for its gids.
func withoutGIDs(token string) string {
	var rest strings.Builder
	for run := range strings.FieldsFuncSeq(token, func(r rune) bool { return !isAlphanumeric(r) }) {
		if len(run) > maxGIDLength || strings.Trim(run, "0123456789") != "" {
			rest.WriteString(run)
		}
	}
	return rest.String()
}

// reduce returns the ASCII letters and digits of a text, in lower case.
func reduce(text string) string {
	reduced := make([]byte, 0, len(text))
	for i := range len(text) {
		if b := text[i]; isAlphanumeric(rune(b)) {
			if b >= 'A' && b <= 'Z' {
				b += 'a' - 'A'
			}
			reduced = append(reduced, b)
		}
	}
	return string(reduced)
}

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// isIn reports whether text, which may be a sync token, holds the bearer token.
func (s secret) isIn(text string) bool {
	return s.bearer != "" && (strings.Contains(text, s.bearer) || matches(reduce(text), s.bearerForms) != nil)
}

// redact returns text without the tokens, and without any long part of them.
func (s secret) redact(text string) string {
	for _, token := range []string{s.bearer, s.sync} {
		if token != "" {
			text = strings.ReplaceAll(text, token, redacted)
		}
	}
	if len(text) < window {
		return text
	}
	hidden := matches(reduce(text), s.forms)
	if hidden == nil {
		return text
	}
	var clean strings.Builder
	kept, next := 0, 0 // Start of the text to keep, and number of the next letter or digit.
	for i := range len(text) {
		if !isAlphanumeric(rune(text[i])) {
			continue
		}
		if hidden[next] {
			if next == 0 || !hidden[next-1] {
				clean.WriteString(text[kept:i] + redacted)
			}
			kept = i + 1
		}
		next++
	}
	return clean.String() + text[kept:]
}

// matches reports which bytes of a reduced text are in a window that forms have, too; nil if none is. Only every eighth
// byte is looked at first, since a window has eight bytes from there in any case.
func matches(reduced, forms string) []bool {
	const half = window / 2
	var hidden []bool
	for i := 0; i+half <= len(reduced); i += half {
		if !strings.Contains(forms, reduced[i:i+half]) {
			continue
		}
		for start := max(0, i-half); start <= i && start+window <= len(reduced); start++ {
			if !strings.Contains(forms, reduced[start:start+window]) {
				continue
			}
			if hidden == nil {
				hidden = make([]bool, len(reduced))
			}
			for j := range window {
				hidden[start+j] = true
			}
		}
	}
	return hidden
}

// redactError returns err if its text is clean, and an error without a chain otherwise.
func (s secret) redactError(err error) error {
	text := err.Error()
	if clean := s.redact(text); clean != text {
		return errors.New(clean)
	}
	return err
}
