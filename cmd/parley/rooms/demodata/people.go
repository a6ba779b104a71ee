package demodata

import (
	"math/rand/v2"
	"strconv"
)

// population is everyone in either file. Person i is the agency's for
// i < agency and the client's for i ≥ agency − shared.
type population struct {
	sizes
	// home is the campaign each person was mostly shown; it also moves what
	// the person spends, so that campaigns differ in their sales.
	home []uint8
}

func newPopulation(s sizes) *population {
	p := &population{sizes: s, home: make([]uint8, s.agency+s.client-s.shared)}
	r := newRand(1)
	for i := range p.home {
		p.home[i] = pick(r, campaignWeights[:])
	}
	return p
}

// inPilot reports whether person i was shown the pilot campaign: the last
// pilotShared of the shared people and as many others as make up pilot.
func (p *population) inPilot(i int) bool {
	return i >= p.agency-p.pilotShared && i < p.agency || i < p.pilot-p.pilotShared
}

var (
	firstNames = [...]string{
		"ada", "amir", "ana", "ben", "chloe", "dario", "edith", "elif", "emil", "fatima",
		"finn", "greta", "hugo", "ines", "ivan", "jana", "joao", "kaya", "lars", "lea",
		"luis", "maja", "marek", "mina", "nico", "noor", "olga", "otto", "paula", "petr",
		"rosa", "samir", "sara", "theo", "tilda", "uma", "vera", "wim", "yara", "zoe",
	}
	lastNames = [...]string{
		"abel", "baker", "berg", "costa", "dahl", "diaz", "evans", "faure", "fischer", "garcia",
		"hansen", "horvat", "ivanov", "jensen", "kaur", "keller", "kovac", "laine", "lopez", "marin",
		"meyer", "moreau", "nagy", "novak", "olsen", "papas", "park", "pires", "quinn", "ricci",
		"rossi", "sato", "silva", "smit", "tanaka", "urban", "vogel", "weber", "yilmaz", "zeman",
	}
	mailHosts = [...]string{"example.com", "example.org", "example.net"}
	// malformed are join keys that no normalisation accepts; the first, an
	// empty field, is read as NULL.
	malformed = [...]string{"", "unknown", "n/a", "@example.com", "jane.doe", "no-reply@"}
)

// appendEmail appends person i's address in its plain form. The number makes
// it unique: 7919 has no factor in common with the prime 1,000,003.
func appendEmail(b []byte, i int) []byte {
	n := i * 7919 % 1_000_003
	b = append(b, firstNames[n%len(firstNames)]...)
	b = append(b, '.')
	b = append(b, lastNames[n/len(firstNames)%len(lastNames)]...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, '@')
	return append(b, mailHosts[n%len(mailHosts)]...)
}

// appendMessyEmail appends the address as someone typed it: three times in
// four plainly, else in capitals, capitalised or with spaces around it.
func appendMessyEmail(b []byte, r *rand.Rand, i int) []byte {
	style := r.Uint32N(20)
	if style == 18 || style == 19 {
		b = append(b, "  "[:style-17]...)
	}
	start := len(b)
	b = appendEmail(b, i)
	switch style {
	case 15:
		upper(b[start:])
	case 16:
		upper(b[start : start+1])
	case 17, 18:
		b = append(b, ' ')
	}
	return b
}

func upper(b []byte) {
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
}
