package templates

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/agreements"
)

var six = []string{"audience-overlap", "campaign-measurement", "credit-signals", "health-cohort", "publisher-attribution", "retail-media"}

// shippedTemplate is a copy of a template that comes with the program.
func shippedTemplate(t *testing.T, name string) *Template {
	t.Helper()
	for _, s := range Shipped() {
		if s.Name == name {
			b, err := s.Encode()
			if err != nil {
				t.Fatal(err)
			}
			out, err := Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
	}
	t.Fatalf("no template %s", name)
	return nil
}

func TestShippedTemplates(t *testing.T) {
	var names []string
	for _, s := range Shipped() {
		names = append(names, s.Name)
		hash, err := s.Hash()
		if err != nil {
			t.Fatal(err)
		}
		again, err := shippedTemplate(t, s.Name).Hash()
		if err != nil || again != hash {
			t.Errorf("%s: encoded and read back it has hash %s, before %s, %v", s.Name, again, hash, err)
		}
		c, err := s.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := FromCanonical(c); err != nil || len(Diff(s, back)) > 0 {
			t.Errorf("%s: %v, %v", s.Name, err, Diff(s, back))
		}
	}
	if !slices.Equal(names, six) {
		t.Errorf("shipped are %v, want %v", names, six)
	}
}

// TestShippedClauses: what every template of ours must settle, each in a clause
// of its own, and the blanks that every one asks for.
func TestShippedClauses(t *testing.T) {
	for _, s := range Shipped() {
		for _, id := range []string{"parties", "purpose", "roles", "legal-basis", "data", "questions", "enforced", "limits", "no-reidentification", "no-combining",
			"receivers", "retention", "sub-processors", "security", "incidents", "rights", "records", "term", "ending", "liability", "law", "contacts", "signatures"} {
			if c, _ := s.Clause(id); c == nil {
				t.Errorf("%s has no clause %s", s.Name, id)
			}
		}
		for _, name := range []string{"purpose", "legalBasis", "retention", "liability", "subProcessors", "governingLaw"} {
			if s.blank(name) == nil {
				t.Errorf("%s has no blank %s", s.Name, name)
			}
		}
		for _, p := range s.Parties {
			if s.blank(p.Name+"Contact") == nil {
				t.Errorf("%s has no data protection contact of the %s", s.Name, p.Title)
			}
		}
	}
	health, credit, overlap := shippedTemplate(t, "health-cohort"), shippedTemplate(t, "credit-signals"), shippedTemplate(t, "audience-overlap")
	for _, s := range []*Template{health, credit} {
		if s.Policy.MinGroupSize <= overlap.Policy.MinGroupSize || !s.Policy.ApproveRuns || s.Policy.AdHoc {
			t.Errorf("%s is not stricter than advertising: %+v", s.Name, s.Policy)
		}
	}
	for _, name := range []string{"ethicsApproval", "specialGround"} {
		if health.blank(name) == nil {
			t.Errorf("the health template has no blank %s", name)
		}
	}
}

// TestPolicyStandsBehindText: a change of the policy changes the sentence.
func TestPolicyStandsBehindText(t *testing.T) {
	s := shippedTemplate(t, "audience-overlap")
	before, _ := s.ClauseText("enforced", nil)
	if !strings.Contains(before, "fewer than ‹50 people›") {
		t.Fatalf("clause %s", before)
	}
	s.Policy.MinGroupSize = 75
	if after, _ := s.ClauseText("enforced", nil); !strings.Contains(after, "fewer than ‹75 people›") || strings.Contains(after, "50") {
		t.Errorf("clause %s", after)
	}
}

func TestRefusedTemplates(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Template)
		want   string
	}{
		"number in a clause":   {func(s *Template) { s.Clauses[1].Text += " At least 50." }, `clause 2 (purpose), line 5, column 154: "50" is a number: put a placeholder for the field that holds it, or a citation such as [[Article 28 GDPR]]`},
		"unknown placeholder":  {func(s *Template) { s.Clauses[1].Text = "{{purpose}} {{k}}" }, `clause 2 (purpose), line 1, column 13: {{k}} is not a placeholder; ` + "`parley help clauses` lists them"},
		"placeholder no blank": {func(s *Template) { s.Clauses[1].Text = "{{purpose}} {{terms.nothing}}" }, `clause 2 (purpose), line 1, column 13: there is no term "nothing"`},
		"blank without use": {func(s *Template) {
			s.Blanks = append(s.Blanks, Blank{Name: "extra", Type: "text", Ask: "Extra", Help: "Nothing."})
		}, `extra: no clause says {{terms.extra}}`},
		"blank twice":          {func(s *Template) { s.Blanks[2].Name = "legalBasis" }, "blanks[2].name: is the name of another blank or party"},
		"no purpose":           {func(s *Template) { s.Blanks = s.Blanks[1:] }, "blanks: there must be one called purpose: it fills the agreement's purpose"},
		"wrong default":        {func(s *Template) { s.Blanks[2].Default = "soon" }, "blanks[2].default: must be a number of days from 0 to 36500"},
		"low k":                {func(s *Template) { s.Policy.MinGroupSize = 9 }, "policy.minGroupSize: must be 10 to 1,000,000"},
		"no dp":                {func(s *Template) { s.Policy.DP = nil }, `policy.dp: this field is required; "none" is the threshold alone`},
		"foreign receiver":     {func(s *Template) { s.Policy.Receivers = []string{"agency"} }, "policy.receivers[0]: must be a party's name, once"},
		"unknown role":         {func(s *Template) { s.Analyses[0].SQL = "SELECT COUNT(*) FROM {nowhere}" }, "analyses[0].sql: {nowhere} is not a role of the template's datasets"},
		"stray brace":          {func(s *Template) { s.Analyses[0].SQL += "}" }, "analyses[0].sql: a brace that is no role: write {table} or {table.column}"},
		"column without use":   {func(s *Template) { s.Analyses = s.Analyses[:1] }, "datasets[0].columns[0]: no analysis uses {audience.age_band}"},
		"name of another form": {func(s *Template) { s.Name = "Audience_Overlap" }, "name: must be of small letters and digits, joined by -, at most 63"},
		"terminal in title":    {func(s *Template) { s.Title = "a\x1b[2J" }, "title: must be one line of characters that can be shown"},
	} {
		t.Run(name, func(t *testing.T) {
			s := shippedTemplate(t, "audience-overlap")
			c.change(s)
			if err := s.Check(); err == nil || !slices.Contains(strings.Split(err.Error(), "\n"), c.want) {
				t.Errorf("got %v\nwant a line %s", err, c.want)
			}
		})
	}
}

