package people

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"parley/cleanroom/anchor"
	"parley/cleanroom/store"
)

// Digest is the hash of an account with its tokens, for package anchor: of all
// but the last code that was used up, which changes without a decision.
func Digest(p store.Person, tokens []store.Token) [32]byte {
	tokens = slices.Clone(tokens)
	slices.SortFunc(tokens, func(a, b store.Token) int { return strings.Compare(a.ID, b.ID) })
	must := byte(0)
	if p.MustChange {
		must = 1
	}
	fields := [][]byte{[]byte(p.Name), list(p.Roles), []byte(p.Password), {must}, p.Code, p.CodeNext, at(p.Created), at(p.Disabled)}
	for _, t := range tokens {
		session := byte(0)
		if t.Session {
			session = 1
		}
		fields = append(fields, []byte(t.ID), []byte(t.Person), []byte{session}, []byte(t.Label), t.Hash[:], list(t.Scope), at(t.Created), at(t.Expires), at(t.Revoked))
	}
	return anchor.Digest(fields...)
}

// list keeps apart no list and an empty one.
func list(words []string) []byte {
	b, _ := json.Marshal(words) // strings always can be
	return b
}

func at(t time.Time) []byte {
	if t.IsZero() {
		return nil
	}
	return []byte(t.UTC().Format(time.RFC3339Nano))
}
