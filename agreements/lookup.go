package agreements

import "slices"

// Member returns the member called name, or nil.
func (a *Agreement) Member(name string) *Member {
	for i := range a.Members {
		if a.Members[i].Name == name {
			return &a.Members[i]
		}
	}
	return nil
}

// Dataset returns the dataset called name, or nil.
func (a *Agreement) Dataset(name string) *Dataset {
	for i := range a.Datasets {
		if a.Datasets[i].Name == name {
			return &a.Datasets[i]
		}
	}
	return nil
}

// Analysis returns the approved analysis called name, or nil.
func (a *Agreement) Analysis(name string) *Analysis {
	for i := range a.Analyses {
		if a.Analyses[i].Name == name {
			return &a.Analyses[i]
		}
	}
	return nil
}

// Receives reports whether the agreement lets the named member see answers.
func (a *Agreement) Receives(member string) bool { return slices.Contains(a.Receivers, member) }

// Column returns the rule for a column, or nil when the owner did not list it.
func (r *Rules) Column(name string) *Column {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return &r.Columns[i]
		}
	}
	return nil
}

// Allows reports whether the column may be put to the given use.
func (c *Column) Allows(u Use) bool { return slices.Contains(c.Uses, u) }
