package client

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// readToken reads a file that holds a token and nothing else. Its errors never quote the content.
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

// notInToken tells whether r can't be in a bearer token: controls, spaces, quotes and what is not ASCII.
func notInToken(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }

// A secret is what belongs to the request under way: the bearer token, and the sync token that it asks with. Servers and
// proxies echo requests, so what they say is searched for both.
type secret struct {
	bearer        string
	bearerR, both *strings.Replacer
}

func newSecret(bearer, sync string) secret {
	hidden := forms(bearer)
	return secret{
		bearer:  bearer,
		bearerR: strings.NewReplacer(hidden...),
		both:    strings.NewReplacer(append(hidden, forms(sync)...)...),
	}
}

// forms returns what a token may be found by, each with what replaces it: the token, and its long runs of letters and
// digits, since an echo may be escaped (%2F, \/, &#47;) and they are not changed by that.
func forms(token string) []string {
	const (
		redacted = "[redacted]"
		shortest = 6  // What is shorter is a word that is found everywhere; Asana's tokens have 34 bytes and more.
		longer   = 19 // Longer than a gid, which is no secret.
	)
	if len(token) < shortest {
		return nil
	}
	found := []string{token, redacted}
	for run := range strings.FieldsFuncSeq(token, func(r rune) bool { return !isAlphanumeric(r) }) {
		if len(run) > longer {
			found = append(found, run, redacted)
		}
	}
	return found
}

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// isIn tells whether text, which may be a sync token, holds the bearer token.
func (s secret) isIn(text string) bool { return s.bearerR.Replace(text) != text }

func (s secret) redact(text string) string { return s.both.Replace(text) }

// redactError keeps the chain of an error that is clean, and only the words of one that is not.
func (s secret) redactError(err error) error {
	text := err.Error()
	if clean := s.redact(text); clean != text {
		return errors.New(clean)
	}
	return err
}
