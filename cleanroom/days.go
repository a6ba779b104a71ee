package cleanroom

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"parley/analysis/check"
	"parley/analysis/plan"
	"parley/cleanroom/engine"
	"parley/crypto/inner"
)

// maxDayNumbers bounds days × slots of a join on time: each such number takes
// 6.6 bytes on the wire (narrow), 13.3 (wide) or 20.7 (large).
const maxDayNumbers = 1 << 26

// withinDays refuses a join on time that would be too large, before anything
// is done for it.
func withinDays(days int, slots int64) error {
	if int64(days)*slots <= maxDayNumbers {
		return nil
	}
	return fmt.Errorf("the question needs a number for each of %d days and about %d units, and one run sends at most %d; ask about at most %d days at a time",
		days, slots, maxDayNumbers, maxDayNumbers/slots)
}

// noDay is the day of a group that the engine lists before any row.
const noDay = -1 << 31

var errDay = errors.New("the engine returned a day that is none")

// cutDay takes the day off the texts of an engine's group.
func cutDay(l plan.Local, texts []engine.Text) ([]engine.Text, int32, error) {
	switch {
	case len(texts) != l.KeyColumns():
		return nil, 0, errors.New("the engine returned a group of another number of columns")
	case l.Days == nil:
		return texts, 0, nil
	}
	last := texts[len(texts)-1]
	if texts = texts[:len(texts)-1]; last.Null {
		return texts, noDay, nil
	}
	n, err := strconv.ParseInt(last.Value, 10, 32)
	if err != nil || n < -1<<24 || n > 1<<24 { // dates have years of four digits
		return nil, 0, errDay
	}
	return texts, int32(n), nil
}

// dayCell is a number of one unit in one group on one day; day 0 in a vector
// over slots alone.
type dayCell struct {
	group uint32
	day   int32
	x     int64
}

// dayEntries places a vector's numbers in a join on time, unit by unit. Rows
// that hold for several days are spread over them here, not in the engine: it
// would make that many rows of each.
func (p *products) dayEntries(vec plan.Vector, err *error) iter.Seq[inner.Entry] {
	return func(yield func(inner.Entry) bool) {
		s := &daySpread{own: p.own, days: p.ownDays, vec: vec}
		if s.days.Rule == check.LatestRow && s.days.State {
			if s.rank, *err = p.own.groups.ranks(); *err != nil {
				return
			}
		}
		for from := 0; from < len(p.own.units); {
			unit := p.own.units[from]
			to := from + 1
			for to < len(p.own.units) && p.own.units[to] == unit {
				to++
			}
			if uint64(unit) >= uint64(len(p.slots)) {
				*err = errStaleAlignment
				return
			}
			if *err = s.unit(from, to); *err != nil {
				return
			}
			for _, c := range s.cells {
				if !yield(inner.Entry{Slot: uint32(c.day)*uint32(p.total) + p.slots[unit], Group: c.group, Weight: c.x}) {
					return
				}
			}
			from = to
		}
	}
}

// daySpread computes the cells of one unit after the other.
type daySpread struct {
	own     *reduced
	days    *plan.Days
	vec     plan.Vector
	rank    []int     // of the groups, for LatestRow
	total   []int64   // of the unit's rows, by day, for Share
	next    []int32   // by row of the unit: the day on which a later row takes over, reused
	touches []touch   // of the unit, by day, reused
	cells   []dayCell // of the unit, each (group, day) once, none of 0
}

// unit computes the cells of the unit with the entries from … to−1.
func (s *daySpread) unit(from, to int) error {
	s.cells = s.cells[:0]
	if s.rank != nil {
		s.succeed(from, to)
	}
	for i := from; i < to; i++ {
		x, err := s.own.entry(i, s.vec)
		if err != nil {
			return err
		}
		day := s.own.days[i]
		if day == noDay {
			return errDay
		}
		group := s.own.group[i]
		if s.vec.Any {
			group = 0
		}
		if x == 0 {
			continue
		}
		first, last := s.span(day)
		if s.rank != nil && s.vec.Day != "" {
			last = min(last, s.next[i-from]-1)
			x = 1 // whatever number of rows there are on the day, one is the latest
		}
		for d := first; d <= last; d++ {
			s.cells = append(s.cells, dayCell{group, d, x})
		}
	}
	if err := s.merge(to-from > 1); err != nil || s.vec.Of != plan.Share {
		return err
	}
	s.share()
	return nil
}

