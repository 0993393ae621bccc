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

package engine

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// Stale ends a series: from here on a selector doesn't find it.
func Stale() float64 { return math.Float64frombits(value.StaleNaN) }

// Store keeps samples in memory. It is the storage.Queryable below Prometheus' own PromQL. The zero value is not usable.
type Store struct {
	series []*Series
	byHash map[uint64][]*Series
	// A selector that looks further back than retention, seen from end, finds nothing.
	retention, end int64
}

// Series is one series of a Store, its samples in milliseconds.
type Series struct {
	labels labels.Labels
	times  []int64
	values []float64
}

// NewStore is an empty store.
func NewStore() *Store { return &Store{byHash: map[uint64][]*Series{}} }

// Forget makes the store behave, in range queries that end at end (in milliseconds), as if it kept samples for that
// long only; 0 keeps all.
func (s *Store) Forget(retention time.Duration, end int64) {
	s.retention, s.end = retention.Milliseconds(), end
}

// Series is the series with these labels, which is made if it is missing.
func (s *Store) Series(l labels.Labels) *Series {
	if found := s.find(l); found != nil {
		return found
	}
	made := &Series{labels: l}
	s.byHash[l.Hash()] = append(s.byHash[l.Hash()], made)
	s.series = append(s.series, made)
	return made
}

func (s *Store) find(l labels.Labels) *Series {
	for _, x := range s.byHash[l.Hash()] {
		if labels.Equal(x.labels, l) {
			return x
		}
	}
	return nil
}

// All are the series in the order in which they were made.
func (s *Store) All() []*Series { return slices.Clone(s.series) }

// Labels are the labels of the series, its name among them.
func (s *Series) Labels() labels.Labels { return s.labels }

// Samples are the times in milliseconds and the values of the series.
func (s *Series) Samples() (times []int64, values []float64) { return s.times, s.values }

// Add adds a sample. As in Prometheus, the first of two samples with the same time stays.
func (s *Series) Add(t int64, v float64) {
	n := len(s.times)
	if n == 0 || s.times[n-1] < t {
		s.times, s.values = append(s.times, t), append(s.values, v)
		return
	}
	i, taken := slices.BinarySearch(s.times, t)
	if !taken { // Two rules that write the same series are evaluated one after the other.
		s.times, s.values = slices.Insert(s.times, i, t), slices.Insert(s.values, i, v)
	}
}

func (s *Series) last() float64 {
	if len(s.values) == 0 {
		return math.NaN()
	}
	return s.values[len(s.values)-1]
}

// Querier implements storage.Queryable.
func (s *Store) Querier(from, to int64) (storage.Querier, error) {
	return &querier{store: s, from: from, to: to}, nil
}

type querier struct {
	store    *Store
	from, to int64
}

// Select returns the matching series, sorted by their labels, and none before the retention.
func (q *querier) Select(_ context.Context, _ bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	set := &seriesSet{querier: q, i: -1}
	if q.store.retention > 0 && hints != nil && q.store.end-hints.End >= q.store.retention {
		return set
	}
	for _, x := range q.store.series {
		if matches(ms, x.labels) {
			set.list = append(set.list, x)
		}
	}
	slices.SortFunc(set.list, func(x, y *Series) int { return labels.Compare(x.labels, y.labels) })
	return set
}

func matches(ms []*labels.Matcher, l labels.Labels) bool {
	for _, m := range ms {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

var errUnsupported = errors.New("rules never ask for labels")

// LabelValues and LabelNames are what storage.Querier asks for; they return an error.
func (q *querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errUnsupported
}

// LabelNames returns an error.
func (q *querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errUnsupported
}

// Close does nothing: there is nothing to close.
func (q *querier) Close() error { return nil }

type seriesSet struct {
	querier *querier
	list    []*Series
	i       int
}

// Next is, like the methods below, what storage.SeriesSet asks for.
func (s *seriesSet) Next() bool {
	s.i++
	return s.i < len(s.list)
}

// At returns the part of a series that the querier was asked for, both ends included.
func (s *seriesSet) At() storage.Series {
	x := s.list[s.i]
	from := sort.Search(len(x.times), func(i int) bool { return x.times[i] >= s.querier.from })
	to := sort.Search(len(x.times), func(i int) bool { return cmp.Compare(x.times[i], s.querier.to) > 0 })
	return &stretch{x.labels, x.times[from:to], x.values[from:to]}
}

// Err returns nil.
func (s *seriesSet) Err() error { return nil }

// Warnings returns none.
func (s *seriesSet) Warnings() annotations.Annotations { return nil }
