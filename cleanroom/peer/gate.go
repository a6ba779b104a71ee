package peer

import (
	"context"
	"sync"
)

// gate bounds how many calls of one caller are worked on at a time. Others
// wait their turn, so one partner's flood costs the other partners nothing.
type gate struct {
	width int

	mu    sync.Mutex
	lanes map[string]*lane // by caller; only those with a call; mu
}

type lane struct {
	slots chan struct{}
	users int // calls waiting or inside; the gate's mu
}

func newGate(width int) *gate { return &gate{width: width, lanes: map[string]*lane{}} }

// enter waits for a place and returns the function that gives it back.
func (g *gate) enter(ctx context.Context, who string) (leave func(), err error) {
	g.mu.Lock()
	l := g.lanes[who]
	if l == nil {
		l = &lane{slots: make(chan struct{}, g.width)}
		g.lanes[who] = l
	}
	l.users++
	g.mu.Unlock()
	forget := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(g.lanes, who)
		}
	}
	select {
	case l.slots <- struct{}{}:
		return func() { <-l.slots; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, context.Cause(ctx)
	}
}
