package collector

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
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

// A state file is one JSON object: head, the body, middle, the checksum of the body, tail.
const (
	fileHead   = `{"state":`
	fileMiddle = `,"sha256":"`
	fileTail   = "\"}\n"
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
	Series    []seriesFile `json:"series,omitzero"` // Last, and written by WriteTo.
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

// WriteTo writes a state file. It holds little of it in memory: a state may be larger than the soft memory limit allows twice.
func (s State) WriteTo(w io.Writer) (written int64, err error) {
	start, err := s.start()
	if err != nil {
		return 0, err
	}
	out := &output{w: w, sum: sha256.New()}
	out.write([]byte(fileHead), nil)
	out.write(start, out.sum)
	buffer := make([]byte, 0, chunk+4<<10)
	for i, series := range s.series {
		if i > 0 {
			buffer = append(buffer, ',')
		}
		if buffer = appendSeries(buffer, series); len(buffer) >= chunk {
			out.write(buffer, out.sum)
			buffer = buffer[:0]
		}
	}
	out.write(append(buffer, "]}"...), out.sum)
	out.write(append(hex.AppendEncode([]byte(fileMiddle), out.sum.Sum(nil)), fileTail...), nil)
	return out.n, out.err
}

// chunk is how much of a state file is written at once.
const chunk = 64 << 10

// output writes to w and sum until the first error.
type output struct {
	w   io.Writer
	sum hash.Hash
	n   int64
	err error
}

func (o *output) write(p []byte, sum hash.Hash) {
	if o.err != nil {
		return
	}
	if sum != nil {
		sum.Write(p)
	}
	var n int
	n, o.err = o.w.Write(p)
	o.n += int64(n)
}

// start returns the body of a state file up to the first series.
func (s State) start() ([]byte, error) {
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
	return append(bytes.TrimSuffix(start, []byte("}")), `,"series":[`...), nil
}

// appendSeries appends an element of the member "series" of a stateFile. Series are nearly all of a file, and encoding them by
// reflection takes four times as long.
func appendSeries(body []byte, s Series) []byte {
	body = append(body, '{')
	body = appendLabel(body, `"action":`, s.Labels.Action)
	body = appendLabel(body, `"resource_type":`, s.Labels.ResourceType)
	body = appendLabel(body, `"resource_subtype":`, s.Labels.ResourceSubtype)
	body = appendLabel(body, `"change_field":`, s.Labels.ChangeField)
	body = appendLabel(body, `"parent_type":`, s.Labels.ParentType)
	body = strconv.AppendUint(append(body, `"value":`...), s.Value, 10)
	body = s.Created.AppendFormat(append(body, `,"created":"`...), time.RFC3339Nano)
	body = strconv.AppendBool(append(body, `","shown":`...), s.Shown)
	return append(body, '}')
}

// appendLabel appends a member of an object, and nothing where it is empty.
func appendLabel(body []byte, name, value string) []byte {
	if value == "" {
		return body
	}
	body, _ = jsontext.AppendQuote(append(body, name...), value) // Its error is that of invalid UTF-8, which it repairs.
	return append(body, ',')
}

// decode is the reverse of State.WriteTo. It returns ErrNewerState for a file of a newer version, and another error for one that
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
	end := len(rest) - hex.EncodedLen(sha256.Size)
	if !ok1 || !ok2 || end < 0 {
		return nil, errors.New("not a whole state file")
	}
	body, ok3 := bytes.CutSuffix(rest[:end], []byte(fileMiddle))
	sum := sha256.Sum256(body)
	switch {
	case !ok3:
		return nil, errors.New("not a whole state file")
	case !bytes.Equal(rest[end:], hex.AppendEncode(nil, sum[:])):
		return nil, errors.New("checksum does not match")
	}
	return body, nil
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

// notAfter returns the State without times after now, which come from a clock that was ahead. They would last for ever, as created
// timestamps in the future.
func (s State) notAfter(now time.Time) State {
	for _, t := range []*time.Time{&s.Epoch, &s.Committed, &s.AtEnd, &s.LastEvent} {
		*t = earlier(*t, now)
	}
	for i := range s.Gaps {
		s.Gaps[i].Created = earlier(s.Gaps[i].Created, now)
	}
	s.series = slices.Clone(s.series)
	for i := range s.series {
		s.series[i].Created = earlier(s.series[i].Created, now)
	}
	return s
}
