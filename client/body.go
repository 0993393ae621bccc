package client

import (
	"bufio"
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
	var r io.Reader = resp.Body
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		d.gzip.reset(resp.Body)
		r = &d.gzip
	}
	d.body.Reset()
	switch n, err := d.body.ReadFrom(io.LimitReader(r, limit+1)); {
	case n > limit:
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	case err != nil:
		return fmt.Errorf("broke off: %w", withoutQuotes(err))
	}
	if mark := []byte("\xef\xbb\xbf"); bytes.HasPrefix(d.body.Bytes(), mark) {
		d.body.Next(len(mark))
	}
	return nil
}

// A gzipReader decompresses one or more gzip streams. It ignores zero bytes after a stream, which some proxies add.
type gzipReader struct {
	in   bufio.Reader
	z    gzip.Reader
	open bool // A stream has begun.
}

func (g *gzipReader) reset(r io.Reader) {
	g.in.Reset(r)
	g.open = false
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
