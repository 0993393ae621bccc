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

package pages

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// page is the beginning of an answer, plain and compressed. The rest (the next token) differs with each answer; compressing
// half a megabyte again for it would take CPU time from the clients.
type page struct {
	plain  []byte
	packed []byte
	sum    uint32
}

// newPage compresses the beginning of an answer up to a byte boundary, where a further block can follow.
func newPage(plain []byte) (page, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain); err != nil {
		return page{}, fmt.Errorf("compress: %w", err)
	}
	if err := z.Flush(); err != nil {
		return page{}, fmt.Errorf("compress: %w", err)
	}
	return page{bytes.Clone(plain), packed.Bytes(), crc32.ChecksumIEEE(plain)}, nil
}

// answer returns the page with its tail.
func (p page) answer(tail string) []byte {
	return append(bytes.Clone(p.plain), tail...)
}

// compressed returns the page with its tail as one gzip stream: the tail is its last block, stored as it is.
// See RFC 1951, 3.2.4 for the block and RFC 1952, 2.3.1 for the checksum and size at the end.
func (p page) compressed(tail string) []byte {
	out := make([]byte, 0, len(p.packed)+len(tail)+13)
	out = append(out, p.packed...)
	out = append(out, 1) // A stored block, and the last one.
	out = binary.LittleEndian.AppendUint16(out, uint16(len(tail)))
	out = binary.LittleEndian.AppendUint16(out, ^uint16(len(tail)))
	out = append(out, tail...)
	out = binary.LittleEndian.AppendUint32(out, crc32.Update(p.sum, crc32.IEEETable, []byte(tail)))
	return binary.LittleEndian.AppendUint32(out, uint32(len(p.plain)+len(tail)))
}
