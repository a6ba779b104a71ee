package peer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"parley/crypto/wire"
	"parley/internal/weak"
)

// digestHeader carries the hex SHA-256 of a chunk.
const digestHeader = "Parley-Chunk-Sha256"

// sealRoom is what encryption in place adds to a chunk.
const sealRoom = 16

// post takes one chunk. Its place is in the query, its digest in a header;
// how long it should have been is checked by whoever reads it.
func (s *Server) post(c echo.Context) error {
	id, err := run(c)
	if err != nil {
		return err
	}
	if !s.cfg.Service.MayPost(caller(c), id) {
		return noSuchRun()
	}
	key, err := place(c.Request().URL.RawQuery)
	if err != nil {
		return err
	}
	body, err := readChunk(c.Request(), patient(c))
	if err != nil {
		return err
	}
	want, err := hex.DecodeString(c.Request().Header.Get(digestHeader))
	if err != nil || !matches(want, body) {
		return Refuse(http.StatusBadRequest, RefusedDigest, "the chunk does not match its digest")
	}
	if err := s.cfg.Mail.put(c.Request().Context(), id, key, body); err != nil {
		return problemOf(err)
	}
	return c.NoContent(http.StatusNoContent)
}

// stored tells how much of a message is here already.
func (s *Server) stored(c echo.Context) error {
	id, err := run(c)
	if err != nil {
		return err
	}
	if !s.cfg.Service.MayPost(caller(c), id) {
		return noSuchRun()
	}
	q, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil || len(q) != 1 || len(q["step"]) != 1 || !isStep(q.Get("step")) {
		return malformed("the message's name is malformed")
	}
	n, err := s.cfg.Mail.leading(id, wire.Step(q.Get("step")))
	if err != nil {
		return problemOf(err)
	}
	return c.JSON(http.StatusOK, Stored{Chunks: n})
}

// place reads step and chunk from the query. Each stands there exactly once,
// in its only spelling, and nothing else does.
func place(query string) (chunkKey, error) {
	bad := malformed("the message's place is malformed")
	q, err := url.ParseQuery(query)
	if err != nil || len(q) != 2 || len(q["step"]) != 1 || len(q["chunk"]) != 1 {
		return chunkKey{}, bad
	}
	step, index := q.Get("step"), q.Get("chunk")
	n, err := strconv.ParseUint(index, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != index || n >= maxChunks {
		return chunkKey{}, bad
	}
	if !isStep(step) && !weak.Off("R62") {
		return chunkKey{}, bad
	}
	return chunkKey{wire.Step(step), int(n)}, nil
}

// readChunk reads a body whose announced length is at most a chunk's. At most
// chunksPerKey of them are in memory for one caller.
// more is called before each piece of it.
func readChunk(r *http.Request, more func()) ([]byte, error) {
	n := r.ContentLength
	switch {
	case n > ChunkSize:
		return nil, Refuse(http.StatusRequestEntityTooLarge, RefusedMalformed, "the chunk is too large")
	case n < 0:
		return nil, Refuse(http.StatusLengthRequired, RefusedMalformed, "the chunk's length is missing")
	}
	body := make([]byte, n, n+sealRoom)
	for left := body; len(left) > 0; left = left[min(piece, len(left)):] {
		more()
		if _, err := io.ReadFull(r.Body, left[:min(piece, len(left))]); err != nil {
			return nil, malformed("the chunk was cut off")
		}
	}
	return body, nil
}

// piece is how much of a chunk must come within callTime.
const piece = 64 << 10

// patient returns what gives a call its whole time again: over a slow line a
// chunk takes longer than a call may, and would never arrive.
func patient(c echo.Context) func() {
	rc := http.NewResponseController(c.Response())
	return func() {
		end := time.Now().Add(callTime)
		rc.SetReadDeadline(end) // fails only for a connection that is gone
		rc.SetWriteDeadline(end)
	}
}

func matches(want, body []byte) bool {
	got := sha256.Sum256(body)
	return subtle.ConstantTimeCompare(want, got[:]) == 1
}

func problemOf(err error) error {
	switch {
	case errors.Is(err, ErrNoMailbox), errors.Is(err, errClosed):
		return Refuse(http.StatusGone, RefusedUnknown, "the run is not going on here")
	case errors.Is(err, ErrChanged):
		return refuse(http.StatusConflict, RefusedChanged)
	case errors.Is(err, errSpoolFull):
		return refuse(http.StatusInsufficientStorage, RefusedSpool)
	}
	return err
}
