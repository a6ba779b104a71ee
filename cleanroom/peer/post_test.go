package peer

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/iotest"
	"time"
)

// A chunk's time begins anew with every piece of it, and only then.
func TestChunkTimeFollowsProgress(t *testing.T) {
	for size, want := range map[int]int{0: 0, 1: 1, piece: 1, piece + 1: 2, ChunkSize: ChunkSize / piece} {
		body, asked := noise(1, size), 0
		r := &http.Request{ContentLength: int64(size), Body: http.NoBody}
		if size > 0 {
			r.Body = io.NopCloser(iotest.HalfReader(bytes.NewReader(body)))
		}
		got, err := readChunk(r, func() { asked++ })
		if err != nil || !bytes.Equal(got, body) || asked != want {
			t.Errorf("%d bytes: %v, more time %d times, want %d", size, err, asked, want)
		}
	}
	r := &http.Request{ContentLength: 2 * piece, Body: io.NopCloser(iotest.TimeoutReader(bytes.NewReader(noise(1, 2*piece))))}
	if _, err := readChunk(r, func() {}); err == nil {
		t.Error("a chunk that was cut off was taken")
	}
}

// The door's own connections let the time be set.
func TestChunkTimeCanBeSet(t *testing.T) {
	var failed error
	_, _, c := known(t, func(s *Server) {
		s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rc := http.NewResponseController(w)
			end := time.Now().Add(callTime)
			failed = errors.Join(rc.SetReadDeadline(end), rc.SetWriteDeadline(end))
			w.WriteHeader(http.StatusNoContent)
		})
	})
	if err := c.put(ctxb, runA, "x", 0, noise(1, 10)); err != nil || failed != nil {
		t.Errorf("%v, %v", err, failed)
	}
}
