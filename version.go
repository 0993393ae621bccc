package main

import (
	"runtime/debug"
	"strings"
)

// moduleVersion returns the version that Go embeds in a build without -ldflags, such as that of `go install` or of
// `go build` in a git checkout; "unknown" in an unpacked archive, about which Go has no version.
func moduleVersion(info *debug.BuildInfo, ok bool) string {
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "unknown"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}
