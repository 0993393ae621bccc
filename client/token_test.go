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
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTokenFileHoldsTheTokenAlone(t *testing.T) {
	const (
		empty = "empty; write the service account's token into it"
		alone = `must hold the token alone, on one line, without quotes or "Bearer"`
		long  = "more than 4096 bytes; write the service account's token into it, and nothing else"
	)
	for name, test := range map[string]struct{ content, token, want string }{
		"as it is":             {token, token, ""},
		"a line":               {token + "\n", token, ""},
		"a line of Windows":    {token + "\r\n", token, ""},
		"byte order mark":      {"\uFEFF" + token + "\r\n", token, ""},
		"white space around":   {" \t\n" + token + "\n\n ", token, ""},
		"as long as can be":    {strings.Repeat("x", 4096), strings.Repeat("x", 4096), ""},
		"empty":                {"", "", empty},
		"blank":                {" \r\n\t\n", "", empty},
		"byte order mark only": {"\uFEFF\n", "", empty},
		"two lines":            {token + "\n" + token + "\n", "", alone},
		"lines of old Macs":    {token + "\r" + token, "", alone},
		"a comment":            {"# mine\n" + token, "", alone},
		"quotes":               {`"` + token + `"`, "", alone},
		"JSON":                 {`{"token":"` + token + `"}`, "", alone},
		"escaped":              {strings.ReplaceAll(token, "/", `\/`), "", alone},
		"the header":           {"Bearer " + token, "", alone},
		"a control":            {token + "\x00", "", alone},
		"not ASCII":            {"tökén", "", alone},
		"UTF-16":               {"\xff\xfe2\x00/\x00", "", alone},
		"too long":             {strings.Repeat("x", 4097), "", long},
		"a book":               {strings.Repeat("x\n", 1<<20), "", long},
	} {
		t.Run(name, func(t *testing.T) {
			path := tokenFile(t, test.content)
			if test.want != "" {
				test.want = "token file " + path + ": " + test.want
			}
			got, err := readToken(path)
			if got != test.token || words(err) != test.want {
				t.Errorf("got %q and %v, want %q and %q", got, err, test.token, test.want)
			}
			if _, err := New(Options{Workspace: workspace, TokenFile: path}); words(err) != test.want {
				t.Errorf("New says %v, want %q", err, test.want)
			}
		})
	}
}

func TestTokenFileMustBeThere(t *testing.T) {
	missing, folder := filepath.Join(t.TempDir(), "token"), t.TempDir()
	for path, want := range map[string]string{
		"":      "token file: none named; put the service account's token into a file and name it",
		missing: "token file: open " + missing + ": no such file or directory; it must be a file with the service account's token that this user can read",
		folder:  "token file " + folder + ": not a regular file; a pipe can be read once, and the token is read for each request",
	} {
		if _, err := New(Options{Workspace: workspace, TokenFile: path}); words(err) != want {
			t.Errorf("%q: got %v, want %q", path, err, want)
		}
	}
	if _, err := New(Options{Workspace: workspace, TokenFile: missing}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want one that a caller can tell", err)
	}
}

// A token can be rotated while the program runs: before Asana refuses the old one, or after.
func TestTokenIsReadAgain(t *testing.T) {
	var got []string
	valid := "old"
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
		if got[len(got)-1] != "Bearer "+valid {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Write([]byte(emptyPage))
	})
	path := tokenFile(t, "old")
	c := newClient(t, Options{URL: address, TokenFile: path})
	ask := func(want string) {
		t.Helper()
		if _, err := c.Events(t.Context(), position); words(err) != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	const refused = "refused: 401 Unauthorized (is the token that of a service account, and not revoked?)"

	ask("")
	writeFile(t, path, "newer\n")
	valid = "newer"
	ask("")

	valid = "newest"
	ask(refused)
	ask(refused)
	writeFile(t, path, "newest\n")
	ask("")

	writeFile(t, path, "half a tok")
	ask("token file " + path + `: must hold the token alone, on one line, without quotes or "Bearer"`)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	ask("token file: open " + path + ": no such file or directory; it must be a file with the service account's token that this user can read")
	writeFile(t, path, "newest")
	ask("")

	want := []string{"Bearer old", "Bearer newer", "Bearer newer", "Bearer newer", "Bearer newest", "Bearer newest"}
	if !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}
