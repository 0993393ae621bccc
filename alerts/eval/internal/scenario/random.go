package scenario

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// Deletions come in sessions: sessionMean of them on average, with a variance of dispersion times the mean.
const (
	sessionMean = 1.9
	dispersion  = 4.5
)

func hash(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // Never fails.
	return h.Sum64()
}

func poisson(r *rand.Rand, mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 50 {
		return int(max(0, mean+math.Sqrt(mean)*r.NormFloat64()+.5))
	}
	floor, product := math.Exp(-mean), 1.0
	for n := 0; ; n++ {
		product *= r.Float64()
		if product <= floor {
			return n
		}
	}
}

// session is the number of things deleted together: people delete one by one, and sometimes by multi-select.
func session(r *rand.Rand) int {
	switch u := r.Float64(); {
	case u < .75:
		return 1
	case u < .93:
		return 2 + r.IntN(3)
	case u < .99:
		return 5 + r.IntN(6)
	default:
		return 11 + r.IntN(10)
	}
}

// The rhythms of a week.
const (
	office      = "office"
	officeNight = "office-night" // Some work at night.
	global      = "global"
	flat        = "flat"
)

// weight is how busy a workspace of that rhythm is at a local minute of the week, 0 being Monday 00:00.
func weight(rhythm string, minute int) float64 {
	hour := float64(minute%Day) / 60
	weekend := minute/Day >= 5
	switch rhythm {
	case office:
		return officeHours(hour, weekend)
	case officeNight:
		return officeHours(hour, weekend) + .015
	case global:
		share := 1.0
		if weekend {
			share = .25
		}
		return share*(.35+.65*(bump(hour, 10, 3.5)+bump(hour, 19, 3))) + .02
	default:
		return 1 + .15*math.Sin(2*math.Pi*hour/24)
	}
}

func officeHours(hour float64, weekend bool) float64 {
	if hour < 6.5 || hour > 21 {
		return 0
	}
	w := bump(hour, 10.3, 1.6) + .95*bump(hour, 15, 2)
	if weekend {
		w *= .08
	}
	return w
}

func bump(x, centre, width float64) float64 {
	d := (x - centre) / width
	return math.Exp(-d * d / 2)
}
