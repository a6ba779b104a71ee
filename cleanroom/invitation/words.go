package invitation

import (
	"bytes"
	_ "embed"
	"slices"
	"strings"
	"sync"

	"parley/agreements"
	"parley/crypto/wire"
)

// WordCount is how many words are read out: 12 × 11 = 132 bits. Whoever stands
// between two organisations chooses a key towards each side, so what must be
// infeasible is finding two keys that give the same words at both ends: a
// collision, 2⁶⁶ tries. Half as many words would take 2³³.
const WordCount = 12

const bitsPerWord = 11

//go:embed words.txt
var wordFile string

// wordList has 2,048 English words, no two of which begin with the same four
// letters: the list of BIP-39 (see THIRD_PARTY.md).
var wordList = sync.OnceValue(func() []string { return strings.Fields(wordFile) })

// Words are what both organisations read to each other. Both get the same,
// whichever side they are on, exactly if both hold the same two cards: name,
// identity key, TLS key and age recipient. The address is left out, since it
// may change.
func Words(a, b *agreements.Member) []string {
	first, second := keysOf(a), keysOf(b)
	if bytes.Compare(first[:], second[:]) > 0 {
		first, second = second, first
	}
	sum := wire.Sum(wire.LabelWords, first[:], second[:])
	out := make([]string, WordCount)
	for i := range out {
		n := 0
		for bit := i * bitsPerWord; bit < (i+1)*bitsPerWord; bit++ {
			n = n<<1 | int(sum[bit/8]>>(7-bit%8)&1)
		}
		out[i] = wordList()[n]
	}
	return out
}

func keysOf(m *agreements.Member) [32]byte {
	return wire.Sum(wire.LabelWords, []byte(m.Name), []byte(m.IdentityKey), []byte(m.TLSFingerprint), []byte(m.AgeRecipient))
}

// SameWords reports whether a person typed these words, whatever the case and
// the space and commas between them.
func SameWords(typed string, words []string) bool {
	got := strings.FieldsFunc(strings.ToLower(typed), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' || r == '-' })
	return slices.Equal(got, words)
}
