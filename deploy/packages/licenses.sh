#!/bin/sh
# Prints the licences of Go and of the modules that are compiled into the program: most of them have to go with it.
set -eu

# licences NAME FOLDER prints those in a folder, of which there must be one.
licences() {
  printf '==== %s\n\n' "$1"
  found=
  for file in "$2"/LICEN[CS]E* "$2"/COPYING* "$2"/NOTICE*; do
    [ -f "$file" ] || continue
    cat "$file"
    echo
    found=yes
  done
  [ -n "$found" ] || {
    echo "$1 has no licence in $2" >&2
    exit 1
  }
}

modules=$(for system in linux darwin; do
  GOOS=$system go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}|{{.Dir}}{{end}}{{end}}' . || exit 1
done)
licences Go "$(go env GOROOT)"
printf '%s\n' "$modules" | sort -u | while IFS='|' read -r module folder; do
  licences "$module" "$folder"
done
