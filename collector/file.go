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
	Version int      `json:"version"`
	State   State    `json:",embed"`
	Series  []Series `json:"series,omitzero"` // Last, and written by WriteTo.
}

// WriteTo writes a state file. It holds little of it in memory: a state may be larger than the soft memory limit allows twice.
func (s State) WriteTo(w io.Writer) (written int64, err error) {
	// Invalid UTF-8 is repaired, so that nothing from outside makes a state unsavable.
	start, err := json.Marshal(stateFile{Version: stateVersion, State: s}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return 0, err
	}
	start = append(bytes.TrimSuffix(start, []byte("}")), `,"series":[`...)
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
	return file.State.withSeries(file.Series)
}

// withSeries returns the State with the series of its file.
func (s State) withSeries(series []Series) (State, error) {
	s.series, s.index = series, make(map[Labels]int, len(series))
	for i, one := range series {
		if _, twice := s.index[one.Labels]; twice {
			return State{}, fmt.Errorf("series %+v twice", one.Labels)
		}
		if s.index[one.Labels] = i; one.Value > 0 && !one.Labels.isFolded() {
			s.active++
		}
	}
	return s.complete(s.Committed), nil
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

// notAfter returns the State without times after now, which come from a clock that was ahead. They would last for ever, as created
// timestamps in the future.
func (s State) notAfter(now time.Time) State {
	for _, t := range []*time.Time{&s.Epoch, &s.Committed, &s.AtEnd, &s.LastEvent} {
		*t = earlier(*t, now)
	}
	if s.Pending != nil {
		pending := *s.Pending
		pending.Since = earlier(pending.Since, now)
		s.Pending = &pending
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
