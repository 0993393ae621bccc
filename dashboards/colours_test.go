package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every colour is one of the palette that people tell apart who do not see red and green apart.
func TestColoursAreOfThePalette(t *testing.T) {
	palette := []string{orange, skyBlue, green, yellow, blue, vermillion, purple, grey}
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

// Two series that are drawn in one chart differ in colour or in dash, and deletions never stand beside undeletions in
// colours alone.
func TestSeriesDiffer(t *testing.T) {
	for name, styles := range map[string][]style{"actions": actions(), "types": resourceTypes()} {
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
