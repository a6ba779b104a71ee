package peer

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

func chunkHeader(body []byte) http.Header { return http.Header{digestHeader: {digestOf(body)}} }

const noSuchRunJSON = `{"type":"urn:parley:problem:unknown","title":"unknown","status":404,"detail":"no such run"}`

// R62: names in a path or a query are of one shape, and everything else gets
// the answer of an unknown run, or one that does not repeat it.
func TestHostileNames(t *testing.T) {
	n, cert, _ := known(t, nil)
	n.open(t, runA)
	hc := n.raw(t, cert)
	body := []byte("canary")
	for _, id := range []string{"..%2f..%2fetc", "%2e%2e", strings.Repeat("0", 31), strings.Repeat("0", 4000), runA + "%00",
		runA + "%0a", strings.ToUpper(runA), runA[:31] + "%67", "%ef%bc%90" + runA[1:]} {
		code, got := n.do(t, hc, "PUT", "/peer/v1/runs/"+id+"/messages?step=x&chunk=0", chunkHeader(body), bytes.NewReader(body))
		if code != 404 || strings.TrimSpace(got) != noSuchRunJSON {
			t.Errorf("run %.40q: %d %s", id, code, got)
		}
	}
	for _, q := range []string{"step=../x&chunk=0", "step=x/../y&chunk=0", "step=%2e%2e&chunk=0", "step=x%00&chunk=0", "step=/x&chunk=0",
		"step=x//y&chunk=0", "step=x%0a&chunk=0", "step=X&chunk=0", "step=&chunk=0", "chunk=0", "step=x", "step=x&step=y&chunk=0",
		"step=x&chunk=0&chunk=1", "step=x&chunk=0&z=1", "step=x&chunk=-1", "step=x&chunk=+1", "step=x&chunk=00", "step=x&chunk=65536",
		"step=x&chunk=9223372036854775808", "step=x&chunk=0x1", "step=x;chunk=0", "step=" + strings.Repeat("x", 65) + "&chunk=0"} {
		code, got := n.do(t, hc, "PUT", "/peer/v1/runs/"+runA+"/messages?"+q, chunkHeader(body), bytes.NewReader(body))
		if want := `{"type":"urn:parley:problem:malformed","title":"malformed","status":400,"detail":"the message's place is malformed"}`; code != 400 || strings.TrimSpace(got) != want {
			t.Errorf("%.60q: %d %s", q, code, got)
		}
	}
	if len(n.mail.box(runA).chunks) != 0 {
		t.Error("something was stored")
	}
	for _, id := range []string{"..", "../x", "", "a/b", strings.ToUpper(runA), runA + "\n"} {
		if _, err := n.mail.Open(id); err == nil {
			t.Errorf("a mailbox was opened for %q", id)
		}
	}
}

// An unknown run, somebody else's run and a malformed id look the same.
func TestOneAnswerForRunsOfOthers(t *testing.T) {
	n, cert, c := known(t, nil)
	n.open(t, runA)
	mine := fingerprint(cert.Leaf)
	n.svc.may = func(from, run string) bool { return from == mine && run == runB }
	for _, id := range []string{runA, hex64[:32], "nonsense"} {
		err := c.put(context.Background(), id, "x", 0, []byte("b"))
		if !IsProblem(err, RefusedUnknown) || err.Error() != sentences[RefusedUnknown] {
			t.Errorf("%s: %v", id, err)
		}
	}
	if err := c.put(context.Background(), runB, "x", 0, []byte("b")); !IsProblem(err, RefusedUnknown) {
		t.Errorf("a run without a mailbox: %v", err)
	}
}

// R48: lengths and compressed bodies.
func TestHostileBodies(t *testing.T) {
	n, cert, _ := known(t, nil)
	n.open(t, runA)
	hc := n.raw(t, cert)
	url := "/peer/v1/runs/" + runA + "/messages?step=x&chunk=0"
	big := make([]byte, ChunkSize+1)
	if code, _ := n.do(t, hc, "PUT", url, chunkHeader(big), bytes.NewReader(big)); code != 413 {
		t.Errorf("a chunk too large: %d", code)
	}
	if code, _ := n.do(t, hc, "PUT", url, chunkHeader(big), struct{ *bytes.Reader }{bytes.NewReader(big[:9])}); code != 411 {
		t.Errorf("a chunk without a length: %d", code)
	}
	if code, got := n.do(t, hc, "PUT", url, chunkHeader([]byte("a")), strings.NewReader("b")); code != 400 || !strings.Contains(got, "problem:digest") {
		t.Errorf("a wrong digest: %d %s", code, got)
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(make([]byte, 64<<20))
	z.Close()
	gz := http.Header{"Content-Encoding": {"gzip"}, "Content-Type": {"application/json"}}
	if code, got := n.do(t, hc, "POST", "/peer/v1/runs", gz, bytes.NewReader(bomb.Bytes())); code != 400 || !strings.Contains(got, "problem:malformed") {
		t.Errorf("a gzip bomb: %d %s", code, got)
	}
	if code, _ := n.do(t, hc, "POST", "/peer/v1/runs", nil, bytes.NewReader(make([]byte, maxJSON+1))); code != 413 {
		t.Errorf("an offer too large: %d", code)
	}
	if len(n.svc.calls) > 0 || len(n.mail.box(runA).chunks) > 0 {
		t.Error("something got through")
	}
}

// A length of 2^63 in the header is never believed.
func TestHostileLength(t *testing.T) {
	n, cert, _ := known(t, nil)
	n.open(t, runA)
	for _, length := range []string{"9223372036854775808", "9223372036854775807", "18446744073709551616", "-1"} {
		conn, err := tls.Dial("tcp", n.addr, clientTLS(cert, fingerprint(n.cert.Leaf), time.Now))
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(3 * time.Second))
		var block bytes.Buffer
		enc := hpack.NewEncoder(&block)
		for _, h := range [][2]string{{":method", "PUT"}, {":scheme", "https"}, {":authority", n.addr},
			{":path", "/peer/v1/runs/" + runA + "/messages?step=x&chunk=0"}, {"content-length", length}, {strings.ToLower(digestHeader), hex64}} {
			enc.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]})
		}
		conn.Write([]byte(http2.ClientPreface))
		f := http2.NewFramer(conn, conn)
		f.WriteSettings()
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true})
		f.WriteData(1, true, []byte("abc"))
		if status := firstStatus(t, f); status == "204" || status == "" {
			t.Errorf("content-length %s: answered %q", length, status)
		}
		conn.Close()
	}
	if len(n.mail.box(runA).chunks) > 0 {
		t.Error("something was stored")
	}
}