func TestRefusedFiles(t *testing.T) {
	b, err := shippedTemplate(t, "audience-overlap").Encode()
	if err != nil {
		t.Fatal(err)
	}
	good := string(b)
	for name, c := range map[string]struct{ text, want string }{
		"no head":      {"## Purpose {#purpose}\n", "a template begins with a line --- and its YAML head; `parley template export NAME` prints one to start from"},
		"open head":    {"---\nformat: x\n", "the template's YAML head has no end: a line --- is missing"},
		"no clause":    {good[:strings.Index(good, "\n##")], "the template has no clause: behind its head stand lines such as \"## Purpose {#purpose}\", each with its text"},
		"no id":        {strings.Replace(good, " {#purpose}", "", 1), "a clause begins with a line such as \"## Purpose {#purpose}\": a title, and an id of small letters and digits joined by -"},
		"early text":   {strings.Replace(good, "\n## Parties", "\nText.\n\n## Parties", 1), "there is text before the first clause; a clause begins with a line such as \"## Purpose {#purpose}\""},
		"unknown key":  {strings.Replace(good, "\nversion: 1\n", "\nversion: 1\nsecret: x\n", 1), "the template is not a template: yaml: unmarshal errors:\n  line 4: field secret not found in type templates.Template"},
		"duplicate":    {strings.Replace(good, "\nversion: 1\n", "\nversion: 1\nversion: 2\n", 1), `mapping key "version" already defined`},
		"anchor":       {strings.Replace(good, "\nversion: 1\n", "\nversion: &v 1\n", 1), "YAML anchors and aliases are not allowed"},
		"half version": {strings.Replace(good, "\nversion: 1\n", "\nversion: 1.5\n", 1), "version must be a whole number"},
		"too large":    {good + strings.Repeat(" ", MaxSize), "the template is larger than 524288 bytes"},
	} {
		if _, err := Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// filling is one that audience-overlap accepts.
func filling(t *testing.T) Filling {
	t.Helper()
	s := shippedTemplate(t, "audience-overlap")
	f := Filling{NotBefore: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), Values: map[string]string{
		"legalBasis": "legitimate interests", "liability": "As the law says.", "governingLaw": "Austria", "courts": "the courts of Vienna",
		"publisherContact": "dp@acme.example", "advertiserContact": "dp@shop.example"}}
	f.Members = []agreements.Member{sampleMember("Acme"), sampleMember("Shop")}
	f.Datasets = []agreements.Dataset{s.Datasets[0].sample("Acme"), s.Datasets[1].sample("Shop")}
	return f
}

func TestFill(t *testing.T) {
	s := shippedTemplate(t, "audience-overlap")
	a, err := s.Fill(filling(t))
	if err != nil {
		t.Fatal(err)
	}
	// The datasets say which member is which party.
	if p := a.Term("publisher"); p == nil || p.Value != "Acme" || a.Term("advertiser").Value != "Shop" {
		t.Errorf("terms %+v", a.Terms)
	}
	if !slices.Equal(a.Receivers, []string{"Shop"}) || a.MinGroupSize != 50 || a.DP.None() || a.AdHoc || a.Datasets[0].Rules.RunsPerDay != 20 {
		t.Errorf("policy %v %d %v %v", a.Receivers, a.MinGroupSize, a.DP, a.AdHoc)
	}
	if days := a.Validity.NotAfter.Sub(a.Validity.NotBefore); days != 90*24*time.Hour {
		t.Errorf("in force for %v", days)
	}
	if d := s.Differences(a); len(d) > 0 {
		t.Errorf("a draft just made differs: %v", d)
	}
	// Other names are bound, and what a parser could misread is quoted.
	f := filling(t)
	f.Datasets[0].Name, f.Datasets[0].Rules.Columns[0].Name = "people", "Age Group"
	f.Tables, f.Columns = map[string]string{"audience": "people"}, map[string]string{"audience.age_band": "Age Group"}
	f.Datasets[1].Rules.Columns[0].Name = "order"
	f.Columns["orders.tier"] = "order"
	if a, err = s.Fill(f); err != nil {
		t.Fatal(err)
	}
	if q := a.Analyses[1].SQL; !strings.HasPrefix(q, `SELECT a."Age Group", o."order", COUNT(DISTINCT a.person)`) || !strings.Contains(q, "FROM people a") {
		t.Errorf("SQL %s", q)
	}
	if d := s.Differences(a); len(d) > 0 {
		t.Errorf("a draft with other names differs: %v", d)
	}
}

func TestFillRefuses(t *testing.T) {
	s := shippedTemplate(t, "audience-overlap")
	for name, c := range map[string]struct {
		change func(*Filling)
		want   string
	}{
		"unknown blank": {func(f *Filling) { f.Values["legalbasis"] = "x" },
			"the template audience-overlap has no blank legalbasis; it has publisher, advertiser, purpose, legalBasis, retention, subProcessors, incidentNotice, auditNotice, liability, governingLaw, courts, publisherContact, advertiserContact"},
		"unknown analysis": {func(f *Filling) { f.Only = []string{"lift"} }, `the template audience-overlap has no analysis "lift"; it has overlap, segments`},
		"not a member":     {func(f *Filling) { f.Values["publisher"] = "Other" }, "Other cannot be the publisher: it is not a member of this agreement"},
		"wrong way round":  {func(f *Filling) { f.Values["publisher"] = "Shop" }, "Shop cannot be the publisher: the datasets that the publisher brings belong to Acme"},
		"no such table":    {func(f *Filling) { f.Tables = map[string]string{"audience": "nobody"} }, `there is no dataset "nobody" for audience`},
		"no such column": {func(f *Filling) { f.Columns = map[string]string{"orders.tier": "level"} },
			`the contract of orders has no column "level" for orders.tier; it lists tier, placed, amount`},
		"wrong type": {func(f *Filling) { f.Columns = map[string]string{"orders.amount": "tier"} }, "the column tier of orders is of type text; orders.amount needs a number"},
		"wrong use": {func(f *Filling) { f.Datasets[0].Rules.Columns[0].Uses = []agreements.Use{agreements.Filter} },
			"the contract of audience does not let the column age_band be a dimension, and audience.age_band needs that"},
		"bad value": {func(f *Filling) { f.Values["publisherContact"] = "nobody" }, "publisherContact: must be an e-mail address"},
	} {
		f := filling(t)
		c.change(&f)
		if _, err := s.Fill(f); err == nil || !slices.Contains(strings.Split(err.Error(), "\n"), c.want) {
			t.Errorf("%s: got %v\nwant %s", name, err, c.want)
		}
	}
}

// TestMissing: all that is missing is said at once.
func TestMissing(t *testing.T) {
	s := shippedTemplate(t, "audience-overlap")
	f := filling(t)
	delete(f.Values, "legalBasis")
	delete(f.Values, "courts")
	f.Datasets[1].Rules.Columns[0].Name = "level"
	f.Datasets = append(f.Datasets[1:], f.Datasets[1])
	f.Datasets = f.Datasets[:1]
	_, err := s.Fill(f)
	var m *Missing
	if !errors.As(err, &m) {
		t.Fatal(err)
	}
	const want = `the template audience-overlap is not filled in; still missing:
  Legal basis (--set legalBasis=…)
      The ground on which the parties may use their records for this, such as consent or legitimate interests, for each party. Such as: Article 6(1)(f) GDPR, legitimate interests, for both parties
  Courts (--set courts=…)
      Where disputes are decided. Such as: the courts of Munich
  the dataset for audience (one of yours with --dataset, a partner's with --partner-dataset; --table audience=DATASET where it is called otherwise; or leave its analyses out with --only)
      The people that can be addressed, a row for each.
  the column for orders.tier (--column orders.tier=COLUMN, or leave its analyses out with --only)
      The tier of the customer. The contract of orders lists: level, placed, amount.`
	if err.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", err, want)
	}
}

