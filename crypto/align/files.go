package align

import (
	"errors"
	"fmt"

	"parley/crypto/curve"
	"parley/crypto/spill"
)

// The work files. Those of a message stay until the caller removes them, for a
// resumed run sends them again; the others go when nothing needs them any more.
const (
	fileOwn      = "own"       // H(x)^k and the index of x, in the order of the units
	fileU        = "u"         // the own list, sorted: align/1/u
	fileOrder    = "order"     // the indices behind the entries of u
	fileRaised   = "raised"    // the peer's list to the k, in its order
	fileE        = "e"         // the same, sorted; P's align/2/e
	fileBack     = "back"      // the peer's list to the k·m, in its order: align/2/v or align/3/v
	fileLeft     = "left"      // C: what is in E but not in e_P, to the m, in the order of E
	fileS        = "s"         // the same, sorted: align/3/s
	fileOwnTags  = "tags.own"  // tags of the own entries and their indices, in the order of u
	filePeerTags = "tags.peer" // P: tags of S, in its order
	fileTags     = "tags"      // P: all tags, sorted: align/4/tags
)

// Sizes of the records in them.
const (
	indexSize   = 4
	indexedSize = curve.Size + indexSize
)

// tagRecord is the size of a tag with its index.
func (p *party) tagRecord() int { return tagSize(p.nC, p.nP) + indexSize }

// stored reports whether a file of n records is complete.
func (p *party) stored(name string, record, n int) (bool, error) {
	size, done, err := p.cfg.Work.Complete(name)
	if err != nil {
		return false, fmt.Errorf("align: %w", err)
	}
	if done && size != int64(record)*int64(n) {
		return false, foreign(name)
	}
	return done, nil
}

func foreign(name string) error {
	return fmt.Errorf("align: work file %s does not fit this alignment: remove the work directory and start with a new seed", name)
}

// growing is a file of records that are computed in order. Whatever of it a
// run before this one stored is not computed again.
type growing struct {
	w    *spill.Writer // nil if the file was complete before this run
	have int           // records stored before this run
}

// grow goes on with a file of n records, or fewer if most is set.
func (p *party) grow(name string, record, n int, most bool) (*growing, error) {
	size, done, err := p.cfg.Work.Complete(name)
	if err != nil {
		return nil, fmt.Errorf("align: %w", err)
	}
	g := &growing{}
	if !done {
		if g.w, err = p.cfg.Work.Append(name, p.cfg.chunk(record)); err != nil {
			return nil, fmt.Errorf("align: %w", err)
		}
		size = g.w.Size()
	}
	g.have = int(size / int64(record))
	if size%int64(record) != 0 || g.have > n || done && !most && g.have != n {
		return nil, errors.Join(foreign(name), g.close())
	}
	return g, nil
}

func (g *growing) complete() error {
	if g.w == nil {
		return nil
	}
	return g.w.Complete()
}

func (g *growing) close() error {
	if g.w == nil {
		return nil
	}
	return g.w.Close()
}

// keepPoints appends whole points.
func (g *growing) keepPoints(points []curve.Point) error {
	for i := range points {
		if _, err := g.w.Write(points[i][:]); err != nil {
			return err
		}
	}
	return nil
}
