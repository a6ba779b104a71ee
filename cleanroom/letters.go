package cleanroom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"parley/agreements"
	"parley/cleanroom/peer"
	"parley/cleanroom/store"
)

// What partners have to be told about agreements lies in the state file until
// their nodes have taken it: a letter for each member and each thing. Nothing
// is lost when a node is down, and nothing is sent twice with other bytes.

const (
	// lettersEvery is how often letters that could not be delivered are tried
	// again, catchUpEvery how often nodes compare what they have.
	lettersEvery = 30 * time.Second
	catchUpEvery = 10 * time.Minute
	// keepLetters is how long a letter waits for a node that does not answer, or
	// for what comes before it.
	keepLetters = 90 * 24 * time.Hour
)

// letters is the work on the outbox.
type letters struct {
	mu   sync.Mutex // one delivery at a time
	once sync.Once
	wake chan struct{}
}

func (l *letters) bell() chan struct{} {
	l.once.Do(func() { l.wake = make(chan struct{}, 1) })
	return l.wake
}

// Names of items are the same at both nodes.
func proposalItem(negotiation string, number int, agreement string) string {
	return fmt.Sprintf("p/%s/%d/%s", negotiation, number, strings.TrimPrefix(agreement, "sha256:"))
}
func signatureItem(agreement string) string { return "s/" + strings.TrimPrefix(agreement, "sha256:") }
func endItem(negotiation string) string     { return "e/" + negotiation }
func noticeItem(agreement string, sequence int64) string {
	return fmt.Sprintf("n/%s/%d", strings.TrimPrefix(agreement, "sha256:"), sequence)
}

// queue puts a letter into the outbox.
func (n *Node) queue(ctx context.Context, m *agreements.Member, item, path string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	card, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return n.store.PutLetter(ctx, store.Letter{Partner: m.Name, Card: card, Item: item, Path: path, Body: b, Created: n.now()})
}

// flushSoon delivers what can be delivered at once, for a moment, and leaves the
// rest to the node's own rounds.
func (n *Node) flushSoon(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, n.cfg.PeerPatience)
	defer stop()
	if err := n.Deliver(ctx); err != nil {
		n.log.Warn("letters to partners", "error", err)
	}
}

// Deliver tries to deliver every letter once, in order for each partner. A
// partner that does not answer keeps its letters.
func (n *Node) Deliver(ctx context.Context) error {
	n.letters.mu.Lock()
	defer n.letters.mu.Unlock()
	all, err := n.store.Letters(ctx)
	if err != nil {
		return err
	}
	silent := map[string]bool{}
	for _, l := range all {
		if l.Refused != "" || silent[l.Partner] {
			continue
		}
		word, err := n.hand(ctx, l)
		switch {
		case err != nil:
			n.log.Info("a partner's node was not reached; it is tried again", "partner", l.Partner, "error", err)
			silent[l.Partner] = true
		case word == "":
			err = n.store.LetterDone(ctx, l.Seq)
		case word != peer.RefusedOrder:
			err = n.store.LetterRefused(ctx, l.Seq, word)
		case n.now().Sub(l.Created) > keepLetters:
			err = n.store.LetterRefused(ctx, l.Seq, word)
		default:
			continue // what comes before it may be another member's, and still under way
		}
		if err != nil && !silent[l.Partner] {
			return err
		}
	}
	return nil
}

// lasting are the refusals that trying again would not change.
var lasting = []string{peer.RefusedDraft, peer.RefusedRoom, peer.RefusedOver, peer.RefusedMalformed, peer.RefusedProtocol, peer.RefusedOrder}

// hand makes one call. word is the other node's refusal.
func (n *Node) hand(ctx context.Context, l store.Letter) (word string, err error) {
	var m agreements.Member
	if err := json.Unmarshal(l.Card, &m); err != nil {
		return peer.RefusedMalformed, nil
	}
	// A partner may have moved since; its key may not have changed.
	if now, err := n.findCorrespondent(ctx, func(now *agreements.Member) bool {
		return now.Name == m.Name && now.IdentityKey == m.IdentityKey
	}); err == nil && now != nil {
		m = *now
	}
	c, err := n.client(&m)
	if err != nil {
		return "", err
	}
	defer c.Close()
	err = c.Tell(ctx, l.Path, l.Body)
	for _, w := range lasting {
		if peer.IsProblem(err, w) {
			return w, nil
		}
	}
	return "", err
}

