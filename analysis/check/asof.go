package check

import "parley/analysis/sql"

const asofHint = "Write FROM a ASOF JOIN b ON a.unit = b.unit AND a.date >= b.date, with dates of the two owners; how old the latest row may be stands in WHERE, as in a.date - b.date <= 14."

// asof reads ON of an ASOF JOIN: the units, and one order of two dates.
func (b *binder) asof() error {
	if b.in.Asof == nil {
		return nil
	}
	for _, e := range b.in.Asof.On {
		before := b.apart
		done, err := b.dayCondition(e)
		if err != nil {
			return err
		}
		_, compared := e.(*sql.Compare)
		if done && (before != nil || !compared) {
			return b.badAsof(e.Position())
		}
		if done {
			continue
		}
		if done, err = b.unitEquality(e); err != nil {
			return err
		}
		if !done {
			return b.src.Refuse(e.Position(), "bad-asof", "", "Put it in WHERE, or for the second table in a subquery: ASOF JOIN (SELECT * FROM … WHERE …) AS ….",
				"ON of an ASOF JOIN compares the units and the dates, and nothing else.")
		}
	}
	// Days from the first table's date to the second's: none, or at most so many.
	if a := b.apart; a == nil || a.lo > -Open || a.hi == Open {
		return b.badAsof(b.in.Asof.Pos)
	}
	b.apart.latest = b.apart.hi
	return nil
}

func (b *binder) badAsof(pos int) error {
	return b.src.Refuse(pos, "bad-asof", "", asofHint, "This form of ASOF JOIN is not part of the language.")
}

// afterAsof refuses a condition on the second table in WHERE: it would drop
// events whose latest row does not meet it, which only a second pass could do.
func (b *binder) afterAsof(table, pos int) error {
	if b.in.Asof == nil || table != 1 {
		return nil
	}
	name := b.out.Tables[1].Dataset.Name
	return b.src.Refuse(pos, "bad-asof", "", "Pick its rows before they are joined: ASOF JOIN (SELECT * FROM "+name+" WHERE …) AS ….",
		"After ASOF JOIN, WHERE cannot test the second table.")
}

// latest checks what may be asked of an ASOF JOIN. Of several rows of one day
// any could be the latest, so nothing but its groups is known of that row.
func (b *binder) latest(a *apart) error {
	if a.hi != a.latest {
		return b.src.Refuse(a.pos, "bad-asof", "", "WHERE may bound how old the latest row is, as in a.date - b.date <= 14.",
			"After ASOF JOIN, WHERE cannot leave out the most recent rows.")
	}
	for _, it := range b.out.Items {
		if it.Group >= 0 || it.Filters[1] == nil && (it.Arg == nil || it.Table != 1) {
			continue
		}
		return b.src.Refuse(it.pos, "bad-asof", "", "Add up columns of the first table, and pick the second's rows in a subquery.",
			"Which of several rows of one day an ASOF JOIN takes is not defined, so its columns are not added up or tested.")
	}
	return nil
}
