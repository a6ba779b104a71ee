package align

import (
	"parley/crypto/curve"
	"parley/internal/weak"
)

// runP plays the side with the larger set.
func (p *party) runP() (*Result, error) {
	uIn := p.fetch(stepU, p.nC)
	u, from, err := p.ownList()
	if err != nil {
		return nil, err
	}
	p.send(stepU, u)
	backIn := p.fetch(stepBack, p.nP)
	if err := p.answerP(uIn); err != nil {
		return nil, err
	}
	v, err := p.ordered(backIn)
	if err != nil {
		return nil, err
	}
	if err := p.raise(v, v, p.m, "tag own units"); err != nil {
		return nil, err
	}
	s, err := p.receiveRest()
	if err != nil {
		return nil, err
	}
	return p.numberP(tagsOf(p.cfg.Session, v), tagsOf(p.cfg.Session, s), from)
}

// answerP sends E and v_C.
func (p *party) answerP(uIn incoming) error {
	uC, err := p.sorted(uIn)
	if err != nil {
		return err
	}
	e := make([]curve.Point, len(uC))
	if err := p.raise(e, uC, p.k, "encrypt the peer's units for matching"); err != nil {
		return err
	}
	// E goes out sorted: in u_C's order it would tell C which of its units are
	// shared.
	sortPoints(e)
	// Two equal entries would mark themselves in E: distinct points that differ
	// by a point of small order become equal here.
	if !increasing(e) && !weak.Off("R38") {
		return refuse(stepU, errDuplicate)
	}
	p.send(stepE, e)
	if err := p.raise(uC, uC, p.k.Mul(p.m), "encrypt the peer's units"); err != nil {
		return err
	}
	p.send(stepV, uC)
	return nil
}

// receiveRest returns S^mP: the units that only C has.
func (p *party) receiveRest() ([]curve.Point, error) {
	n, err := p.receiveCount()
	if err != nil {
		return nil, err
	}
	s, err := p.sorted(p.fetch(stepS, n))
	if err != nil {
		return nil, err
	}
	return s, p.raise(s, s, p.m, "tag the peer's units")
}
