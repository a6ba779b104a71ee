package templates

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parley/agreements"
)

// Filling is what a template is filled in with.
type Filling struct {
	Title   string // empty: the template's
	Members []agreements.Member
	// Datasets are the members' with the rules of their contracts.
	Datasets []agreements.Dataset
	// Values are those of blanks and parties (a member's name), by name.
	Values map[string]string
	// Tables binds roles to datasets and Columns ("table.column") to columns;
	// a role that is not named is bound to what is called like it.
	Tables, Columns map[string]string
	// Only are the analyses to take up; empty: all.
	Only      []string
	NotBefore time.Time
	Change    Change
}

// Change is what an agreement will say otherwise than the template's policy.
type Change struct {
	MinGroupSize int            // 0: as in the template
	DP           *agreements.DP // nil: as in the template
	AdHoc        *bool          // nil: as in the template
	Receivers    []string       // members; empty: as in the template
	Days         int            // 0: as in the template
}

// Missing is the error of a Filling that leaves things open: all of them at
// once, in the template's order.
type Missing struct {
	Template string   `json:"template"`
	Parties  []Party  `json:"parties,omitempty"`
	Blanks   []Blank  `json:"blanks,omitempty"`
	Tables   []string `json:"tables,omitempty"`  // roles, with what each is
	Columns  []string `json:"columns,omitempty"` // roles, with what each is
}

func (m *Missing) empty() bool {
	return len(m.Parties)+len(m.Blanks)+len(m.Tables)+len(m.Columns) == 0
}

// Error lists what is missing and how to give it.
func (m *Missing) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the template %s is not filled in; still missing:", m.Template)
	line := func(what, how, why string) { fmt.Fprintf(&b, "\n  %s (%s)\n      %s", what, how, why) }
	for _, p := range m.Parties {
		line("which member is the "+lowerFirst(p.Title), "--set "+p.Name+"=MEMBER", p.About)
	}
	for _, k := range m.Blanks {
		why := k.Help
		if k.Example != "" {
			why += " Such as: " + k.Example
		}
		line(k.Ask, "--set "+k.Name+"=…", why)
	}
	for _, s := range m.Tables {
		name, about, _ := strings.Cut(s, ": ")
		line("the dataset for "+name, "one of yours with --dataset, a partner's with --partner-dataset; --table "+name+"=DATASET where it is called otherwise; or leave its analyses out with --only", about)
	}
	for _, s := range m.Columns {
		name, about, _ := strings.Cut(s, ": ")
		line("the column for "+name, "--column "+name+"=COLUMN, or leave its analyses out with --only", about)
	}
	return b.String()
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// Fill makes an agreement. What is missing is a *Missing; any other error says
// what does not fit.
func (t *Template) Fill(f Filling) (*agreements.Agreement, error) {
	if err := t.known(&f); err != nil {
		return nil, err
	}
	ref, err := t.Ref()
	if err != nil {
		return nil, err
	}
	missing := &Missing{Template: t.Name}
	analyses, err := t.chosen(f.Only)
	if err != nil {
		return nil, err
	}
	names, owners, err := t.binding(&f, analyses, missing)
	if err != nil {
		return nil, err
	}
	parties, err := t.assign(&f, owners, missing)
	if err != nil {
		return nil, err
	}
	a := &agreements.Agreement{Format: agreements.Format, Title: t.Title, Template: ref, Clauses: slices.Clone(t.Clauses),
		Members: f.Members, Datasets: slices.Clone(f.Datasets)}
	if f.Title != "" {
		a.Title = f.Title
	}
	for _, p := range t.Parties {
		a.Terms = append(a.Terms, agreements.Term{Name: p.Name, Type: agreements.TermParty, Value: parties[p.Name]})
	}
	for _, b := range t.Blanks {
		v := f.Values[b.Name]
		if v == "" {
			v = b.Default
		}
		switch {
		case v == "":
			missing.Blanks = append(missing.Blanks, b)
		case b.Name == purposeBlank:
			a.Purpose = v
		default:
			a.Terms = append(a.Terms, agreements.Term{Name: b.Name, Type: b.Type, Value: v})
		}
	}
	if !missing.empty() {
		return nil, missing
	}
	for i := range analyses {
		analyses[i].SQL = bound(analyses[i].SQL, names)
	}
	a.Analyses = analyses
	t.policy(a, &f, parties)
	return a, named(a.Check(), a)
}