// share turns the numbers of rows of each group on each day into parts of 1,
// as whole numbers of 1/MaxAbs.
func (s *daySpread) share() {
	if s.total == nil {
		s.total = make([]int64, s.days.Count)
	}
	clear(s.total)
	for _, c := range s.cells {
		s.total[c.day] += c.x
	}
	for i := range s.cells {
		c := &s.cells[i]
		n := s.total[c.day]
		c.x = (2*s.vec.MaxAbs*c.x + n) / (2 * n) // rounded; 2 · 10^8 · rows is far below 2^63
	}
}

// span is the days that a row of a day counts on.
func (s *daySpread) span(day int32) (first, last int32) {
	switch end := int64(s.days.Count) - 1; {
	case s.vec.Day == "":
		return 0, 0
	case s.days.State:
		return int32(max(int64(day)+s.days.Lo, 0)), int32(min(int64(day)+s.days.Hi, end))
	case day < 0 || int64(day) > end:
		return 0, -1 // no day of the window; the local plan leaves such rows out
	}
	return day, day
}

// touch is the latest row of a unit's day.
type touch struct {
	day  int32
	rank int
}

// succeed finds for each row of a unit when another takes its place as the
// latest: at once if a row of the same day has a greater label.
func (s *daySpread) succeed(from, to int) {
	s.next, s.touches = s.next[:0], s.touches[:0]
	for i := from; i < to; i++ {
		s.touches = append(s.touches, touch{s.own.days[i], s.rank[s.own.group[i]]})
	}
	slices.SortFunc(s.touches, func(a, b touch) int { return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(b.rank, a.rank)) })
	s.touches = slices.CompactFunc(s.touches, func(a, b touch) bool { return a.day == b.day })
	for i := from; i < to; i++ {
		day, next := s.own.days[i], int32(s.days.Count)
		at, _ := slices.BinarySearchFunc(s.touches, day, func(t touch, d int32) int { return cmp.Compare(t.day, d) })
		switch {
		case s.touches[at].rank != s.rank[s.own.group[i]]:
			next = noDay + 1
		case at+1 < len(s.touches):
			next = int32(min(int64(next), int64(s.touches[at+1].day)+s.days.Lo))
		}
		s.next = append(s.next, next)
	}
}

// ranks orders the groups by their labels, column by column: a missing value
// first, then by bytes. Of several rows of one day the greatest is the latest.
func (t *groupTable) ranks() ([]int, error) {
	texts, order := make([][]engine.Text, len(t.labels)), make([]int, len(t.labels))
	for n, label := range t.labels {
		order[n] = n
		if label == nil {
			continue
		}
		var err error
		if texts[n], err = decodeLabel(t.columns, label); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return slices.CompareFunc(texts[a], texts[b], func(x, y engine.Text) int {
			return cmp.Or(cmp.Compare(present(x), present(y)), strings.Compare(x.Value, y.Value))
		})
	})
	ranks := make([]int, len(order))
	for rank, n := range order {
		ranks[n] = rank
	}
	return ranks, nil
}

func present(x engine.Text) int {
	if x.Null {
		return 0
	}
	return 1
}

// merge puts the cells of one (group, day) together: counts and sums add up,
// a mark is there or not. With FirstDay only each group's first day stays.
func (s *daySpread) merge(several bool) error {
	mark := s.vec.Of == plan.Units || s.vec.Of == plan.HasValue || s.vec.Of == plan.Lacks
	if several {
		slices.SortFunc(s.cells, func(a, b dayCell) int { return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.day, b.day)) })
	}
	n := 0
	for _, c := range s.cells {
		if n > 0 && s.cells[n-1].group == c.group {
			if have := &s.cells[n-1]; s.vec.Day == plan.FirstDay || mark && have.day == c.day {
				continue
			} else if have.day == c.day {
				have.x += c.x
				continue
			}
		}
		s.cells[n] = c
		n++
	}
	s.cells = s.cells[:n]
	for _, c := range s.cells {
		if c.x > s.vec.MaxAbs || c.x < -s.vec.MaxAbs {
			return fmt.Errorf("a unit's %s exceeds the bound %d that the contract declares", s.vec.Of, s.vec.MaxAbs)
		}
	}
	return nil
}
