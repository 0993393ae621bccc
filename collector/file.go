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

package collector

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// stateVersion is the version of the state file that this program writes, and the newest that it reads. A new member needs
// a new version: an older program would take the file for a damaged one.
const stateVersion = 1

// ErrNewerState reports a state file that a newer version of the program has written.
var ErrNewerState = errors.New("written by a newer version")

// A state file is one JSON object: head, the body, and fileEnd with the checksum of the body.
const (
	fileHead = `{"state":`
	fileSum  = `,"sha256":"`
)

func fileEnd(sum []byte) string { return fmt.Sprintf("%s%x\"}\n", fileSum, sum) }

// stateFile is the body of a state file.
type stateFile struct {
	Version int      `json:"version"`
	State   State    `json:",embed"`
	Series  []Series `json:"series,omitzero"` // Last, and written by encode.
}

// encode writes a state file piece by piece: the soft memory limit has no room for a second copy of a large state.
func (s State) encode(w io.Writer) error {
	// Invalid UTF-8 is repaired, so that nothing from outside makes a state unsavable.
	start, err := json.Marshal(stateFile{Version: stateVersion, State: s}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return err
	}
	return seal(w, func(body *bufio.Writer) {
		fmt.Fprintf(body, `%s,"series":[`, bytes.TrimSuffix(start, []byte("}")))
		for i, series := range s.series {
			if i > 0 {
				_ = body.WriteByte(',')
			}
			_, _ = body.Write(appendSeries(body.AvailableBuffer(), series))
		}
		fmt.Fprint(body, "]}")
	})
}

// seal writes a file around the body that write writes, with its checksum. verified reads it back.
func seal(w io.Writer, write func(body *bufio.Writer)) error {
	if _, err := io.WriteString(w, fileHead); err != nil {
		return err
	}
	sum := sha256.New()
	body := bufio.NewWriterSize(io.MultiWriter(w, sum), 16<<10) // It keeps its first error for Flush.
	write(body)
	if err := body.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, fileEnd(sum.Sum(nil)))
	return err
}

// appendSeries appends a series as JSON. Series are nearly all of a file, and reflection takes three times as long.
func appendSeries(body []byte, s Series) []byte {
	body = append(body, '{')
	for _, label := range [...]struct{ name, value string }{
		{`"action":`, s.Labels.Action},
		{`"resource_type":`, s.Labels.ResourceType},
		{`"resource_subtype":`, s.Labels.ResourceSubtype},
		{`"change_field":`, s.Labels.ChangeField},
		{`"parent_type":`, s.Labels.ParentType},
	} {
		if label.value != "" {
			body, _ = jsontext.AppendQuote(append(body, label.name...), label.value) // Its error is repaired UTF-8.
			body = append(body, ',')
		}
	}
	body = strconv.AppendUint(append(body, `"value":`...), s.Value, 10)
	body = s.Created.AppendFormat(append(body, `,"created":"`...), time.RFC3339Nano)
	body = strconv.AppendBool(append(body, `","shown":`...), s.Shown)
	return append(body, '}')
}

// decode is the reverse of encode. It returns ErrNewerState for a file of a newer version, and another error for one that is
// damaged.
func decode(content []byte) (State, error) {
	body, err := verified(content)
	if err != nil {
		return State{}, err
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(body, &version); err != nil {
		return State{}, err
	}
	switch {
	case version.Version > stateVersion:
		return State{}, fmt.Errorf("%w: version %d, and this program reads up to %d", ErrNewerState, version.Version, stateVersion)
	case version.Version < 1:
		return State{}, errors.New("no version in it")
	}
	var file stateFile
	if err := json.Unmarshal(body, &file, json.RejectUnknownMembers(true)); err != nil {
		return State{}, err
	}
	s := file.State
	s.index = make(map[Labels]int, len(file.Series))
	for _, series := range file.Series {
		if _, twice := s.index[series.Labels]; twice {
			return State{}, fmt.Errorf("series %+v twice", series.Labels)
		}
		s.add(series)
	}
	s.addZeros(s.Committed)
	return s, nil
}

// verified returns the body of a file that seal wrote and in which no bit has changed.
func verified(content []byte) ([]byte, error) {
	rest, isState := bytes.CutPrefix(content, []byte(fileHead))
	end := bytes.LastIndex(rest, []byte(fileSum))
	if !isState || end < 0 {
		return nil, errors.New("not a whole state file")
	}
	body := rest[:end]
	if sum := sha256.Sum256(body); string(rest[end:]) != fileEnd(sum[:]) {
		return nil, errors.New("checksum does not match")
	}
	return body, nil
}