// known refuses values for what the template does not have: a mistyped name
// must not leave a default in place unseen.
func (t *Template) known(f *Filling) error {
	var wrong []string
	for name := range f.Values {
		if t.blank(name) == nil && t.party(name) == nil {
			wrong = append(wrong, name)
		}
	}
	slices.Sort(wrong)
	if len(wrong) == 0 {
		return nil
	}
	var have []string
	for _, p := range t.Parties {
		have = append(have, p.Name)
	}
	for _, b := range t.Blanks {
		have = append(have, b.Name)
	}
	return fmt.Errorf("the template %s has no blank %s; it has %s", t.Name, strings.Join(wrong, ", "), strings.Join(have, ", "))
}

// chosen are copies of the analyses to take up.
func (t *Template) chosen(only []string) ([]agreements.Analysis, error) {
	if len(only) == 0 {
		return slices.Clone(t.Analyses), nil
	}
	var out []agreements.Analysis
	for _, name := range only {
		a := t.analysis(name)
		if a == nil {
			var have []string
			for _, h := range t.Analyses {
				have = append(have, h.Name)
			}
			return nil, fmt.Errorf("the template %s has no analysis %q; it has %s", t.Name, name, strings.Join(have, ", "))
		}
		if !slices.ContainsFunc(out, func(h agreements.Analysis) bool { return h.Name == name }) {
			out = append(out, *a)
		}
	}
	return out, nil
}

// binding finds a name for every role that the analyses use, and which member
// owns the datasets of each party.
func (t *Template) binding(f *Filling, analyses []agreements.Analysis, missing *Missing) (names, owners map[string]string, err error) {
	names, owners = map[string]string{}, map[string]string{}
	var wrong []error
	for k := range f.Tables {
		if t.dataset(k) == nil {
			wrong = append(wrong, fmt.Errorf("the template %s has no table %q", t.Name, k))
		}
	}
	for k := range f.Columns {
		table, column, _ := strings.Cut(k, ".")
		if d := t.dataset(table); d == nil || d.column(column) == nil {
			wrong = append(wrong, fmt.Errorf("the template %s has no column %q", t.Name, k))
		}
	}
	for i := range analyses {
		roles, err := rolesIn(analyses[i].SQL)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range roles {
			if err := t.bindRole(f, r, names, owners, missing); err != nil {
				wrong = append(wrong, err)
			}
		}
	}
	return names, owners, errors.Join(wrong...)
}

func (t *Template) bindRole(f *Filling, r string, names, owners map[string]string, missing *Missing) error {
	if _, done := names[r]; done {
		return nil
	}
	table, column, isColumn := strings.Cut(r, ".")
	d := t.dataset(table)
	if d == nil {
		return fmt.Errorf("the template %s has no table %q", t.Name, table)
	}
	want := f.Tables[table]
	real := find(f.Datasets, table)
	if want != "" {
		if real = find(f.Datasets, want); real == nil {
			names[r] = ""
			return fmt.Errorf("there is no dataset %q for %s", want, table)
		}
	}
	if real == nil {
		if names[table] = ""; !slices.Contains(missing.Tables, table+": "+d.About) {
			missing.Tables = append(missing.Tables, table+": "+d.About)
		}
		return nil
	}
	if have := owners[d.Owner]; have != "" && have != real.Owner {
		names[r] = ""
		return fmt.Errorf("the datasets of the %s belong to %s and %s; one member has to own them", t.title(d.Owner), have, real.Owner)
	}
	names[table], owners[d.Owner] = real.Name, real.Owner
	if !isColumn {
		return nil
	}
	if column == d.Unit {
		names[r] = real.Rules.Unit.Column
		return nil
	}
	return t.bindColumn(f, d, d.column(column), real, r, names, missing)
}

func (t *Template) bindColumn(f *Filling, d *Dataset, c *Column, real *agreements.Dataset, r string, names map[string]string, missing *Missing) error {
	if c == nil {
		return fmt.Errorf("the template %s has no column %q", t.Name, r)
	}
	want := f.Columns[r]
	name := want
	if name == "" {
		name = c.Name
	}
	names[r] = name
	have := real.Rules.Column(name)
	switch {
	case have == nil && want == "":
		missing.Columns = append(missing.Columns, fmt.Sprintf("%s: %s The contract of %s lists: %s.", r, c.About, real.Name, columnNames(real)))
		return nil
	case have == nil:
		return fmt.Errorf("the contract of %s has no column %q for %s; it lists %s", real.Name, name, r, columnNames(real))
	case !c.Type.fits(have.Type):
		return fmt.Errorf("the column %s of %s is of type %s; %s needs a %s", name, real.Name, have.Type, r, c.Type)
	}
	for _, u := range c.Uses {
		if !have.Allows(u) {
			return fmt.Errorf("the contract of %s does not let the column %s be a %s, and %s needs that", real.Name, name, u, r)
		}
	}
	return nil
}

