package cleanroom_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/agreements/templates"
	"parley/cleanroom"
	"parley/cleanroom/anchor"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

// wantWords fails unless err has the exact text.
func wantWords(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// edited is the text of a version with one word of a clause changed.
func edited(t *testing.T, n *cleanroom.Node, ref, old, new string) *templates.Template {
	t.Helper()
	v, err := n.Template(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	c, i := v.Template.Clause("no-combining")
	if c == nil || !strings.Contains(c.Text, old) {
		t.Fatalf("clause %d has no %q", i, old)
	}
	c.Text = strings.Replace(c.Text, old, new, 1)
	return v.Template
}

// TestTemplateLife takes a version through all its states; what may not be done
// in each is refused in so many words.
func TestTemplateLife(t *testing.T) {
	t.Parallel()
	n, ctx := cleanroomtest.Start(t, "Acme"), t.Context()
	const name = "audience-overlap"
	fill := func() error {
		_, err := n.DraftFromTemplate(ctx, cleanroom.TemplateFilling{Template: name})
		return err
	}
	v, err := n.Template(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	if v.State != store.TemplateInReview || v.Origin != store.TemplateShipped {
		t.Fatalf("a shipped template is %s of %s", v.State, v.Origin)
	}

	// In review: nothing is made of it, and open comments keep it there.
	wantWords(t, fill(), "audience-overlap@1 is in review, and agreements are made from approved templates only. Somebody with the role legal can change that: read it (`parley template show audience-overlap@1`), then `parley template approve audience-overlap@1`")
	_, err = n.ReviewTemplate(ctx, name)
	wantWords(t, err, "audience-overlap@1 is in review; only a draft is sent to review")
	_, err = n.RetireTemplate(ctx, name, "")
	wantWords(t, err, "audience-overlap@1 is in review; only an approved version is retired")
	_, err = n.CommentTemplate(ctx, name, "combining", "x")
	if err == nil || !strings.HasPrefix(err.Error(), `audience-overlap@1 has no clause "combining"; its clauses are parties, purpose,`) {
		t.Errorf("got %v", err)
	}
	_, err = n.CommentTemplate(ctx, name, "retention", "two\nlines")
	wantWords(t, err, "a comment is one line of at most 2,000 bytes that can be shown")
	c, err := n.CommentTemplate(ctx, name, "retention", "Is 60 days enough?")
	if err != nil || c.Number != 1 || c.Author != "operator" {
		t.Fatalf("%+v, %v", c, err)
	}
	_, err = n.ApproveTemplate(ctx, name, v.Hash)
	wantWords(t, err, "audience-overlap@1 has open comments: 1 on clause 12 (retention), by operator. Resolve each (`parley template resolve audience-overlap@1 NUMBER`), or edit the text")
	wantWords(t, n.ResolveComment(ctx, name, 2), "audience-overlap@1 has no open comment 2")
	if err := n.ResolveComment(ctx, name, 1); err != nil {
		t.Fatal(err)
	}
	wantWords(t, n.ResolveComment(ctx, name, 1), "audience-overlap@1 has no open comment 1")
	_, err = n.ApproveTemplate(ctx, name, "sha256:"+strings.Repeat("0", 64))
	wantWords(t, err, cleanroom.ErrTemplateChanged.Error())

	// Approved: signed, final, and of use.
	if v, err = n.ApproveTemplate(ctx, name, v.Hash); err != nil {
		t.Fatal(err)
	}
	if len(v.Decisions) != 1 || v.Decisions[0].Hash != v.Hash || v.Decisions[0].Decision != templates.Approve || !slices.Equal(v.Decisions[0].People, []string{"operator"}) {
		t.Errorf("decisions %+v", v.Decisions)
	}
	var missing *templates.Missing
	if err := fill(); !errors.As(err, &missing) || len(missing.Blanks) == 0 {
		t.Errorf("an approved template is not asked for its blanks: %v", err)
	}
	_, err = n.ApproveTemplate(ctx, name, v.Hash)
	wantWords(t, err, "audience-overlap@1 is approved already")
	_, err = n.CommentTemplate(ctx, name, "", "Late.")
	wantWords(t, err, "audience-overlap@1 is approved, so comments on it change nothing; `parley template edit` makes the next version")
	wantWords(t, n.ResolveComment(ctx, name, 1), "audience-overlap@1 is approved; its comments stay as they are")

	// Editing what is approved makes the next version, a draft.
	v, err = n.EditTemplate(ctx, name, v.Hash, edited(t, n.Node, name, "individuals", "persons"))
	if err != nil || v.Version != 2 || v.State != store.TemplateDraft || v.Template.From == nil || v.Template.From.Version != 1 {
		t.Fatalf("%+v, %v", v, err)
	}
	_, err = n.EditTemplate(ctx, name+"@1", "", edited(t, n.Node, name+"@1", "individuals", "people"))
	wantWords(t, err, "audience-overlap@1 cannot be changed any more, and its next version is there already: edit audience-overlap@2")
	_, err = n.EditTemplate(ctx, name, v.Hash, v.Template)
	wantWords(t, err, "nothing was changed in audience-overlap@2")
	_, err = n.EditTemplate(ctx, name, "sha256:0", v.Template)
	wantWords(t, err, "the template audience-overlap@2 was changed by somebody else since you began; nothing is kept of your text here, so save it and edit again")
	_, err = n.ApproveTemplate(ctx, name, v.Hash)
	wantWords(t, err, "audience-overlap@2 is a draft; `parley template review audience-overlap@2` sends it to review first")
	_, err = n.DraftFromTemplate(ctx, cleanroom.TemplateFilling{Template: name + "@2"})
	wantWords(t, err, "audience-overlap@2 is a draft, and agreements are made from approved templates only. Somebody with the role legal can change that: `parley template review audience-overlap@2`, then `parley template approve audience-overlap@2`")
	if err := fill(); !errors.As(err, &missing) {
		t.Errorf("without a version the newest approved one is meant: %v", err)
	}

	// A draft whose analyses cannot be asked is not reviewed; one in review
	// that is edited is a draft again.
	broken := edited(t, n.Node, name, "persons", "people")
	broken.Analyses[0].SQL = "SELECT {audience.person} FROM {audience}"
	if _, err := n.EditTemplate(ctx, name, "", broken); err != nil {
		t.Fatal(err)
	}
	if _, err = n.ReviewTemplate(ctx, name); err == nil {
		t.Error("a question that no node would answer went to review")
	} else {
		wantWords(t, err, "the analysis overlap cannot be asked: 1:8: `person` identifies the people or things of `audience`: selecting it would show single ones. [datasets.audience.rules.unit] It can be counted (COUNT(DISTINCT person)) and joined on.")
	}
	if _, err = n.EditTemplate(ctx, name, "", edited(t, n.Node, name+"@1", "individuals", "nobody")); err == nil {
		t.Error("version 1's text was taken for version 2's")
	}
	if v, err = n.Template(ctx, name); err != nil {
		t.Fatal(err)
	}
	one, err := n.Template(ctx, name+"@1")
	if err != nil {
		t.Fatal(err)
	}
	v.Template.Analyses = one.Template.Analyses
	if _, err = n.EditTemplate(ctx, name, v.Hash, v.Template); err != nil {
		t.Fatal(err)
	}
	if v, err = n.ReviewTemplate(ctx, name); err != nil || v.State != store.TemplateInReview {
		t.Fatalf("%+v, %v", v, err)
	}
	v.Template.About += " More."
	if v, err = n.EditTemplate(ctx, name, v.Hash, v.Template); err != nil || v.State != store.TemplateDraft || v.Version != 2 {
		t.Fatalf("%+v, %v", v, err)
	}

	// Retired: for good.
	if v, err = n.RetireTemplate(ctx, name+"@1", "a better one is coming"); err != nil || v.State != store.TemplateRetired || len(v.Decisions) != 2 || v.Decisions[1].Reason != "a better one is coming" {
		t.Fatalf("%+v, %v", v, err)
	}
	wantWords(t, fill(), "audience-overlap@2 is a draft, and agreements are made from approved templates only. Somebody with the role legal can change that: `parley template review audience-overlap@2`, then `parley template approve audience-overlap@2`")
	_, err = n.ApproveTemplate(ctx, name+"@1", v.Hash)
	wantWords(t, err, "audience-overlap@1 is retired already")
	_, err = n.DraftFromTemplate(ctx, cleanroom.TemplateFilling{Template: name + "@1"})
	wantWords(t, err, "audience-overlap@1 is retired, and agreements are made from approved templates only. Somebody with the role legal can change that: `parley template edit audience-overlap@1` makes its next version")

	// What there is not.
	_, err = n.Template(ctx, "nothing")
	wantWords(t, err, "no such template here; `parley template list` shows those there are: \"nothing\"")
	_, err = n.Template(ctx, name+"@3")
	wantWords(t, err, "no such template here; `parley template list` shows those there are: audience-overlap has no version 3; the newest is 2")
	_, err = n.Template(ctx, "../x")
	wantWords(t, err, `"../x" does not name a template: write NAME, or NAME@VERSION for a certain version`)
}

// TestTemplateNewAndImport: copies have a name of their own, and a text from
// elsewhere replaces none.
func TestTemplateNewAndImport(t *testing.T) {
	t.Parallel()
	n, ctx := cleanroomtest.Start(t, "Acme"), t.Context()
	v, err := n.NewTemplate(ctx, "acme-overlap", "audience-overlap")
	if err != nil || v.Version != 1 || v.State != store.TemplateDraft || v.Template.From.Name != "audience-overlap" {
		t.Fatalf("%+v, %v", v, err)
	}
	_, err = n.NewTemplate(ctx, "acme-overlap", "audience-overlap")
	wantWords(t, err, "there is a template acme-overlap already; `parley template edit acme-overlap` makes its next version")
	_, err = n.NewTemplate(ctx, "Acme", "audience-overlap")
	wantWords(t, err, `"Acme" cannot be a template's name: use small letters and digits, joined by -, at most 63`)
	other := edited(t, n.Node, "audience-overlap", "individuals", "persons")
	_, err = n.ImportTemplate(ctx, other, "")
	wantWords(t, err, "version 1 of audience-overlap is here already, with another text; import it under another name: --as NAME")
	if v, err = n.ImportTemplate(ctx, other, "their-overlap"); err != nil || v.Origin != store.TemplateImported || v.State != store.TemplateDraft {
		t.Fatalf("%+v, %v", v, err)
	}
	all, err := n.Templates(ctx)
	if err != nil || len(all) != 8 {
		t.Fatalf("%d templates, %v", len(all), err)
	}
}

// TestTemplateDecisionsAreRecorded: each step is in the audit log.
func TestTemplateDecisionsAreRecorded(t *testing.T) {
	t.Parallel()
	n, ctx := cleanroomtest.Start(t, "Acme"), t.Context()
	v, err := n.Template(ctx, "retail-media")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = n.CommentTemplate(ctx, "retail-media", "", "Good."); err != nil {
		t.Fatal(err)
	}
	if err := n.ResolveComment(ctx, "retail-media", 1); err != nil {
		t.Fatal(err)
	}
	if _, err = n.ApproveTemplate(ctx, "retail-media", v.Hash); err != nil {
		t.Fatal(err)
	}
	if _, err := n.RetireTemplate(ctx, "retail-media", ""); err != nil {
		t.Fatal(err)
	}
	lines := auditLines(t, n.Home)
	for _, action := range []string{"take-up", "comment", "resolve", "approve", "retire"} {
		found := slices.ContainsFunc(lines, func(l string) bool {
			return strings.Contains(l, `"action":"template.`+action+`"`) && strings.Contains(l, `"template":"retail-media/1"`) && strings.Contains(l, v.Hash)
		})
		if !found {
			t.Errorf("the log says nothing of template.%s", action)
		}
	}
}

// auditLines are the lines of all files of a node's audit log.
func auditLines(t *testing.T, home cleanroom.Home) (out []string) {
	t.Helper()
	err := filepath.WalkDir(home.AuditDir(), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		out = append(out, strings.Split(string(b), "\n")...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestChangedTemplateRowIsFound: a state file that calls a template approved is
// not believed, neither while the node runs nor when it starts.
func TestChangedTemplateRowIsFound(t *testing.T) {
	t.Parallel()
	n, ctx := cleanroomtest.Start(t, "Acme"), t.Context()
	if _, err := n.NewTemplate(ctx, "acme-overlap", "audience-overlap"); err != nil {
		t.Fatal(err)
	}
	home := n.Home
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, string(home)+"/state.db", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	row, err := s.Template(ctx, "acme-overlap", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []store.TemplateState{store.TemplateInReview, store.TemplateApproved} {
		row.State = state
		if err := s.PutTemplate(ctx, row); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := cleanroom.Open(ctx, cleanroom.Options{Home: home, Keys: keyring(t, home), Now: time.Now, Log: slog.New(slog.DiscardHandler), Engine: cleanroomtest.Engine()})
	if !errors.Is(err, anchor.ErrMixed) {
		t.Errorf("the node starts on a changed state file: %v", err)
	}
	if err == nil {
		again.Close()
	}
}
