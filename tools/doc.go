// Package tools names the programs that check the rules of alerts/. pint can't be installed by name and version: the proxy has no
// list of versions for some of its modules, and go install asks for it.
//
//	go -C tools install tool
package tools
