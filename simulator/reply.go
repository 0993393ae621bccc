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

package simulator

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
)

// reply is an answer before it is on its way.
type reply struct {
	status int
	header http.Header
	body   []byte
	cut    bool // Send only half of the body.
	padded bool // Send zero bytes after the compressed body.
}

// apiError is the schema Error of Asana's OpenAPI text.
type apiError struct {
	Message string `json:"message"`
	Help    string `json:"help,omitempty"`
	Phrase  string `json:"phrase,omitempty"`
}

func refuse(status int, message string) reply {
	return refuseWith(status, apiError{
		Message: message,
		Help:    "For more information on API status codes and how to handle them, read the docs on errors: https://developers.asana.com/docs/errors",
	})
}

func refuseWith(status int, e apiError) reply {
	return answerJSON(status, map[string][]apiError{"errors": {e}})
}

func answerJSON(status int, v any) reply {
	return reply{status: status, header: jsonHeader(), body: mustJSON(v)}
}

// mustJSON marshals what is known to marshal.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=UTF-8"}}
}

// indent makes the body readable for people, if it is JSON.
func (a *reply) indent() {
	var b bytes.Buffer
	if json.Indent(&b, a.body, "", "  ") == nil {
		a.body = b.Bytes()
	}
}

func (s *Simulator) compress(a *reply) {
	z, ok := s.gzips.Get().(*gzip.Writer)
	if !ok {
		z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // The level is valid.
	}
	defer s.gzips.Put(z)
	var b bytes.Buffer
	z.Reset(&b)
	_, _ = z.Write(a.body) // A bytes.Buffer takes everything.
	_ = z.Close()
	if a.padded {
		b.Write(make([]byte, 512))
	}
	a.body = b.Bytes()
	a.header.Set("Content-Encoding", "gzip")
}
