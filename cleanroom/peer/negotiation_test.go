package peer

import (
	"encoding/json"
	"strings"
	"testing"
)

// Whatever is taken as a message about an agreement is taken again as the same,
// and a list's items are names and nothing else.
func FuzzAgreementMessages(f *testing.F) {
	f.Add([]byte(`{"protocol":"parley/peer/v1","negotiation":"3d5e0c9a7b1f4e62a8d4c6b0e1f29374","number":2,"time":"2026-05-04T03:02:01Z","envelope":{"payload":""}}`))
	f.Add([]byte(`{"protocol":"parley/peer/v1","negotiation":"","reason":"\u202e"}`))
	f.Add([]byte(`{"protocol":"parley/peer/v1","items":["p/3d5e/2/8d96","n/00/1"]}`))
	f.Add([]byte(`{"protocol":"parley/peer/v1","notice":{"payload":{"payload":[[[[[[[[]]]]]]]]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range []func() any{func() any { return new(Proposal) }, func() any { return new(Signed) }, func() any { return new(Ended) },
			func() any { return new(Noticed) }, func() any { return new(Have) }} {
			first := v()
			if strictJSON(b, first) != nil {
				continue
			}
			again, err := json.Marshal(first)
			if err != nil {
				continue // a raw message that was absent
			}
			if err := strictJSON(again, v()); err != nil {
				t.Fatalf("%T taken once and not again: %s", first, again)
			}
			if h, ok := first.(*Have); ok {
				for _, item := range h.Items {
					if isItem(item) && strings.ContainsAny(item, "\n\r\x00%?#\"\\") {
						t.Fatalf("%q passes for an item", item)
					}
				}
			}
		}
	})
}
