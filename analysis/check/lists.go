package check

import (
	"parley/agreements"
	"parley/analysis/sql"
)

// maxInList bounds the values of one IN, lists included.
const maxInList = 1000

// boundList checks the value of a list. Its Text stays as it was given; listed
// takes it apart again.
func boundList(p *agreements.Parameter, text string) (v Value, why string) {
	items, err := agreements.ListItems(text)
	switch {
	case err != nil:
		return v, "is not a list: write values between commas, or a JSON array of at least one"
	case len(items) > p.MaxItems:
		return v, "has more values than are allowed"
	}
	for _, item := range items {
		if _, why := bound(p, item); why != "" {
			return v, "holds a value that " + why
		}
	}
	return Value{Type: agreements.List, Text: text}, ""
}

// listed is the list of an IN, with the values of a list in the place of its
// parameter.
func (b *binder) listed(e *sql.In) ([]sql.Expr, error) {
	var out []sql.Expr
	for _, x := range e.List {
		p, ok := x.(*sql.Param)
		if !ok || b.Analysis == nil || b.Params[p.Name].Type != agreements.List {
			out = append(out, x)
			continue
		}
		items, err := agreements.ListItems(b.Params[p.Name].Text)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			out = append(out, &sql.Literal{Pos: p.Pos, Kind: sql.LiteralKind(b.itemType(p.Name)), Text: item})
		}
	}
	if len(out) > maxInList {
		return nil, b.src.Refuse(e.Position(), "too-complex", "", "", "IN lists between 1 and %d values.", maxInList)
	}
	return out, nil
}

func (b *binder) itemType(parameter string) agreements.Type {
	for i := range b.Analysis.Parameters {
		if p := &b.Analysis.Parameters[i]; p.Name == parameter {
			return p.Item()
		}
	}
	return ""
}
