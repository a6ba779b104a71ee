package cleanroom_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/crypto/keys"
)

var errStopHere = errors.New("stop here")

func certificateOf(t testing.TB, m *cleanroomtest.Member) tls.Certificate {
	t.Helper()
	c, err := keyring(t, m.Home).TLSCertificate()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func signWith(m *cleanroomtest.Member, message []byte) ([]byte, error) {
	file, err := os.ReadFile(m.Home.KeyFile())
	if err != nil {
		return nil, err
	}
	ring, err := keys.Unlock(file, []byte(cleanroomtest.Passphrase))
	if err != nil {
		return nil, err
	}
	return ring.Sign(context.Background(), message)
}

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// atomicTime is a clock that a test sets.
type atomicTime struct {
	mu sync.Mutex
	t  time.Time
}

func (a *atomicTime) set(t time.Time) { a.mu.Lock(); defer a.mu.Unlock(); a.t = t }
func (a *atomicTime) get() time.Time  { a.mu.Lock(); defer a.mu.Unlock(); return a.t }

// A node without an open port meets a partner, agrees, aligns, asks and is
// asked, about both owners' data and about one's.
func TestDialOnly(t *testing.T) {
	t.Parallel()
	shop, agency := cleanroomtest.Start(t, "shop"), cleanroomtest.Start(t, "agency", cleanroomtest.DialOnly)
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	_, err := agency.Invite(t.Context(), 0, "")
	wantText(t, "it cannot invite", err, "this node can only dial out (it has no address), so nobody could use an invitation of its. Have your partner invite you: run `parley join` with the line that `parley invite` prints there")
	cleanroomtest.Partners(t, shop, agency)
	if err := agency.OfferDataset(t.Context(), "ads", "shop", true); err != nil {
		t.Fatal(err)
	}
	// The reachable node calls the other over its connection.
	got, err := shop.PartnerContracts(t.Context(), "agency")
	if err != nil || len(got) != 1 || got[0].Name != "ads" {
		t.Fatalf("%+v, %v", got, err)
	}
	id := cleanroomtest.Agree(t, 2, agency, shop)
	ask(t, agency, id, bySegment)
	ask(t, shop, id, bySegment)
	ask(t, agency, id, ownerOnly)
	ask(t, shop, id, `SELECT grp, COUNT(*) AS n FROM ads GROUP BY grp`)
}

// Under an agreement alone, without an invitation, it works too.
func TestDialOnlyByAgreement(t *testing.T) {
	t.Parallel()
	shop, agency := cleanroomtest.Start(t, "shop"), cleanroomtest.Start(t, "agency", cleanroomtest.DialOnly)
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	ask(t, shop, cleanroomtest.Agree(t, 2, agency, shop), bySegment)
}

func TestBothDialOnly(t *testing.T) {
	t.Parallel()
	shop, agency := cleanroomtest.Start(t, "shop", cleanroomtest.DialOnly), cleanroomtest.Start(t, "agency", cleanroomtest.DialOnly)
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	v, err := agency.Ask(t.Context(), id, bySegment)
	if err != nil {
		t.Fatal(err)
	}
	want := "shop: neither node has an address that the other could dial, so they cannot talk to each other; one of the two has to be reachable (`address` and `listen` in parley.yaml)"
	if v.Error != want {
		t.Errorf("got  %s\nwant %s", v.Error, want)
	}
}

// The dial-only node is gone: the other waits for as long as its patience and
// says so. When it is back, it is asked over a new connection.
func TestDialOnlyGone(t *testing.T) {
	t.Parallel()
	shop := cleanroomtest.Start(t, "shop", func(c *cleanroom.Config) { c.PeerPatience = 2 * time.Second })
	home, l := newHome(t, "agency", cleanroomtest.DialOnly)
	l.Close()
	agency, stop := serve(t, home, nil, nil)
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, agency, shop)
	ask(t, shop, id, bySegment)
	stop()
	failed(t, shop, id, bySegment, "ask the other node: node of agency does not answer: it opens its connections itself, and none is open: it may be off, or its people have not confirmed this node")
	agency, stop = serve(t, home, nil, nil)
	defer stop()
	ask(t, agency, id, bySegment)
	ask(t, shop, id, bySegment)
}
