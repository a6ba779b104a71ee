package check

import (
	"strings"
	"unicode"

	"parley/agreements"
	"parley/analysis/sql"
	"parley/internal/weak"
)

// tables finds the datasets of FROM.
func (b *binder) tables() error {
	for _, t := range b.in.From {
		bound, err := b.table(t)
		if err != nil {
			return err
		}
		b.out.Tables = append(b.out.Tables, bound)
	}
	b.out.Where = make([][]*Expr, len(b.out.Tables))
	return nil
}

// table finds the dataset behind a table and the names of its columns there.
func (b *binder) table(t sql.Table) (Table, error) {
	out := Table{pos: t.Pos, Alias: t.Alias}
	if t.View != nil && len(t.View.Union) > 0 {
		return out, b.unionInside(t)
	}
	if t.View != nil {
		if err := b.viewed(&out, t.View); err != nil {
			return out, err
		}
		if out.Alias == "" {
			out.Alias = t.Name
		}
	} else if out.Dataset = b.dataset(t.Name); out.Dataset == nil {
		return out, b.src.Refuse(t.Pos, "unknown-dataset", "datasets", b.datasetsHint(),
			"There is no dataset %s in this agreement.", sql.Name(t.Name))
	}
	if out.Alias == "" {
		out.Alias = out.Dataset.Name
	}
	return out, b.checkName(out.Alias, t.Pos)
}

func (b *binder) dataset(name string) *agreements.Dataset {
	for i := range b.Agreement.Datasets {
		if fold(b.Agreement.Datasets[i].Name) == fold(name) {
			return &b.Agreement.Datasets[i]
		}
	}
	return nil
}

func (b *binder) datasetsHint() string {
	names := make([]string, 0, len(b.Agreement.Datasets))
	for _, d := range b.Agreement.Datasets {
		names = append(names, d.Name)
	}
	return "Datasets: " + listed(names) + "."
}

// pair insists that a join is of two datasets of two owners whose units mean
// the same. A self-join could repeat a unit's rows until it passes k (R04).
func (b *binder) pair() error {
	if len(b.out.Tables) < 2 {
		return nil
	}
	left, right := b.out.Tables[0], b.out.Tables[1]
	l, r := left.Dataset, right.Dataset
	switch {
	case l == r && !weak.Off("R04"):
		return b.src.Refuse(right.pos, "self-join", "", "Join it with a dataset of the other owner.",
			"Joining %s with itself is not part of the language.", sql.Name(l.Name))
	case l.Owner == r.Owner && !weak.Off("R04"):
		return b.src.Refuse(right.pos, "same-owner", rule(r, "owner"), "Ask about each dataset by itself.",
			"%s and %s belong to the same owner; a join is of two owners' datasets.", sql.Name(l.Name), sql.Name(r.Name))
	case fold(left.Alias) == fold(right.Alias):
		return b.src.Refuse(right.pos, "ambiguous", "", "Give the tables different aliases.",
			"Both tables are called %s.", sql.Name(right.Alias))
	case l.Rules.Unit.Normalisation != r.Rules.Unit.Normalisation:
		return b.src.Refuse(right.pos, "normalisation", rule(r, "unit.normalisation"), "",
			"The ids of people or things in %s (%s) and %s (%s) are not written the same way, so none would match.",
			sql.Name(l.Name), l.Rules.Unit.Normalisation, sql.Name(r.Name), r.Rules.Unit.Normalisation)
	}
	return nil
}

// using checks JOIN … USING: the column must be the unit of both.
func (b *binder) using() error {
	u := b.in.Using
	if u == nil {
		return nil
	}
	for _, t := range b.out.Tables {
		if f, ok := lookup(t, u.Column); !ok || !f.unit {
			return b.src.Refuse(u.Pos, "bad-join", rule(t.Dataset, "unit.column"), b.joinHint(),
				"%s does not identify the people or things of %s.", sql.Name(u.Column), sql.Name(t.Dataset.Name))
		}
	}
	b.markJoined()
	return nil
}

// join refuses two tables whose units were not equated.
func (b *binder) join() error {
	if len(b.out.Tables) == 2 && !b.joined {
		return b.src.Refuse(b.out.Tables[1].pos, "missing-join", rule(b.out.Tables[1].Dataset, "unit"), b.joinHint(),
			"%s and %s are not joined on the ids of their people or things.",
			sql.Name(b.out.Tables[0].Dataset.Name), sql.Name(b.out.Tables[1].Dataset.Name))
	}
	return nil
}

func (b *binder) markJoined() {
	b.joined = true
	for _, t := range b.out.Tables {
		b.record(t.Dataset, t.Dataset.Rules.Unit.Column, "unit", rule(t.Dataset, "unit"))
	}
}

func (b *binder) joinHint() string {
	if len(b.out.Tables) != 2 {
		return ""
	}
	l, r := b.out.Tables[0], b.out.Tables[1]
	return "Write ON " + l.Alias + "." + l.Dataset.Rules.Unit.Column + " = " + r.Alias + "." + r.Dataset.Rules.Unit.Column + "."
}

// checkName refuses names that would make the answer or the receipt hard to
// read: too long, or with characters that do not print.
func (b *binder) checkName(name string, pos int) error {
	ok := name != "" && len(name) <= maxName
	for _, r := range name {
		ok = ok && unicode.IsPrint(r) && r != unicode.ReplacementChar
	}
	if !ok {
		return b.src.Refuse(pos, "bad-name", "", "", "A name must have 1 to %d printable bytes; %s does not.", maxName, sql.Name(name))
	}
	return nil
}

// rule is the place of a rule in the agreement.
func rule(d *agreements.Dataset, path string) string {
	if path == "owner" {
		return "datasets." + d.Name + ".owner"
	}
	return "datasets." + d.Name + ".rules." + path
}

// fold lowers ASCII letters, as DuckDB compares names.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// listed joins names for a hint, at most a dozen.
func listed(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
