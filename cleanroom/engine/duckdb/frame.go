package duckdb

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A frame is
//
//	kind   1 byte
//	length 4 bytes, little-endian, at most maxFrame
//	payload
//
// The child sends any number of data frames and ends with one frame of kind
// frameDone (JSON, or empty) or frameFail (a failure as JSON).
const (
	frameData byte = 'd'
	frameDone byte = '.'
	frameFail byte = '!'

	maxFrame   = 1 << 20
	maxRequest = 16 << 20
)

var errFrame = errors.New("the engine's child broke the frame format")

type frameWriter struct{ w *bufio.Writer }

func (f frameWriter) write(kind byte, payload []byte) error {
	var head [5]byte
	head[0] = kind
	binary.LittleEndian.PutUint32(head[1:], uint32(len(payload)))
	if _, err := f.w.Write(head[:]); err != nil {
		return err
	}
	_, err := f.w.Write(payload)
	return err
}

// finish ends the conversation with v, or with err if it is not nil.
func (f frameWriter) finish(v any, err error) error {
	kind := frameDone
	if err != nil {
		var fail failure
		if !errors.As(err, &fail) {
			fail = failure{Code: codeInternal}
		}
		kind, v = frameFail, fail
	}
	payload, jerr := json.Marshal(v)
	if jerr != nil {
		return jerr
	}
	if err := f.write(kind, payload); err != nil {
		return err
	}
	return f.w.Flush()
}

// readFrames calls data for each data frame, whose bytes are reused, and
// returns the closing frame's payload. The child is not trusted: a frame over
// maxFrame ends the reading before anything is allocated for it. An io error
// (also an early end) is returned as it is.
func readFrames(r io.Reader, data func([]byte) error) ([]byte, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	buf := make([]byte, 0, 1<<16)
	for {
		var head [5]byte
		if _, err := io.ReadFull(br, head[:]); err != nil {
			return nil, err
		}
		n := binary.LittleEndian.Uint32(head[1:])
		if n > maxFrame {
			return nil, errFrame
		}
		if cap(buf) < int(n) {
			buf = make([]byte, n)
		}
		buf = buf[:n]
		if _, err := io.ReadFull(br, buf); err != nil {
			return nil, err
		}
		switch head[0] {
		case frameData:
			if data == nil {
				return nil, errFrame
			}
			if err := data(buf); err != nil {
				return nil, callbackError{err}
			}
		case frameDone:
			return append([]byte(nil), buf...), nil
		case frameFail:
			var f failure
			if err := json.Unmarshal(buf, &f); err != nil {
				return nil, fmt.Errorf("%w: failure", errFrame)
			}
			return nil, f
		default:
			return nil, errFrame
		}
	}
}

// callbackError marks an error of the caller's function, which is handed back
// as it is.
type callbackError struct{ err error }

func (c callbackError) Error() string { return c.err.Error() }
