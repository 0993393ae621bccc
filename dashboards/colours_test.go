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

package main

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every colour is one of the palette that people tell apart who do not see red and green apart.
func TestColoursAreOfThePalette(t *testing.T) {
	palette := []string{orange, skyBlue, green, blue, vermillion, purple, grey}
	colour := regexp.MustCompile(`"(?:fixedColor|color|fill|iconColor)": "([^"]*)"`)
	for _, d := range dashboards() {
		for _, match := range colour.FindAllStringSubmatch(string(d.json()), -1) {
			hue := match[1]
			if len(hue) == len("#RRGGBBAA") {
				hue = hue[:len("#RRGGBB")] // Seen through.
			}
			if hue != "dash" && hue != "dot" && !slices.Contains(palette, hue) {
				t.Errorf("%s: %s is not of the palette", d.Title, match[0])
			}
		}
	}
}

// Two series that are drawn in one chart differ in colour or in dash.
func TestSeriesDiffer(t *testing.T) {
	for name, styles := range map[string][]style{"actions": actions(), "types": resourceTypes(), "answers": answers()} {
		seen := map[string]string{}
		for _, s := range styles {
			look := s.colour + strings.Repeat("-", s.dash)
			if other, ok := seen[look]; ok {
				t.Errorf("%s: %s looks like %s", name, s.name, other)
			}
			seen[look] = s.name
		}
	}
}

// A colour of a line stands out from the background of Grafana's dark and light themes: 3:1 is what WCAG asks of graphics.
func TestColoursStandOut(t *testing.T) {
	const least = 3
	for _, colour := range []string{orange, skyBlue, green, blue, vermillion, purple, grey} {
		for theme, background := range map[string]string{"dark": "#181B1F", "light": "#FFFFFF"} {
			a, b := luminance(t, colour), luminance(t, background)
			if contrast := (max(a, b) + 0.05) / (min(a, b) + 0.05); contrast < least {
				t.Errorf("%s in the %s theme: %.1f:1", colour, theme, contrast)
			}
		}
	}
}

// luminance is defined by WCAG 2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var light float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		part := float64(n) / 255
		if part <= 0.03928 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		light += weight * part
	}
	return light
}
