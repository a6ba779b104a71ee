package align

import (
	"parley/crypto/curve"
	"parley/internal/weak"
)

// runC plays the side with the smaller set.
func (p *party) runC() (*Result, error) {
	uIn := p.fetch(stepU, p.nP)
	u, from, err := p.ownList()
	if err != nil {
		return nil, err
	}
	p.send(stepU, u)
	eIn, vIn := p.fetch(stepE, p.nC), p.fetch(stepV, p.nC)
	doubly, err := p.answerC(uIn)
	if err != nil {
		return nil, err
	}
	left, err := p.matchC(eIn, doubly)
	if err != nil {
		return nil, err
	}
	v, err := p.ordered(vIn)
	if err != nil {
		return nil, err
	}
	if err := p.raise(v, v, p.m, "tag own units"); err != nil {
		return nil, err
	}
	own := tagsOf(p.cfg.Session, v)
	return p.findC(own, from, p.nP+left)
}

// answerC sends v_P and returns e_P, sorted.
func (p *party) answerC(uIn incoming) ([]curve.Point, error) {
	uP, err := p.sorted(uIn)
	if err != nil {
		return nil, err
	}
	e := make([]curve.Point, len(uP))
	if err := p.raise(e, uP, p.k, "encrypt the peer's units for matching"); err != nil {
		return nil, err
	}
	sortPoints(e)
	// Distinct points can differ by a point of small order and become equal here.
	if !increasing(e) && !weak.Off("R38") {
		return nil, refuse(stepU, errDuplicate)
	}
	if err := p.raise(uP, uP, p.k.Mul(p.m), "encrypt the peer's units"); err != nil {
		return nil, err
	}
	p.send(stepBack, uP)
	return e, nil
}

// matchC receives E, finds which of it P does not have, and sends that as S.
// It returns |S|.
func (p *party) matchC(eIn incoming, doubly []curve.Point) (int, error) {
	e, err := p.sorted(eIn)
	if err != nil {
		return 0, err
	}
	s := without(e, doubly)
	if err := p.raise(s, s, p.m, "encrypt unmatched units"); err != nil {
		return 0, err
	}
	sortPoints(s)
	if !increasing(s) && !weak.Off("R38") {
		return 0, refuse(stepE, errDuplicate)
	}
	p.sendCount(len(s))
	p.send(stepS, s)
	return len(s), nil
}
