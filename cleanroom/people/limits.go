package people

import (
	"sync"
	"time"
)

// Bounds on failed sign-ins, in any window of this length. Names that are not
// here count like others, so that being slowed down tells nothing.
const (
	window      = 15 * time.Minute
	failsByName = 10
	failsInAll  = 100
	// strangers is how many calls with no valid token are recorded one by one.
	strangers = 100
)

// limits counts failures in this process. The bound in all bounds its memory.
type limits struct {
	mu     sync.Mutex
	fails  []failure
	others []time.Time
}

type failure struct {
	name string
	at   time.Time
}

func newLimits() limits { return limits{} }

// try counts a sign-in as failed before it is looked at, so that many at once
// do not slip through; passed takes that back. False: too many.
func (l *limits) try(name string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept, same := l.fails[:0], 0
	for _, f := range l.fails {
		if now.Sub(f.at).Abs() < window {
			kept = append(kept, f)
			if f.name == name {
				same++
			}
		}
	}
	l.fails = kept
	if same >= failsByName || len(kept) >= failsInAll {
		return false
	}
	l.fails = append(l.fails, failure{name, now})
	return true
}

// passed forgets the failures of a name that has signed in.
func (l *limits) passed(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.fails[:0]
	for _, f := range l.fails {
		if f.name != name {
			kept = append(kept, f)
		}
	}
	l.fails = kept
}

// Stranger is stranger for calls at the node's door.
func (d *Desk) Stranger() bool { return d.limits.stranger(d.o.Now()) }

// stranger reports whether a call with no valid token is to be recorded by
// itself, so that such calls cannot fill the disk.
func (l *limits) stranger(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.others[:0]
	for _, at := range l.others {
		if now.Sub(at).Abs() < window {
			kept = append(kept, at)
		}
	}
	l.others = kept
	if len(kept) >= strangers {
		return false
	}
	l.others = append(l.others, now)
	return true
}