// waiting lists, by item, the partners that a thing has not reached, and those
// that refused it.
func (n *Node) undelivered(ctx context.Context) (waits, refused map[string][]string, err error) {
	all, err := n.store.Letters(ctx)
	waits, refused = map[string][]string{}, map[string][]string{}
	for _, l := range all {
		if l.Refused != "" {
			refused[l.Item] = append(refused[l.Item], l.Partner+" ("+l.Refused+")")
		} else {
			waits[l.Item] = append(waits[l.Item], l.Partner)
		}
	}
	return waits, refused, err
}

// CatchUp compares with every partner what each has of the other's words about
// agreements, has what is missing sent, and delivers what lies here.
func (n *Node) CatchUp(ctx context.Context) error {
	all, err := n.correspondents(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := n.compareWith(ctx, m); err != nil && ctx.Err() == nil {
			n.log.Info("a partner's node was not reached; it is tried again", "partner", m.Name, "error", err)
		}
	}
	return n.Deliver(ctx)
}

func (n *Node) compareWith(ctx context.Context, m *agreements.Member) error {
	theirs, err := n.itemsOf(ctx, m.Name, m)
	if err != nil {
		return err
	}
	c, err := n.client(m)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, stop := context.WithTimeout(ctx, n.cfg.PeerPatience)
	defer stop()
	names := make([]string, 0, len(theirs))
	for _, i := range theirs {
		names = append(names, i.name)
	}
	got, err := c.Have(ctx, names[:min(len(names), maxListed)])
	if err != nil {
		return err
	}
	return n.queueMissing(ctx, m, got.Items)
}

// maxListed is how many items a list names at most; the newest come first.
const maxListed = 5000

// Has implements peer.Negotiator.
func (n *Node) Has(ctx context.Context, from string, h peer.Have) (*peer.Have, error) {
	m, err := n.correspondent(ctx, from)
	if err != nil {
		return nil, err
	}
	if err := n.queueMissing(ctx, m, h.Items); err != nil {
		return nil, err
	}
	theirs, err := n.itemsOf(ctx, m.Name, m)
	if err != nil {
		return nil, err
	}
	out := &peer.Have{Protocol: peer.Protocol, Items: []string{}}
	for _, i := range theirs[:min(len(theirs), maxListed)] {
		out.Items = append(out.Items, i.name)
	}
	return out, nil
}

// queueMissing queues what a partner's list of what it has from this node lacks.
func (n *Node) queueMissing(ctx context.Context, m *agreements.Member, has []string) error {
	there := map[string]bool{}
	for _, name := range has {
		there[name] = true
	}
	mine, err := n.itemsOf(ctx, n.cfg.Org, m)
	if err != nil {
		return err
	}
	queued := false
	for _, i := range mine {
		if !there[i.name] {
			if err := n.queue(ctx, m, i.name, i.path, i.body); err != nil {
				return err
			}
			queued = true
		}
	}
	if queued {
		n.ring()
	}
	return nil
}

// ring has the outbox looked at soon.
func (n *Node) ring() {
	select {
	case n.letters.bell() <- struct{}{}:
	default:
	}
}

// tendAgreements looks after what time and partners change: it delivers letters,
// compares with partners, records what has expired and what time it is. It runs
// while the node answers partners.
func (n *Node) tendAgreements() {
	defer n.work.Done()
	var compared time.Time
	for {
		if time.Since(compared) >= catchUpEvery {
			compared = time.Now()
			n.tend("compare with partners", n.CatchUp)
		} else {
			n.tend("letters to partners", n.Deliver)
		}
		n.tend("record what has expired", n.sweepExpired)
		n.tend("keep the time", n.seeTime)
		select {
		case <-n.life.Done():
			return
		case <-n.letters.bell():
		case <-time.After(lettersEvery):
		}
	}
}

func (n *Node) tend(what string, fn func(context.Context) error) {
	if err := fn(n.life); err != nil && !errors.Is(err, context.Canceled) && n.life.Err() == nil {
		n.log.Warn(what, "error", err)
	}
}
