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

package client

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// readToken returns the token in a file that holds nothing else. Its errors never quote the content.
func readToken(path string) (string, error) {
	if path == "" {
		return "", errors.New("token file: none named; put the service account's token into a file and name it")
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("token file %s: not a regular file; a pipe can be read once, and the token is read for each request", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("token file: %w; it must be a file with the service account's token that this user can read", err)
	}
	defer f.Close()
	const most = 4 << 10
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", fmt.Errorf("token file: %w; it must be a file with the service account's token that this user can read", err)
	}
	token := strings.TrimSpace(strings.TrimPrefix(string(content), "\uFEFF"))
	switch {
	case len(content) > most:
		return "", fmt.Errorf("token file %s: more than %d bytes; write the service account's token into it, and nothing else", path, most)
	case token == "":
		return "", fmt.Errorf("token file %s: empty; write the service account's token into it", path)
	case strings.ContainsFunc(token, notInToken):
		return "", fmt.Errorf("token file %s: must hold the token alone, on one line, without quotes or \"Bearer\"", path)
	}
	return token, nil
}

// notInToken reports whether r can't be part of a bearer token: controls, spaces, quotes and non-ASCII.
func notInToken(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }
