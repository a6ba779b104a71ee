package cleanroom

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/agreements/templates"
	"parley/cleanroom/store"
	"parley/crypto/keys"
)

// TestTamperedApprovalIsFound: a row is believed only as far as the node's own
// signatures bear it out, whatever the state file says.
func TestTamperedApprovalIsFound(t *testing.T) {
	t.Parallel()
	ring := func() *keys.File {
		home := Home(filepath.Join(t.TempDir(), "home"))
		if err := Init(home, InitOptions{Config: DefaultConfig("Acme"), Passphrase: []byte("x y z x y z"), WorkFactor: 10}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(home.KeyFile())
		if err != nil {
			t.Fatal(err)
		}
		ring, err := keys.Unlock(b, []byte("x y z x y z"))
		if err != nil {
			t.Fatal(err)
		}
		return ring
	}
	n, stranger := &Node{cfg: Config{Org: "Acme"}, keys: ring()}, &Node{cfg: Config{Org: "Acme"}, keys: ring()}
	one, other := templates.Shipped()[0], templates.Shipped()[1]
	row := func(s *templates.Template, state store.TemplateState, by *Node, decisions ...templates.Decision) store.TemplateRow {
		r, err := templateRow(s, state, store.TemplateOwn, "anna")
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range decisions {
			d.Organisation, d.People, d.Time = "Acme", []string{"anna"}, time.Unix(1, 0)
			if d.Name == "" {
				d.Name, d.Version, d.Hash = s.Name, s.Version, r.Hash
			}
			if d.Seq == 0 {
				d.Seq = i + 1
			}
			b, err := d.Sign(identity{t.Context(), by.keys})
			if err != nil {
				t.Fatal(err)
			}
			r.Decisions = append(r.Decisions, b)
		}
		return r
	}
	approve, retire := templates.Decision{Decision: templates.Approve}, templates.Decision{Decision: templates.Retire}
	for name, r := range map[string]store.TemplateRow{
		"approved":  row(one, store.TemplateApproved, n, approve),
		"retired":   row(one, store.TemplateRetired, n, approve, retire),
		"in review": row(one, store.TemplateInReview, n),
	} {
		if _, err := n.verified(r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := map[string]store.TemplateRow{
		"no decision":           row(one, store.TemplateApproved, n),
		"retired by nobody":     row(one, store.TemplateRetired, n, approve),
		"approved once retired": row(one, store.TemplateApproved, n, approve, retire),
		"back in review":        row(one, store.TemplateInReview, n, approve),
		"another key":           row(one, store.TemplateApproved, stranger, approve),
		"another number":        row(one, store.TemplateApproved, n, templates.Decision{Decision: templates.Approve, Seq: 2}),
		"only retired":          row(one, store.TemplateApproved, n, retire),
	}
	// The approval of one text put under another, and a text changed below it.
	moved := row(other, store.TemplateApproved, n)
	moved.Decisions = bad["another key"].Decisions
	bad["of a stranger, moved"] = moved
	moved.Decisions = row(one, store.TemplateApproved, n, approve).Decisions
	bad["moved"] = moved
	changed := row(one, store.TemplateApproved, n, approve)
	body := one.Clone()
	body.Policy.MinGroupSize = 10
	with := row(body, store.TemplateApproved, n)
	changed.Body = with.Body
	bad["text changed"] = changed
	changed.Hash = with.Hash
	bad["text and hash changed"] = changed
	named := row(one, store.TemplateApproved, n, approve)
	named.Version = 7
	bad["another version"] = named
	cut := row(one, store.TemplateApproved, n, approve)
	cut.Decisions = [][]byte{cut.Decisions[0][:len(cut.Decisions[0])-2]}
	bad["cut off"] = cut
	for name, r := range bad {
		if _, err := n.verified(r); !errors.Is(err, ErrTemplateTampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
