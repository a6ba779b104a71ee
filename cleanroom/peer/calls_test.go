package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func offer() Offer {
	return Offer{Protocol: Protocol, Run: runA, Agreement: hex64, SQL: "SELECT 1", PlanHash: hex64, Nonce: hex64}
}

func TestCalls(t *testing.T) {
	n, _, c := known(t, nil)
	if a, err := c.Offer(ctxb, offer()); err != nil || a.PlanHash != hex64 {
		t.Errorf("offer: %v", err)
	}
	if s, err := c.Status(ctxb, runA); err != nil || s.State != "STARTED" {
		t.Errorf("status: %v", err)
	}
	if a, err := c.Answer(ctxb, runA); err != nil || string(a.Result) != "{}" {
		t.Errorf("answer: %v", err)
	}
	if r, err := c.Cosign(ctxb, runA, Cosign{Receipt: []byte("r")}); err != nil || string(r.Receipt) != "r+" {
		t.Errorf("cosign: %v", err)
	}
	if err := c.Cancel(ctxb, runA); err != nil {
		t.Errorf("cancel: %v", err)
	}
	if got := strings.Join(n.svc.calls, " "); got != "offer status "+runA+" cancel "+runA {
		t.Errorf("the service saw %s", got)
	}
}

// Every word is told in this node's sentence.
func TestRefusalsAreTold(t *testing.T) {
	n, _, c := known(t, nil)
	for word, sentence := range sentences {
		n.svc.offer = func(context.Context, Offer) (*Accept, error) {
			return nil, Refuse(http.StatusForbidden, word, "theirs")
		}
		if _, err := c.Offer(ctxb, offer()); !IsProblem(err, word) || err.Error() != sentence {
			t.Errorf("%s: %v", word, err)
		}
	}
	n.svc.answer = func(context.Context) (*Answer, error) { return nil, Refuse(http.StatusConflict, Failed, "theirs") }
	if _, err := c.Answer(ctxb, runA); !IsProblem(err, Failed) || err.Error() != sentences[RefusedEnded] {
		t.Errorf("answer: %v", err)
	}
}

func TestMalformedOffers(t *testing.T) {
	n, _, c := known(t, nil)
	for word, change := range map[string]func(*Offer){
		RefusedProtocol:  func(o *Offer) { o.Protocol = "parley/peer/v2" },
		RefusedMalformed: func(o *Offer) { o.Run = "../../etc" },
	} {
		o := offer()
		change(&o)
		if _, err := c.Offer(ctxb, o); !IsProblem(err, word) || err.Error() != sentences[word] {
			t.Errorf("%s: %v", word, err)
		}
	}
	o := offer()
	o.Nonce = "short"
	if _, err := c.Offer(ctxb, o); !IsProblem(err, RefusedMalformed) {
		t.Errorf("nonce: %v", err)
	}
	if len(n.svc.calls) > 0 {
		t.Error("the service saw a malformed offer")
	}
	n.svc.offer = func(context.Context, Offer) (*Accept, error) { return &Accept{PlanHash: "x"}, nil }
	if _, err := c.Offer(ctxb, offer()); err == nil || err.Error() != "node of Acme sent an answer this version does not understand" {
		t.Errorf("a malformed accept: %v", err)
	}
}

// A node that says "not yet" at once is not asked in a tight loop.
func TestAnswerIsPolledGently(t *testing.T) {
	n, _, c := known(t, nil)
	var asked atomic.Int32
	n.svc.answer = func(context.Context) (*Answer, error) { asked.Add(1); return nil, nil }
	ctx, stop := context.WithTimeoutCause(ctxb, 300*time.Millisecond, errors.New("enough"))
	defer stop()
	if _, err := c.Answer(ctx, runA); err == nil || err.Error() != "enough" {
		t.Errorf("got %v", err)
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times in 0.3 s", asked.Load())
	}
}

// A dead partner is given up after the patience, a caller's plain deadline is
// told as silence, and a reason is told as it is.
func TestUnreachable(t *testing.T) {
	n, cert, c := known(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.cfg.Address = l.Addr().String()
	l.Close()
	began := time.Now()
	err = c.put(ctxb, runA, "x", 0, nil)
	want := fmt.Sprintf("node of Acme at %s does not answer: dial tcp %s: connect: connection refused", c.cfg.Address, c.cfg.Address)
	if err == nil || err.Error() != want || time.Since(began) < c.cfg.Patience || time.Since(began) > 2*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
	n.svc.answer = func(ctx context.Context) (*Answer, error) { <-ctx.Done(); return nil, nil }
	slow := n.client(t, cert)
	ctx, stop := context.WithTimeout(ctxb, 50*time.Millisecond)
	defer stop()
	_, err = slow.Answer(ctx, runA)
	n.check(t, "a caller's deadline", err, "node of Acme at ADDR does not answer: no answer came in time")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error("errors.Is does not find the deadline")
	}
}

