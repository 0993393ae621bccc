// Package tools names the programs that check the project and can't be installed by name and version: for some modules the
// proxy has no list of versions, and go install asks for it.
//
//	go -C tools install tool
package tools
