package agreements

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parley/agreements/clause"
)

// Text renders the agreement for people. Every number and name in it comes
// from the fields that the nodes enforce. Free text is drawn behind a bar, so
// that it cannot pass for a term. The agreement must have passed Check.
func (a *Agreement) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", a.Title)
	line("%s\n", strings.Repeat("=", len([]rune(a.Title))))
	line("Purpose\n%s\n", barred(a.Purpose))
	if a.Predecessor != "" {
		line("This agreement amends agreement %s and takes its place for good\nas soon as every member has signed.\n", a.Predecessor)
	}
	line("In force from %s until %s.\n", day(a.Validity.NotBefore), day(a.Validity.NotAfter))
	line("Members")
	for _, m := range a.Members {
		at := "dials out only"
		if m.Address != "" {
			at = "node at " + m.Address
		}
		line("  %s (%s)\n    identity key %s\n    TLS key %s\n    results are sealed to %s", m.Name, at, m.IdentityKey, m.TLSFingerprint, m.AgeRecipient)
	}
	line("\nAnswers")
	line("  No released output rests on fewer than %d people or things.", a.MinGroupSize)
	line("  Answers may be received by: %s.", strings.Join(a.Receivers, ", "))
	a.DP.text(line)
	if a.AdHoc {
		line("  Questions may be asked freely in SQL, within the rules of each dataset that allows it.")
	} else {
		line("  Only the approved analyses below may be asked.")
	}
	for i := range a.Datasets {
		a.Datasets[i].text(line, !a.DP.None())
	}
	for _, n := range a.Analyses {
		line("\nApproved analysis %s", n.Name)
		if n.Description != "" {
			line("%s", barred(n.Description))
		}
		line("  SQL\n%s", barred(n.SQL))
		for _, q := range n.Parameters {
			line("  parameter %s", q.text())
		}
	}
	for i, c := range a.Clauses {
		line("\n%d. %s\n%s", i+1, c.Title, barred(a.clauseText(&c)))
	}
	return b.String()
}

// barred draws free text behind a bar.
func barred(s string) string {
	return "  | " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  | ")
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 MST") }

// text words a dataset; noisy says that the agreement demands noise.
func (d *Dataset) text(line func(string, ...any), noisy bool) {
	r := &d.Rules
	line("\nDataset %s of %s", d.Name, d.Owner)
	line("  contract %s", d.ContractHash)
	how := string(r.Unit.Normalisation)
	if r.Unit.Region != "" {
		how += ", region " + r.Unit.Region
	}
	line("  protected unit: %s (%s); at most %s each", r.Unit.Column, how, count(r.MaxRowsPerUnit, "row"))
	if r.MinGroupSize > 0 {
		line("  its owner's own minimum group size: %d", r.MinGroupSize)
	}
	if r.MinSetSize > 0 {
		line("  asked about only while it holds at least %d units", r.MinSetSize)
	}
	if r.PublicData {
		line("  PUBLIC DATA: its rows are public anyway, so lower limits apply")
	}
	if !r.AdHoc {
		line("  approved analyses only")
	}
	r.finerText(line, noisy)
	for i := range r.Columns {
		line("  %s", r.Columns[i].text())
		if v := r.Columns[i].values(); v != "" {
			line("    %s", v)
		}
	}
}

func (c *Column) text() string {
	uses := make([]string, len(c.Uses))
	for i, u := range c.Uses {
		uses[i] = string(u)
	}
	s := fmt.Sprintf("%-24s %-8s %s%s", c.Name, c.Type, strings.Join(uses, ", "), limits(c.Min, c.Max))
	if c.Type == Decimal {
		s += ", " + count(int64(c.Scale), "decimal")
	}
	if c.Nullable {
		s += ", may be missing"
	}
	if len(c.Operators) > 0 {
		s += ", tested by " + strings.Join(c.Operators, " ") + " only"
	}
	if c.Clip != "" {
		s += ", cut to " + c.Clip + " a unit in a noisy sum"
	}
	if len(c.Domain) > 0 {
		s += ", " + count(int64(len(c.Domain)), "listed value")
	}
	return s
}

// values lists what a column can hold, spelled as in SQL: an analyst has to
// know it to ask for one of them.
func (c *Column) values() string {
	const most = 20
	var all []string
	for _, v := range c.Domain[:min(most, len(c.Domain))] {
		if c.Type == Text {
			v = "'" + strings.ReplaceAll(v, "'", "''") + "'"
		}
		all = append(all, v)
	}
	if more := len(c.Domain) - most; more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, ", ")
}

// limits words optional bounds.
func limits(low, high string) string {
	switch {
	case low != "" && high != "":
		return ", from " + low + " to " + high
	case low != "":
		return ", at least " + low
	case high != "":
		return ", at most " + high
	}
	return ""
}

func (q *Parameter) text() string {
	kind := string(q.Type)
	if q.Type == List {
		kind = fmt.Sprintf("list of %s, at most %d", q.Of, q.MaxItems)
	}
	s := fmt.Sprintf("%s (%s)", q.Name, kind) + limits(q.Min, q.Max)
	if len(q.Values) > 0 {
		s += ", one of " + strings.Join(q.Values, ", ")
	}
	if q.Default != "" {
		s += ", " + q.Default + " unless said otherwise"
	}
	return s
}

// count words a number of things.
func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatInt(n, 10) + " " + what + "s"
}

// clauseText is a clause with its placeholders filled in.
func (a *Agreement) clauseText(c *Clause) string {
	var b strings.Builder
	blocks, _ := clause.Parse(c.Text)
	for i, block := range blocks {
		if i > 0 {
			b.WriteString("\n\n")
		}
		for j, item := range block.Items {
			if j > 0 {
				b.WriteString("\n")
			}
			switch block.Form {
			case clause.Bullets:
				b.WriteString("- ")
			case clause.Numbers:
				fmt.Fprintf(&b, "%d. ", j+1)
			}
			for _, s := range item {
				if s.Kind != clause.Placeholder {
					b.WriteString(s.Text)
					continue
				}
				pieces, _ := a.Phrase(s.Text)
				for _, p := range pieces {
					b.WriteString(p.Text)
				}
			}
		}
	}
	return b.String()
}
