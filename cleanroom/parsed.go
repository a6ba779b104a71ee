package cleanroom

import (
	"context"
	"slices"
	"sync"

	"parley/cleanroom/engine"
)

// parsed keeps the syntax trees of the last questions: parsing starts a
// process, and people ask the same thing again with other parameters or on
// fresh data. A tree depends on its text and on nothing else.
type parsed struct {
	engine.Engine
	mu     sync.Mutex
	trees  map[string][]byte // by SQL; mu
	recent []string          // the keys of trees, oldest use first; mu
	size   int               // bytes of texts and trees; mu
}

// maxParsed bounds the bytes of the texts and trees that are kept.
const maxParsed = 16 << 20

func newParsed(e engine.Engine) *parsed { return &parsed{Engine: e, trees: map[string][]byte{}} }

// Parse implements engine.Engine. The tree must not be changed.
func (p *parsed) Parse(ctx context.Context, sql string) ([]byte, error) {
	if tree := p.known(sql); tree != nil {
		return tree, nil
	}
	tree, err := p.Engine.Parse(ctx, sql)
	if err == nil {
		p.keep(sql, tree)
	}
	return tree, err
}

func (p *parsed) known(sql string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	tree := p.trees[sql]
	if tree != nil {
		at := slices.Index(p.recent, sql)
		p.recent = append(slices.Delete(p.recent, at, at+1), sql)
	}
	return tree
}

func (p *parsed) keep(sql string, tree []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trees[sql] != nil { // parsed twice at once
		return
	}
	p.trees[sql] = tree
	p.recent = append(p.recent, sql)
	p.size += len(sql) + len(tree)
	for p.size > maxParsed {
		oldest := p.recent[0]
		p.size -= len(oldest) + len(p.trees[oldest])
		delete(p.trees, oldest)
		p.recent = p.recent[1:]
	}
}
