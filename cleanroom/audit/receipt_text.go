package audit

import (
	"fmt"
	"strings"
	"time"
)

// Checks lists in plain sentences what VerifyBundle made sure of.
func (v *Verified) Checks() []string {
	r := v.Receipt
	out := []string{
		fmt.Sprintf("the agreement %q is signed by all its members", oneLineText(v.Agreement.Title)),
		"the receipt names this agreement: " + r.Agreement,
		"the receipt is signed by " + strings.Join(v.Signers, ", "),
		fmt.Sprintf("the run, %s to %s, was while the agreement was in force", stamp(r.Started), stamp(r.Finished)),
	}
	for _, d := range r.Datasets {
		out = append(out, fmt.Sprintf("dataset %s of %s: its contract is the agreement's", d.Name, d.Owner))
	}
	for _, rec := range v.Records {
		s := fmt.Sprintf("the audit log of %s has its part in the run as entry %d, under a checkpoint of %d entries", rec.Member, rec.Index, rec.Head.Size)
		if len(rec.Witnesses) > 0 {
			s += " that " + strings.Join(rec.Witnesses, ", ") + " countersigned"
		}
		out = append(out, s)
	}
	return append(out,
		r.Receiver+" may receive answers under the agreement",
		fmt.Sprintf("the threshold of %d is not below what agreement and owners ask for", r.MinGroupSize),
		"the result in the file is the one that was released")
}

// Text renders what was verified, and what a receipt cannot show, for people.
func (v *Verified) Text() string {
	var b strings.Builder
	r := v.Receipt
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Receipt of run %s", r.Run)
	line("")
	line("Verified")
	for _, c := range v.Checks() {
		line("  ✓ %s", c)
	}
	line("")
	line("Stated by all signers")
	line("    question: %s", strings.ReplaceAll(r.Question, "\n", "\n      "))
	if r.Analysis != "" {
		line("    approved analysis: %s", r.Analysis)
	}
	line("    plan: %s", r.PlanHash)
	for _, d := range r.Datasets {
		line("    version of %s: %s", d.Name, d.Version)
	}
	for _, p := range r.Parties {
		line("    %s (%s) learned:", p.Member, p.Role)
		for _, s := range p.Learned {
			line("      - %s", oneLineText(s))
		}
		if len(p.Learned) == 0 {
			line("      - nothing")
		}
	}
	line("    withheld: %d, differential privacy: %s, bytes between the nodes: %d", r.Withheld, r.DP, r.BytesExchanged)
	if r.PublicData {
		line("    the datasets are declared public, so lower thresholds were allowed")
	}
	if r.joins() {
		line("    session %s, transcript %s", r.Session, r.Transcript)
	}
	line("")
	line("Not verified, because no receipt can show it")
	line("  – that the datasets are true, or are what their contracts describe")
	line("  – that every node ran unchanged software: there is no attestation in this receipt")
	for _, rec := range v.Records {
		if len(rec.Witnesses) == 0 {
			line("  – that the audit log of %s was not rewritten since: nobody else has countersigned this checkpoint. Compare it with one kept elsewhere (--checkpoint)", rec.Member)
		}
	}
	line("  – the time, beyond what the signers' own clocks said")
	return b.String()
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// oneLineText keeps a text from passing itself off as lines of its own.
func oneLineText(s string) string { return strings.Join(strings.Fields(s), " ") }