// A partner that comes back within the patience finds every chunk once.
func TestPutSurvivesACut(t *testing.T) {
	var calls atomic.Int32
	n, _, c := known(t, func(s *Server) {
		inner := s.http.Handler
		s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) < 3 {
				inner.ServeHTTP(discard{http.Header{}}, r) // stored, but the answer is lost
				panic(http.ErrAbortHandler)
			}
			inner.ServeHTTP(w, r)
		})
	})
	n.open(t, runA)
	c.cfg.Patience = 5 * time.Second
	if err := c.put(ctxb, runA, "x", 0, []byte("bytes")); err != nil {
		t.Fatal(err)
	}
	if got, err := n.mail.box(runA).take(ctxb, chunkKey{"x", 0}, 5); err != nil || string(got) != "bytes" || calls.Load() != 3 {
		t.Errorf("%q, %v after %d calls", got, err, calls.Load())
	}
}

// discard is a response that nobody reads.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// One caller's flood waits in its own lane.
func TestLanes(t *testing.T) {
	g := newGate(2)
	var leave []func()
	for range 2 {
		l, err := g.enter(ctxb, "a")
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	ctx, stop := context.WithTimeout(ctxb, 20*time.Millisecond)
	defer stop()
	if _, err := g.enter(ctx, "a"); err == nil {
		t.Error("a third call was let in")
	}
	l, err := g.enter(ctx, "b")
	if ctx.Err() == nil && err != nil {
		t.Errorf("another caller had to wait: %v", err)
	}
	if err == nil {
		leave = append(leave, l)
	}
	for _, l := range leave {
		l()
	}
	if len(g.lanes) != 0 {
		t.Errorf("%d lanes are left", len(g.lanes))
	}
}

func FuzzOffer(f *testing.F) { fuzzJSON[Offer](f, offer()) }
func FuzzAccept(f *testing.F) {
	fuzzJSON[Accept](f, Accept{PlanHash: hex64, Nonce: hex64, Side: &Side{Units: 1 << 20}})
}
func FuzzAnswer(f *testing.F) { fuzzJSON[Answer](f, Answer{Result: []byte("{}"), Salt: hex64}) }
func FuzzCosign(f *testing.F) { fuzzJSON[Cosign](f, Cosign{Receipt: []byte("r")}) }

// fuzzJSON holds for every accepted body: reading what was read gives the
// same again, and appending anything makes it refused.
func fuzzJSON[T any](f *testing.F, good T) {
	b, err := json.Marshal(good)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(b), "", "null", "[]", "{}", `{"run":1}`, `{"run":"a","RUN":"b"}`, `{"run":"a","run":"b"}`,
		`{"ſql":"a","sql":"b"}`, strings.Repeat(`{"side":`, 10000), strings.Repeat("[", 10000), `{"side":{"units":1e400}}`, "{}}", "{} {}", "{\"sql\":\"\xff\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var v, w T
		if strictJSON(in, &v) != nil {
			return
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := strictJSON(out, &w); err != nil {
			t.Fatalf("%q became %q, which is refused: %v", in, out, err)
		}
		again, _ := json.Marshal(w)
		if string(again) != string(out) {
			t.Fatalf("%q became %q and then %q", in, out, again)
		}
		if strictJSON(append(in, '}'), &w) == nil {
			t.Fatalf("%q with more after the end is accepted", in)
		}
	})
}

// FuzzPlace: what is accepted has exactly one spelling.
func FuzzPlace(f *testing.F) {
	for _, s := range []string{"step=align/2/e&chunk=0", "chunk=65535&step=garble/4/ot/000001", "step=../x&chunk=0", "step=%2e%2e&chunk=1", "step=x;chunk=0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		k, err := place(query)
		if err == nil && (!isStep(string(k.step)) || k.index < 0 || k.index >= maxChunks || strings.Contains(string(k.step), "..")) {
			t.Fatalf("%q became %v", query, k)
		}
	})
}

func TestStrictJSON(t *testing.T) {
	for in, ok := range map[string]bool{`{"state":"a"}`: true, `{"state":"a","reason":"b"}`: true, ` {} `: true, "": false, "null": false,
		`[]`: false, `{"state":"a","state":"a"}`: false, `{"state":"a","State":"a"}`: false, `{"ſtate":"a","state":"b"}`: false, `{"x":1}`: false,
		`{}}`: false, `{} x`: false, `{"state":1}`: false, "{\"state\":\"\xff\"}": false, `{"state":`: false,
		`{"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`: false} {
		if err := strictJSON([]byte(in), &Status{}); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		}
	}
}