func columnNames(d *agreements.Dataset) string {
	var out []string
	for _, c := range d.Rules.Columns {
		out = append(out, c.Name)
	}
	return strings.Join(out, ", ")
}

func find(all []agreements.Dataset, name string) *agreements.Dataset {
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}

func (t *Template) title(party string) string {
	if p := t.party(party); p != nil {
		return lowerFirst(p.Title)
	}
	return party
}

// assign says which member each party is: as was said, else by the datasets,
// else whoever is left over.
func (t *Template) assign(f *Filling, owners map[string]string, missing *Missing) (map[string]string, error) {
	is := func(name string) bool {
		return slices.ContainsFunc(f.Members, func(m agreements.Member) bool { return m.Name == name })
	}
	out, taken := map[string]string{}, map[string]bool{}
	for _, p := range t.Parties {
		said, owner := f.Values[p.Name], owners[p.Name]
		switch {
		case said != "" && !is(said):
			return nil, fmt.Errorf("%s cannot be the %s: it is not a member of this agreement", said, lowerFirst(p.Title))
		case said != "" && owner != "" && said != owner:
			return nil, fmt.Errorf("%s cannot be the %s: the datasets that the %s brings belong to %s", said, lowerFirst(p.Title), lowerFirst(p.Title), owner)
		case said != "":
			out[p.Name] = said
		case owner != "":
			out[p.Name] = owner
		}
		taken[out[p.Name]] = true
	}
	for _, p := range t.Parties {
		if out[p.Name] != "" {
			continue
		}
		var left []string
		for _, m := range f.Members {
			if !taken[m.Name] {
				left = append(left, m.Name)
			}
		}
		if len(left) == 1 {
			out[p.Name], taken[left[0]] = left[0], true
		} else {
			missing.Parties = append(missing.Parties, p)
		}
	}
	return out, nil
}

// policy writes the skeleton's rules into the agreement. Contracts may be
// stricter already; nothing is made looser than they are.
func (t *Template) policy(a *agreements.Agreement, f *Filling, parties map[string]string) {
	p, c := &t.Policy, &f.Change
	a.MinGroupSize, a.DP, a.AdHoc = p.MinGroupSize, p.DP, p.AdHoc
	if c.MinGroupSize != 0 {
		a.MinGroupSize = c.MinGroupSize
	}
	if c.DP != nil {
		a.DP = c.DP
	}
	if c.AdHoc != nil {
		a.AdHoc = *c.AdHoc
	}
	days := p.Days
	if c.Days != 0 {
		days = c.Days
	}
	a.Validity = agreements.Window{NotBefore: f.NotBefore, NotAfter: f.NotBefore.AddDate(0, 0, days)}
	a.Receivers = c.Receivers
	if len(a.Receivers) == 0 {
		a.Receivers = t.receiving(parties)
	}
	for i := range a.Datasets {
		r := &a.Datasets[i].Rules
		if p.RunsPerDay > 0 && (r.RunsPerDay == 0 || r.RunsPerDay > p.RunsPerDay) {
			r.RunsPerDay = p.RunsPerDay
		}
		r.ApproveRuns = r.ApproveRuns || p.ApproveRuns
	}
}

// receiving are the members that the receiving parties are, each once.
func (t *Template) receiving(parties map[string]string) (out []string) {
	for _, r := range t.Policy.Receivers {
		if m := parties[r]; !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// ReceivingMembers says who would receive answers, so that contracts can be
// read with it: the change's members, else those that the parties are said to
// be, else nobody is known yet.
func (t *Template) ReceivingMembers(f Filling) []string {
	if len(f.Change.Receivers) > 0 {
		return f.Change.Receivers
	}
	analyses, err := t.chosen(f.Only)
	if err != nil {
		return nil
	}
	var m Missing
	_, owners, err := t.binding(&f, analyses, &m)
	if err != nil {
		return nil
	}
	parties, err := t.assign(&f, owners, &m)
	if err != nil || len(m.Parties) > 0 {
		return nil
	}
	return t.receiving(parties)
}
