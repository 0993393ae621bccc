package collector

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// stateVersion is the version of the state file that this program writes, and the newest that it reads. Any other member is
// another version: an older program must not take the file for a damaged one.
const stateVersion = 1

// ErrNewerState reports a state file that a newer version of the program has written.
var ErrNewerState = errors.New("written by a newer version")

// A state file is one JSON object: head, the checksum of the body, middle, the body, tail.
const (
	fileHead   = `{"sha256":"`
	fileMiddle = `","state":`
	fileTail   = "}\n"
)

// stateFile is the body of a state file.
type stateFile struct {
	Version   int          `json:"version"`
	Workspace string       `json:"workspace"`
	Epoch     time.Time    `json:"epoch"`
	Token     string       `json:"token"`
	Committed time.Time    `json:"committed"`
	AtEnd     time.Time    `json:"at_end,omitzero"`
	LastEvent time.Time    `json:"last_event,omitzero"`
	Name      string       `json:"name,omitzero"`
	LostSince time.Time    `json:"lost_since,omitzero"`
	Gaps      []gapFile    `json:"gaps"`
	Pending   *Stretch     `json:"pending,omitzero"`
	Backlogs  []Backlog    `json:"backlogs,omitzero"`
	Series    []seriesFile `json:"series,omitzero"` // Last, and written by appendSeries.
}

type gapFile struct {
	Reason  Reason    `json:"reason"`
	Count   uint64    `json:"count"`
	Seconds float64   `json:"seconds"`
	Created time.Time `json:"created"`
	Shown   bool      `json:"shown"`
}

type seriesFile struct {
	Labels  Labels    `json:",embed"`
	Value   uint64    `json:"value"`
	Created time.Time `json:"created"`
	Shown   bool      `json:"shown"`
}

// encode returns the content of a state file.
func (s State) encode() ([]byte, error) {
	file := stateFile{
		Version:   stateVersion,
		Workspace: s.Workspace,
		Epoch:     s.Epoch,
		Token:     s.Token,
		Committed: s.Committed,
		AtEnd:     s.AtEnd,
		LastEvent: s.LastEvent,
		Name:      s.Name,
		LostSince: s.LostSince,
		Gaps:      make([]gapFile, len(s.Gaps)),
		Pending:   s.Pending,
		Backlogs:  s.Backlogs,
	}
	for i, reason := range Reasons() {
		g := s.Gaps[i]
		file.Gaps[i] = gapFile{reason, g.Count, g.Seconds, g.Created, g.Shown}
	}
	start, err := json.Marshal(file, jsontext.AllowInvalidUTF8(true)) // Repaired, so that nothing from outside makes a state unsavable.
	if err != nil {
		return nil, err
	}
	body := append(make([]byte, 0, len(start)+256*len(s.series)), bytes.TrimSuffix(start, []byte("}"))...)
	body = appendSeries(body, s.series)
	body = append(body, '}')
	return bytes.Join([][]byte{[]byte(fileHead), checksum(body), []byte(fileMiddle), body, []byte(fileTail)}, nil), nil
}

// appendSeries appends the member "series" of a stateFile. It is nearly all of a file; encoding it by reflection would take
// four times as long, and most of a commit.
func appendSeries(body []byte, series []Series) []byte {
	body = append(body, `,"series":[`...)
	for i, s := range series {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, '{')
		body = appendLabel(body, `"action":`, s.Labels.Action)
		body = appendLabel(body, `"resource_type":`, s.Labels.ResourceType)
		body = appendLabel(body, `"resource_subtype":`, s.Labels.ResourceSubtype)
		body = appendLabel(body, `"change_field":`, s.Labels.ChangeField)
		body = appendLabel(body, `"parent_type":`, s.Labels.ParentType)
		body = strconv.AppendUint(append(body, `"value":`...), s.Value, 10)
		body = s.Created.AppendFormat(append(body, `,"created":"`...), time.RFC3339Nano)
		body = strconv.AppendBool(append(body, `","shown":`...), s.Shown)
		body = append(body, '}')
	}
	return append(body, ']')
}

// appendLabel appends a member of an object, and nothing where it is empty.
func appendLabel(body []byte, name, value string) []byte {
	if value == "" {
		return body
	}
	body, _ = jsontext.AppendQuote(append(body, name...), value) // Its error is that of invalid UTF-8, which it repairs.
	return append(body, ',')
}

// decode is the reverse of encode. It returns ErrNewerState for a file of a newer version, and another error for one that
// is damaged.
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
		return State{}, fmt.Errorf("%w: version %d, and this program knows %d", ErrNewerState, version.Version, stateVersion)
	case version.Version < 1:
		return State{}, errors.New("no version in it")
	}
	var file stateFile
	if err := json.Unmarshal(body, &file, json.RejectUnknownMembers(true)); err != nil {
		return State{}, err
	}
	return file.state()
}

// verified returns the body of a state file in which no bit has changed.
func verified(content []byte) ([]byte, error) {
	rest, ok1 := bytes.CutPrefix(content, []byte(fileHead))
	rest, ok2 := bytes.CutSuffix(rest, []byte(fileTail))
	sum, body, ok3 := bytes.Cut(rest, []byte(fileMiddle))
	switch {
	case !ok1 || !ok2 || !ok3:
		return nil, errors.New("not a whole state file")
	case !bytes.Equal(sum, checksum(body)):
		return nil, errors.New("checksum does not match")
	}
	return body, nil
}

// checksum returns the SHA-256 of body in lower-case hex.
func checksum(body []byte) []byte {
	sum := sha256.Sum256(body)
	return hex.AppendEncode(nil, sum[:])
}

// state checks what a checksum can't: that the content makes sense.
func (f stateFile) state() (State, error) {
	s := State{
		Workspace: f.Workspace,
		Epoch:     f.Epoch,
		Token:     f.Token,
		Committed: f.Committed,
		AtEnd:     f.AtEnd,
		LastEvent: f.LastEvent,
		Name:      f.Name,
		LostSince: f.LostSince,
		Pending:   f.Pending,
		Backlogs:  f.Backlogs,
		series:    make([]Series, 0, len(f.Series)),
		index:     make(map[Labels]int, len(f.Series)),
	}
	for i := range s.Gaps {
		s.Gaps[i].Created = f.Committed
	}
	for _, g := range f.Gaps {
		for i, reason := range Reasons() {
			if g.Reason == reason {
				s.Gaps[i] = Gap{g.Count, g.Seconds, exposure{Created: g.Created, Shown: g.Shown}}
			}
		}
	}
	for _, series := range f.Series {
		if _, twice := s.index[series.Labels]; twice {
			return State{}, fmt.Errorf("series %+v twice", series.Labels)
		}
		s.index[series.Labels] = len(s.series)
		s.series = append(s.series, Series{series.Labels, series.Value, exposure{Created: series.Created, Shown: series.Shown}})
		if series.Value > 0 && !series.Labels.isFolded() {
			s.active++
		}
	}
	return s.complete(f.Committed), nil
}
