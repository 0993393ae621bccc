package collector

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// stepLength is the bucket width of event times. The state file holds all steps of a backlog, and one second would bloat each
// commit.
const stepLength = 10 * time.Second

// steps are the numbers of deletions by event time, sorted by time. Steps without deletions are left out.
type steps []step

type step struct {
	at                int64 // Since 1970, in steps.
	deleted, projects uint64
}

func stepOf(t time.Time) int64 { return t.Unix() / int64(stepLength/time.Second) }

// add counts a deletion. It changes the array of s, which no other State may share.
func (s *steps) add(at int64, project bool) {
	i, found := slices.BinarySearchFunc(*s, at, func(s step, at int64) int { return cmp.Compare(s.at, at) })
	if !found {
		*s = slices.Insert(*s, i, step{at: at})
	}
	(*s)[i].deleted++
	if project {
		(*s)[i].projects++
	}
}

// peaks returns the most deletions, of all types and of projects, in any PeakWindow. The time of a deletion is known to a step,
// so the window is one step longer than PeakWindow: the peak is never too low.
func (s steps) peaks() (deleted, projects uint64) {
	var window step // The sum of the steps from first to here.
	first := 0
	for _, here := range s {
		window.deleted += here.deleted
		window.projects += here.projects
		for ; here.at-s[first].at > int64(PeakWindow/stepLength); first++ {
			window.deleted -= s[first].deleted
			window.projects -= s[first].projects
		}
		deleted = max(deleted, window.deleted)
		projects = max(projects, window.projects)
	}
	return deleted, projects
}

// MarshalJSON writes an array of numbers, three for each step, which is cheap enough to do with each page of a backlog.
func (s steps) MarshalJSON() ([]byte, error) {
	text := append(make([]byte, 0, 16*len(s)+2), '[')
	for i, step := range s {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(strconv.AppendInt(text, step.at, 10), ',')
		text = append(strconv.AppendUint(text, step.deleted, 10), ',')
		text = strconv.AppendUint(text, step.projects, 10)
	}
	return append(text, ']'), nil
}

// UnmarshalJSON is the reverse of MarshalJSON.
func (s *steps) UnmarshalJSON(text []byte) error {
	var numbers []int64
	if err := json.Unmarshal(text, &numbers); err != nil {
		return err
	}
	if len(numbers)%3 != 0 {
		return errors.New("steps of a backlog are not three numbers each")
	}
	*s = make(steps, 0, len(numbers)/3)
	for step3 := range slices.Chunk(numbers, 3) {
		if step3[1] < 0 || step3[2] < 0 {
			return errors.New("a step of a backlog is negative")
		}
		*s = append(*s, step{step3[0], uint64(step3[1]), uint64(step3[2])}) //nolint:gosec // Neither is negative.
	}
	return nil
}