// TestDifferences: nothing in which a draft departs from its template stays
// hidden.
func TestDifferences(t *testing.T) {
	s := shippedTemplate(t, "audience-overlap")
	for name, c := range map[string]struct {
		change func(*agreements.Agreement)
		want   string
	}{
		"clause": {func(a *agreements.Agreement) {
			a.Clauses[11].Text = strings.Replace(a.Clauses[11].Text, "deletes answers", "keeps answers", 1)
		}, "clause 12 (Keeping and deleting answers) changed: A receiver [-deletes-] {+keeps+} answers, and copies and tables made from them, …"},
		"clause gone": {func(a *agreements.Agreement) { a.Clauses = slices.Delete(a.Clauses, 8, 9) }, "clause 9 (No re-identification) removed"},
		"clause new": {func(a *agreements.Agreement) {
			a.Clauses = append(a.Clauses, agreements.Clause{ID: "more", Title: "More", Text: "x"})
		}, "clause 24 (More) added"},
		"title":     {func(a *agreements.Agreement) { a.Clauses[1].Title = "Aim" }, "title of clause 2 (Aim) changed: Purpose → Aim"},
		"order":     {func(a *agreements.Agreement) { a.Clauses[1], a.Clauses[2] = a.Clauses[2], a.Clauses[1] }, "order of the clauses changed"},
		"k":         {func(a *agreements.Agreement) { a.MinGroupSize = 20 }, "minimum group size changed: 50 → 20"},
		"noise":     {func(a *agreements.Agreement) { a.DP = agreements.NoDP() }, "noise (dp) changed: epsilon 1, delta 0.000001 a run; epsilon 10, delta 0.00001 in 90 days → none"},
		"free SQL":  {func(a *agreements.Agreement) { a.AdHoc = true }, "free SQL changed: no → yes"},
		"days":      {func(a *agreements.Agreement) { a.Validity.NotAfter = a.Validity.NotAfter.AddDate(0, 0, 1) }, "days in force changed: 90 → 91"},
		"receivers": {func(a *agreements.Agreement) { a.Receivers = []string{"Acme", "Shop"} }, "receivers changed: Shop → Acme, Shop"},
		"runs":      {func(a *agreements.Agreement) { a.Datasets[1].Rules.RunsPerDay = 0 }, "runs a day on orders changed: 20 → no bound"},
		"analysis":  {func(a *agreements.Agreement) { a.Analyses[0].SQL += " WHERE true" }, "analysis overlap changed"},
		"two names": {func(a *agreements.Agreement) {
			a.Analyses[0].SQL = strings.Replace(a.Analyses[0].SQL, "a.person", "a.ident", 1)
		}, "analysis overlap changed"},
		"new analysis":  {func(a *agreements.Agreement) { a.Analyses[0].Name = "other" }, "analysis other added"},
		"parameters":    {func(a *agreements.Agreement) { a.Analyses[1].Parameters = nil }, "description or parameters of analysis segments changed"},
		"term unheard":  {func(a *agreements.Agreement) { a.Terms = append(a.Terms, agreements.Term{Name: "extra"}) }, "term extra added"},
		"type of terms": {func(a *agreements.Agreement) { a.Terms[2].Type = "list" }, "type of the term legalBasis changed: list"},
	} {
		a, err := s.Fill(filling(t))
		if err != nil {
			t.Fatal(err)
		}
		a.Clauses, a.Analyses = slices.Clone(a.Clauses), slices.Clone(a.Analyses)
		c.change(a)
		var got []string
		for _, d := range s.Differences(a) {
			got = append(got, d.String())
		}
		if !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestDiff: two versions, clause by clause, words marked.
func TestDiff(t *testing.T) {
	old, new := shippedTemplate(t, "audience-overlap"), shippedTemplate(t, "audience-overlap")
	new.Policy.MinGroupSize = 75
	new.Clauses[8].Text = strings.Replace(new.Clauses[8].Text, "no party lets others try", "no party allows others to try", 1)
	new.Blanks[2].Default = "30"
	var got []string
	for _, d := range Diff(old, new) {
		got = append(got, d.String())
	}
	want := []string{"minimum group size changed: 50 → 75",
		"blank retention changed: … deletes what it was told.; example: ; default: [-60-] {+30+}",
		"clause 9 (No re-identification) changed: … records say about a person, and no party [-lets-] {+allows+} others {+to+} try. No party alters its node, its records …"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// TestWords: taking out the marked words gives the old text, leaving out those
// put in the new one.
func TestWords(t *testing.T) {
	for _, c := range [][2]string{{"", ""}, {"a b c", "a c"}, {"a b", "b a"}, {"one two three", "two three four"}, {"x", "y"}, {"same words", "same words"}, {"", "new"}} {
		var old, new strings.Builder
		for _, r := range Words(c[0], c[1]) {
			if r.Sign != "+" {
				old.WriteString(r.Text)
			}
			if r.Sign != "-" {
				new.WriteString(r.Text)
			}
		}
		if old.String() != c[0] || new.String() != c[1] {
			t.Errorf("%q: got back %q and %q", c, old.String(), new.String())
		}
	}
}