// firstStatus reads frames until the stream is answered or reset.
func firstStatus(t *testing.T, f *http2.Framer) string {
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Log(err)
			return ""
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			return frame.PseudoValue("status")
		case *http2.RSTStreamFrame:
			return "reset"
		case *http2.GoAwayFrame:
			return "go away"
		}
	}
}

// The other node's words never reach our error texts.
func TestNothingOfThePeerIsQuoted(t *testing.T) {
	const evil = "\x1b[2Jcanary<script>"
	var reply func(w http.ResponseWriter)
	n, _, c := known(t, func(s *Server) {
		s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reply(w) })
	})
	quoted, _ := json.Marshal(evil)
	for what, fn := range map[string]func(w http.ResponseWriter){
		"detail": func(w http.ResponseWriter) {
			w.WriteHeader(403)
			fmt.Fprintf(w, `{"type":"urn:parley:problem:plan","title":%s,"status":403,"detail":%s}`, quoted, quoted)
		},
		"type":     func(w http.ResponseWriter) { w.WriteHeader(500); fmt.Fprintf(w, `{"type":%s}`, quoted) },
		"not json": func(w http.ResponseWriter) { w.WriteHeader(500); w.Write([]byte(evil)) },
		"field":    func(w http.ResponseWriter) { fmt.Fprintf(w, `{%s:1}`, quoted) },
		"after":    func(w http.ResponseWriter) { fmt.Fprintf(w, `{"state":"x"}}`) },
		"twice":    func(w http.ResponseWriter) { fmt.Fprintf(w, `{"state":"x","STATE":"y"}`) },
		"null":     func(w http.ResponseWriter) { fmt.Fprint(w, `null`) },
		"202":      func(w http.ResponseWriter) { w.WriteHeader(202) },
		"204":      func(w http.ResponseWriter) { w.WriteHeader(204) },
		"large":    func(w http.ResponseWriter) { w.Write(make([]byte, maxSmall+1)) },
		"header":   func(w http.ResponseWriter) { w.Header().Set("canary", strings.Repeat("c", 64<<10)) },
	} {
		reply = fn
		err := status(c)
		if err == nil || strings.Contains(err.Error(), "canary") || strings.ContainsAny(err.Error(), "\x1b<") {
			t.Errorf("%s: %v", what, err)
		}
		if what == "detail" && err.Error() != sentences[RefusedPlan] {
			t.Errorf("a known word is not told in our own sentence: %v", err)
		}
	}
	if strings.Contains(n.log.String(), "canary") {
		t.Error("the log quotes the peer")
	}
}

// A panic and an error of the Service tell the caller nothing, and a panic's
// value stays out of the log.
func TestServiceFailures(t *testing.T) {
	n, _, c := known(t, nil)
	n.svc.status = func(string) (*Status, error) { return nil, errors.New("row 17 canary") }
	if err := status(c); !IsProblem(err, Failed) || err.Error() != sentences[Failed] {
		t.Errorf("error: %v", err)
	}
	if !strings.Contains(n.log.String(), "row 17 canary") {
		t.Error("the owner's log does not say why")
	}
	n.svc.status = func(string) (*Status, error) { panic("unit@example.com") }
	if err := status(c); !IsProblem(err, Failed) {
		t.Errorf("panic: %v", err)
	}
	if strings.Contains(n.log.String(), "unit@example.com") {
		t.Error("the log holds a panic's value")
	}
}

// A link that stands where a run's spool would be is not followed.
func TestSpoolDoesNotFollowLinks(t *testing.T) {
	n := start(t, nil)
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(n.dir, runA)); err != nil {
		t.Fatal(err)
	}
	if _, err := n.mail.Open(runA); err == nil {
		t.Error("a mailbox was opened in a link")
	}
	n.open(t, runB)
	victim := filepath.Join(outside, "victim")
	if err := os.WriteFile(victim, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(n.dir, runB, "00000001")); err != nil {
		t.Fatal(err)
	}
	err := n.mail.put(context.Background(), runB, chunkKey{"x", 0}, make([]byte, inMemory+1))
	if got, _ := os.ReadFile(victim); err == nil || string(got) != "keep" {
		t.Errorf("the link was followed: %v", err)
	}
	if err := n.mail.box(runB).close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(victim); err != nil {
		t.Errorf("closing removed what the link points at: %v", err)
	}
}
