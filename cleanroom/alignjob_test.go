package cleanroom_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/agreements"
	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

// alignMessages are some messages of an alignment in their order; agency, with
// fewer units, is side C.
var alignMessages = []string{"agency align/1/u", "shop align/2/e", "agency align/3/v", "shop align/4/tags"}

// message names a call that sends a chunk.
func message(c *call) string {
	_, query, _ := strings.Cut(c.url, "step=")
	return c.from + " " + strings.ReplaceAll(query, "%2F", "/")
}

// onMessage has fn called when the message is on its way for the first time.
func onMessage(name string, fn func(c *call)) func(string, *call) bool {
	var once sync.Once
	return func(phase string, c *call) bool {
		if phase == "request" && c.method == http.MethodPut && message(c) == name {
			once.Do(func() { fn(c) })
		}
		return true
	}
}

// alignedBy is the stage in which a run aligned, or "".
func alignedBy(v *cleanroom.View) string {
	for _, s := range v.Stages {
		if strings.HasPrefix(s.Name, "align") {
			return s.Name
		}
	}
	return ""
}

// patiently keeps a busy machine from being taken for a partner that is gone.
func patiently(c *cleanroom.Config) { c.PeerPatience = 30 * time.Second }

// works lists the folders of unfinished alignments.
func works(t testing.TB, m *cleanroomtest.Member) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(string(m.Home), "alignments", "*.work"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// recorded counts the entries of an action in a node's audit log.
func recorded(t testing.TB, m *cleanroomtest.Member, action string) (n int) {
	t.Helper()
	err := filepath.WalkDir(m.Home.AuditDir(), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		n += bytes.Count(b, []byte(fmt.Sprintf(`"action":%q`, action)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// wantAlignments checks what the audit logs say was begun and taken up.
func wantAlignments(t testing.TB, start, resume int, nodes ...*cleanroomtest.Member) {
	t.Helper()
	for _, m := range nodes {
		if s, r := recorded(t, m, "alignment.start"), recorded(t, m, "alignment.resume"); s != start || r != resume {
			t.Errorf("%s recorded %d alignments begun and %d taken up, want %d and %d", m.Org(), s, r, start, resume)
		}
	}
}

// nextAgreement makes an agreement that no other call with another i makes:
// nothing is stored under it.
func nextAgreement(t *testing.T, i int, members ...*cleanroomtest.Member) string {
	t.Helper()
	e := draft(t, func(a *agreements.Agreement) {
		a.Validity.NotAfter = a.Validity.NotAfter.Add(time.Duration(i) * time.Second)
	}, members...)
	signAll(t, e, members...)
	return cleanroomtest.Give(t, e, members...)
}

// interrupt asks and cancels the run while the message is on its way.
func interrupt(t testing.TB, p *tap, asker, other *cleanroomtest.Member, agreement, name string) {
	t.Helper()
	reached := make(chan struct{})
	p.set(onMessage(name, func(*call) { close(reached) }))
	defer p.set(nil)
	r, err := asker.Submit(t.Context(), cleanroom.Question{Agreement: agreement, SQL: bySegment})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan *cleanroom.View, 1)
	go func() {
		v, _ := asker.Finish(t.Context(), r.ID)
		ended <- v
	}()
	select {
	case <-reached:
	case v := <-ended:
		t.Fatalf("%s was never sent: %+v", name, v)
	}
	if err := asker.CancelRun(r.ID); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*cleanroomtest.Member{asker, other} {
		if v, err := m.Finish(t.Context(), r.ID); err != nil || v.State == store.Success {
			t.Fatalf("%s: %+v %v", m.Org(), v, err)
		}
	}
}

// TestAlignmentIsTakenUp cancels runs at several messages of an alignment: the
// next run goes on from there, in the same session and with the same bytes,
// and what was acknowledged is not sent again.
func TestAlignmentIsTakenUp(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t, patiently)
	p := newTap(t, agency, shop)
	want := ask(t, agency, p.agree(2, agency, shop), bySegment).Result
	for i, name := range alignMessages {
		id := nextAgreement(t, i+1, agency, shop)
		p.take()
		interrupt(t, p, agency, shop, id, name)
		first := p.take()
		if len(works(t, agency)) != 1 || len(works(t, shop)) != 1 {
			t.Fatalf("%s: %q and %q are kept", name, works(t, agency), works(t, shop))
		}
		v := ask(t, agency, id, bySegment)
		if got := alignedBy(v); got != "align (resumed)" || !bytes.Equal(v.Result, want) {
			t.Errorf("%s: %q, %s", name, got, v.Result)
		}
		lastRun(t, shop)
		wantAlignments(t, 2+i, 1+i, agency, shop)
		if left := slices.Concat(works(t, agency), works(t, shop)); len(left) > 0 {
			t.Errorf("%s: left are %q", name, left)
		}
		sent := map[string][]byte{} // acknowledged the first time
		for _, c := range first {
			if c.method == http.MethodPut && strings.Contains(message(c), "align/") && c.status == http.StatusNoContent {
				sent[c.url+c.from] = c.body
			}
		}
		again := 0
		for _, c := range p.take() {
			if c.method != http.MethodPut || !strings.Contains(message(c), "align/") {
				continue
			}
			if body, ok := sent[c.url+c.from]; ok {
				again++
				if !bytes.Equal(body, c.body) {
					t.Errorf("%s: %s was sent twice with different bytes", name, message(c))
				}
			}
		}
		if again > 0 || len(sent) == 0 && i > 0 { // by then the first message was acknowledged
			t.Errorf("%s: of %d messages that were stored %d were sent again", name, len(sent), again)
		}
	}
}

// TestAlignmentOutlivesTheNode stops one node in the middle of an alignment
// and starts it again.
func TestAlignmentOutlivesTheNode(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "shop")
	shop, stop := serve(t, home, l, nil)
	defer func() { stop() }()
	agency := cleanroomtest.Start(t, "agency")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	p := newTap(t, agency, shop)
	id := p.agree(2, agency, shop)
	reached := make(chan struct{})
	p.set(onMessage("shop align/2/v", func(*call) { close(reached) }))
	r, err := agency.Submit(t.Context(), cleanroom.Question{Agreement: id, SQL: bySegment})
	if err != nil {
		t.Fatal(err)
	}
	<-reached
	stop()
	v, err := agency.Finish(t.Context(), r.ID)
	if err != nil || v.State != store.Failed && v.State != store.Cancelled {
		t.Fatalf("%+v %v", v, err)
	}
	p.set(nil)
	shop, stop = serve(t, home, relisten(t, l), nil)
	if got := alignedBy(ask(t, agency, id, bySegment)); got != "align (resumed)" {
		t.Errorf("it says %q", got)
	}
	lastRun(t, shop)
	wantAlignments(t, 1, 1, agency, shop)
}

// TestRefusedAlignmentIsNotTakenUp sends bytes that are no point: the node
// that refuses them forgets the alignment, and so the next run begins anew.
func TestRefusedAlignmentIsNotTakenUp(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t, patiently)
	p := newTap(t, agency, shop)
	id := p.agree(2, agency, shop)
	p.set(onMessage("agency align/1/u", func(c *call) {
		clear(c.body[:32])
		c.header.Set("Parley-Chunk-Sha256", fmt.Sprintf("%x", sha256.Sum256(c.body)))
	}))
	v, err := agency.Ask(t.Context(), id, bySegment)
	if err != nil || v.State == store.Success {
		t.Fatalf("%+v %v", v, err)
	}
	lastRun(t, shop)
	if left := works(t, shop); len(left) > 0 || recorded(t, shop, "run.incident") != 1 {
		t.Errorf("shop keeps %q", left)
	}
	p.set(nil)
	if got := alignedBy(ask(t, agency, id, bySegment)); got != "align" {
		t.Errorf("it says %q", got)
	}
	lastRun(t, shop)
	wantAlignments(t, 2, 0, agency, shop)
	if left := slices.Concat(works(t, agency), works(t, shop)); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

// TestBothMustHaveTheSame takes away or spoils what one node has of an
// unfinished alignment, or what is said about it: then both begin anew.
func TestBothMustHaveTheSame(t *testing.T) {
	t.Parallel()
	agency, shop, _ := pair(t, patiently)
	p := newTap(t, agency, shop)
	said := func(change func(*peer.Side)) func() {
		return func() {
			p.set(func(phase string, c *call) bool {
				if phase == "request" && c.step() == "POST run" {
					c.body = rewrite(t, c.body, func(o *peer.Offer) { change(o.Side) })
				}
				return true
			})
		}
	}
	gone := func(m *cleanroomtest.Member) func() {
		return func() {
			if err := os.RemoveAll(works(t, m)[0]); err != nil {
				t.Error(err)
			}
		}
	}
	started, made := 0, 0
	for what, do := range map[string]func(){
		"the owner's folder is gone": gone(shop),
		"none is named":              said(func(s *peer.Side) { s.Unfinished = "" }),
		"another is named":           said(func(s *peer.Side) { s.Unfinished = strings.Repeat("0", 32) }),
	} {
		made++
		id := nextAgreement(t, made, agency, shop)
		interrupt(t, p, agency, shop, id, "shop align/2/e")
		do()
		if got := alignedBy(ask(t, agency, id, bySegment)); got != "align" {
			t.Errorf("%s: it says %q", what, got)
		}
		p.set(nil)
		lastRun(t, shop)
		started += 2
		wantAlignments(t, started, 0, agency, shop)
		if left := slices.Concat(works(t, agency), works(t, shop)); len(left) > 0 {
			t.Errorf("%s: left are %q", what, left)
		}
	}
	// An answer that takes up what nobody named, and a folder that the asker
	// has lost: the run fails, and the next begins anew.
	const notHere = "the unfinished alignment that the other node takes up is not here, or cannot be opened; ask again, and a new one is begun"
	for what, do := range map[string]func(){
		"nobody named it": func() {
			p.set(func(phase string, c *call) bool {
				if phase == "answer" && c.step() == "POST run" {
					c.answer = rewrite(t, c.answer, func(a *peer.Accept) { a.Side.Unfinished = strings.Repeat("0", 32) })
				}
				return true
			})
		},
		"the asker's folder is gone": gone(agency),
		"a file was changed": func() {
			dir := filepath.Join(works(t, agency)[0], "own")
			files, err := os.ReadDir(dir)
			if err != nil || len(files) == 0 {
				t.Fatalf("%d files: %v", len(files), err)
			}
			for _, f := range files {
				b, err := os.ReadFile(filepath.Join(dir, f.Name()))
				if err == nil {
					b[len(b)/2] ^= 1
					err = os.WriteFile(filepath.Join(dir, f.Name()), b, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		made++
		id := nextAgreement(t, made, agency, shop)
		interrupt(t, p, agency, shop, id, "shop align/2/e")
		do()
		v, err := agency.Ask(t.Context(), id, bySegment)
		if err != nil || v.State != store.Failed || v.Result != nil || (v.Error == notHere) != (what != "a file was changed") {
			t.Errorf("%s: %+v %v", what, v, err)
		}
		p.set(nil)
		lastRun(t, shop)
		if got := alignedBy(ask(t, agency, id, bySegment)); got != "align" {
			t.Errorf("%s: it says %q", what, got)
		}
		lastRun(t, shop)
		if left := slices.Concat(works(t, agency), works(t, shop)); len(left) > 0 {
			t.Errorf("%s: left are %q", what, left)
		}
	}
}

// TestJobsThatNobodyTakesUp are removed: when the dataset is replaced, and at
// a start when they are old, when their agreement has ended, and when no row
// speaks of them.
func TestJobsThatNobodyTakesUp(t *testing.T) {
	t.Parallel()
	home, l := newHome(t, "shop")
	var stage staged
	shop, stop := serve(t, home, l, stage.options)
	defer func() { stop() }()
	agency := cleanroomtest.Start(t, "agency")
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	p := newTap(t, agency, shop)
	id := p.agree(2, agency, shop)
	interrupt(t, p, agency, shop, id, "shop align/2/e")
	replaced := smallOrders
	replaced.rows = append(slices.Clone(replaced.rows), "late@example.com,new,1,1")
	replaced.add(t, shop)
	if left := works(t, shop); len(left) > 0 {
		t.Errorf("after the dataset was replaced: %q", left)
	}
	interrupt(t, p, agency, shop, id, "shop align/2/e")
	stray := filepath.Join(string(home), "alignments", strings.Repeat("0", 32)+".work")
	if err := os.Mkdir(stray, 0o700); err != nil {
		t.Fatal(err)
	}
	restart := func(ahead time.Duration) {
		t.Helper()
		stop()
		stage.ahead.Store(int64(ahead))
		shop, stop = serve(t, home, relisten(t, l), stage.options)
	}
	restart(0)
	if left := works(t, shop); len(left) != 1 || left[0] == stray {
		t.Errorf("after a restart: %q", left)
	}
	restart(61 * time.Minute) // the agreement has ended
	if left := works(t, shop); len(left) > 0 {
		t.Errorf("after the agreement's end: %q", left)
	}
}
