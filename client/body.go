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
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// read reads the body of resp, decompressed and without a byte order mark, into d.body. It reads at most limit bytes, and one
// more to see whether there are more.
func (d *decoder) read(resp *http.Response, limit int64) error {
	var err error
	if isGzip(resp.Header) {
		if err = fill(&d.gzip.in, resp.Body, limit); err == nil {
			d.gzip.open = false
			err = fill(&d.body, &d.gzip, limit)
		}
	} else {
		err = fill(&d.body, resp.Body, limit)
	}
	if err != nil {
		return err
	}
	if mark := []byte("\xef\xbb\xbf"); bytes.HasPrefix(d.body.Bytes(), mark) {
		d.body.Next(len(mark))
	}
	return nil
}

// isGzip reports whether a body is compressed as we asked. See https://www.rfc-editor.org/rfc/rfc9110#field.content-encoding for x-gzip.
func isGzip(header http.Header) bool {
	encoding := strings.ToLower(header.Get("Content-Encoding"))
	return encoding == "gzip" || encoding == "x-gzip"
}

// fill replaces the content of buffer with that of r, at most limit bytes.
func fill(buffer *bytes.Buffer, r io.Reader, limit int64) error {
	buffer.Reset()
	switch n, err := buffer.ReadFrom(io.LimitReader(r, limit+1)); {
	case n > limit:
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	case err != nil:
		return fmt.Errorf("broke off: %w", withoutQuotes(err))
	}
	return nil
}

// A gzipReader decompresses one or more gzip streams. It ignores zero bytes after a stream, which some proxies add.
type gzipReader struct {
	in   bytes.Buffer // The whole body: decompressing takes a tenth more from a stream.
	z    gzip.Reader
	open bool // A stream has begun.
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		if !g.open {
			if err := g.next(); err != nil {
				return 0, err
			}
		}
		n, err := g.z.Read(p)
		if errors.Is(err, io.EOF) {
			g.open, err = false, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// next begins the next stream; io.EOF if there is none.
func (g *gzipReader) next() error {
	for {
		switch b, err := g.in.ReadByte(); {
		case err != nil:
			return err
		case b != 0:
			_ = g.in.UnreadByte() // It follows a ReadByte.
			err := g.z.Reset(&g.in)
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			g.z.Multistream(false)
			g.open = err == nil
			return err
		}
	}
}
