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
	"math"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// stretch is a part of a series. It implements storage.Series.
type stretch struct {
	labels labels.Labels
	times  []int64
	values []float64
}

// Labels is, like Iterator, what storage.Series asks for.
func (s *stretch) Labels() labels.Labels { return s.labels }

// Iterator takes the other over for a new walk, if it is one of ours.
func (s *stretch) Iterator(reuse chunkenc.Iterator) chunkenc.Iterator {
	it, ok := reuse.(*iterator[int64])
	if !ok {
		it = &iterator[int64]{}
	}
	*it = iterator[int64]{times: s.times, values: s.values, i: -1}
	return it
}

// iterator has a type parameter only to keep go vet from taking its Seek for that of io.Seeker.
type iterator[T int64] struct {
	times  []int64
	values []float64
	i      int
}

// Next is, like the methods below, what chunkenc.Iterator asks for.
func (it *iterator[T]) Next() chunkenc.ValueType {
	it.i++
	return it.here()
}

func (it *iterator[T]) here() chunkenc.ValueType {
	if it.i < len(it.times) {
		return chunkenc.ValFloat
	}
	it.i = len(it.times)
	return chunkenc.ValNone
}

// Seek gallops, since most seeks are to near positions.
func (it *iterator[T]) Seek(t T) chunkenc.ValueType {
	it.i = max(it.i, 0)
	from, to := it.i, it.i
	for step := 1; to < len(it.times) && it.times[to] < int64(t); step *= 2 {
		from = to
		to += step
	}
	to = min(to, len(it.times))
	for from < to {
		if middle := (from + to) / 2; it.times[middle] < int64(t) {
			from = middle + 1
		} else {
			to = middle
		}
	}
	it.i = from
	return it.here()
}

// At returns the time in milliseconds and the value. It must not be called before Next or Seek, nor after the end.
func (it *iterator[T]) At() (int64, float64) { return it.times[it.i], it.values[it.i] }

// AtHistogram is never called: no Next or Seek says that there is one.
func (it *iterator[T]) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	panic("the store has no histograms")
}

// AtFloatHistogram is never called either.
func (it *iterator[T]) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	panic("the store has no histograms")
}

// AtT returns the time in milliseconds, and the least there is outside of the stretch.
func (it *iterator[T]) AtT() int64 {
	if it.i < 0 || it.i >= len(it.times) {
		return math.MinInt64
	}
	return it.times[it.i]
}

// AtST returns 0, which is no start timestamp.
func (it *iterator[T]) AtST() int64 { return 0 }

// Err returns nil: nothing in memory can't be read.
func (it *iterator[T]) Err() error { return nil }
