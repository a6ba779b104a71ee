package cleanroomtest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"parley/agreements"
	"parley/cleanroom/engine"
)

// Once wraps an engine for tests that ask hundreds of questions of nodes in
// one process: the tree of a text and the units of a test vector, which depend
// on the binary alone, are worked out once and not by every node. Everything
// that touches a dataset goes to the engine each time.
func Once(e engine.Engine) engine.Engine {
	return &once{Engine: e, trees: map[string][]byte{}, units: map[string][][]byte{}}
}

type once struct {
	engine.Engine
	mu    sync.Mutex
	trees map[string][]byte   // by SQL; mu
	units map[string][][]byte // by rule and raw keys; mu
}

func (o *once) Parse(ctx context.Context, sql string) ([]byte, error) {
	return remember(&o.mu, o.trees, sql, func() ([]byte, error) { return o.Engine.Parse(ctx, sql) }, slices.Clone[[]byte])
}

func (o *once) Normalise(ctx context.Context, u agreements.Unit, raw []string) ([][]byte, error) {
	key := fmt.Sprintf("%q %q", u, raw)
	return remember(&o.mu, o.units, key, func() ([][]byte, error) { return o.Engine.Normalise(ctx, u, raw) }, slices.Clone[[][]byte])
}

// remember returns a copy of the known value, or of make's if it succeeds.
func remember[V any](mu *sync.Mutex, known map[string]V, key string, make func() (V, error), copied func(V) V) (V, error) {
	mu.Lock()
	v, ok := known[key]
	mu.Unlock()
	if ok {
		return copied(v), nil
	}
	v, err := make()
	if err != nil {
		return v, err
	}
	mu.Lock()
	defer mu.Unlock()
	known[key] = v
	return copied(v), nil
}
