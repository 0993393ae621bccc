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

package scenario

import "slices"

// naturalMax is the largest count of so many minutes that happens by itself within two hours of that time of day, on
// days of the same class (working day or weekend).
func (b *builder) naturalMax(at, length int, deletes string) float64 {
	sums, ok := b.sums[deletes]
	if !ok {
		sums = b.sums[mixed]
	}
	most := 0.0
	for d := -91; d <= 110; d++ {
		for shift := -120; shift <= 120; shift += 2 {
			m := at + d*Day + shift
			if m < 0 || m+length > b.scenario.Minutes || b.weekend(m) != b.weekend(at) {
				continue
			}
			most = max(most, sums[m+length]-sums[m])
		}
	}
	return most
}

// weekend reports whether minute m is on a weekend; day 0 of Unix time was a Thursday.
func (b *builder) weekend(m int) bool { return (int(b.scenario.Start/86400)+3+m/Day)%7 >= 5 }

// cumulate keeps the sums up to each minute of all deletions and of the types that incidents delete, as they are before
// any incident.
func (b *builder) cumulate() {
	b.sums = map[string][]float64{mixed: b.cumulated("")}
	for _, t := range []string{"project", b.structure} {
		b.sums[t] = b.cumulated(t)
	}
}

func (b *builder) cumulated(only string) []float64 {
	sums := make([]float64, b.scenario.Minutes+1)
	for t, counts := range b.deleted {
		if only != "" && t != only {
			continue
		}
		for m, n := range counts {
			sums[m+1] += float64(n)
		}
	}
	for m := range b.scenario.Minutes {
		sums[m+1] += sums[m]
	}
	return sums
}

// empiricalDispersion is the variance of windows of that length against the week before, as a multiple of their mean;
// a robust one, without the largest 2 %.
func (b *builder) empiricalDispersion(length int) float64 {
	bins := make([]float64, b.scenario.Minutes/length)
	for i := range bins {
		bins[i] = b.expected(i*length, length)
	}
	lag := Week / length
	if b.scenario.Minutes < 2*Week {
		lag = Day / length
	}
	var ratios []float64
	for i := lag; i < len(bins); i++ {
		difference, mean := bins[i]-bins[i-lag], (bins[i]+bins[i-lag])/2
		if mean > 0 {
			ratios = append(ratios, difference*difference/2/mean)
		}
	}
	if len(ratios) == 0 {
		return 4
	}
	slices.Sort(ratios)
	kept := ratios[:len(ratios)*98/100]
	sum := 0.0
	for _, r := range kept {
		sum += r
	}
	return max(2, sum/float64(len(kept)))
}
