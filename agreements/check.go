package agreements

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of the form. Drafts come from partners, so every list is bounded
// before it is walked.
const (
	maxMembers    = 64
	maxDatasets   = 256
	maxColumns    = 1000
	maxDomain     = 10_000
	maxAnalyses   = 256
	maxParameters = 64
	maxValues     = 1000
	maxProblems   = 50
	maxCount      = 1 << 30 // of group and set sizes; far below 2^53, where JSON numbers round
)

// problems collects what is wrong, each with its place, so that a draft need
// not be mended one error at a time.
type problems []error

func (p *problems) add(path, format string, args ...any) {
	switch {
	case len(*p) < maxProblems:
		*p = append(*p, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
	case len(*p) == maxProblems:
		*p = append(*p, errors.New("and more; mend these first"))
	}
}

// Check validates the agreement's form: all that can be said without keys of
// one's own, contracts or a clock. The error joins the problems found, at most
// fifty, one a line, each with its path.
func (a *Agreement) Check() error {
	var p problems
	if a.Format != Format {
		p.add("format", "this version reads %q", Format)
	}
	p.line("title", a.Title, 1, 200)
	p.text("purpose", a.Purpose, 1, 4000)
	p.predecessor(a.Predecessor)
	p.window(a.Validity)
	if a.DP == nil {
		p.add("dp", `this field is required; "none" is the threshold alone`)
	}
	p.dp("dp", a.DP)
	if p.sizes(a) {
		p.members(a)
		p.receivers(a)
		p.datasets(a)
		p.analyses(a)
		p.wording(a)
	}
	return errors.Join(p...)
}

// sizes bounds the lists that the other checks compare with each other. A
// list of half a million names must not cost a quarter of 10^12 comparisons.
func (p *problems) sizes(a *Agreement) bool {
	before := len(*p)
	if len(a.Members) == 0 || len(a.Members) > maxMembers {
		p.add("members", "there must be 1 to %d", maxMembers)
	}
	if len(a.Receivers) == 0 {
		p.add("receivers", "at least one member must receive answers")
	}
	if len(a.Receivers) > maxMembers {
		p.add("receivers", "there may be %d at most", maxMembers)
	}
	if len(a.Datasets) == 0 || len(a.Datasets) > maxDatasets {
		p.add("datasets", "there must be 1 to %d", maxDatasets)
	}
	if len(a.Analyses) > maxAnalyses {
		p.add("analyses", "there may be %d at most", maxAnalyses)
	}
	return len(*p) == before
}

// window checks the times as they are written: in UTC.
func (p *problems) window(w Window) {
	if !w.NotBefore.Before(w.NotAfter) {
		p.add("validity", "notAfter must be later than notBefore")
	}
	times := []time.Time{w.NotBefore.UTC(), w.NotAfter.UTC()}
	if slices.ContainsFunc(times, func(t time.Time) bool { return t.Year() < 2000 || t.Year() > 9999 }) {
		p.add("validity", "the years must be from 2000 to 9999")
	}
	if slices.ContainsFunc(times, func(t time.Time) bool { return t.Nanosecond() != 0 }) {
		p.add("validity", "times are in whole seconds")
	}
}

// text bounds a text and keeps out of it what a terminal or a page would act
// on instead of showing: control characters, and the marks that turn the
// direction of writing round or take no room.
func (p *problems) text(path, s string, least, most int) {
	if len(s) < least || len(s) > most {
		p.add(path, "must have %d to %d bytes", least, most)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) && r != '\n' && r != '\t' }) {
		p.add(path, "holds a character that cannot be shown")
	}
}

// line is text of one line: a second one could pass for a line of the
// agreement's printed form.
func (p *problems) line(path, s string, least, most int) {
	p.text(path, s, least, most)
	if strings.ContainsAny(s, "\n\t") {
		p.add(path, "must be one line")
	}
}

// quoted shows a hostile text in an error, cut to 64 bytes.
func quoted[S ~string](s S) string {
	if len(s) > 64 {
		return fmt.Sprintf("%q…", strings.ToValidUTF8(string(s[:64]), ""))
	}
	return fmt.Sprintf("%q", string(s))
}
