package audit

import (
	"fmt"
	"regexp"
	"slices"
	"unicode"
	"unicode/utf8"
)

const (
	maxQuestion = 64 << 10
	maxSentence = 2 * maxQuestion // it may name every column of the answer
	maxList     = 64              // parties, datasets, parameters, sentences
	maxExact    = 1 << 53
)

var commitmentPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// check refuses a receipt that is incomplete in itself. Texts must be
// printable, since a receipt is shown in terminals.
func (r *Receipt) check() error {
	for _, f := range []struct {
		name, value string
		ok          bool
	}{
		{"run", r.Run, r.Run != "" && plain(r.Run)},
		{"agreement", r.Agreement, r.Agreement != "" && plain(r.Agreement)},
		{"question", r.Question, r.Question != "" && printable(r.Question, maxQuestion)},
		{"analysis", r.Analysis, plain(r.Analysis)},
		{"planHash", r.PlanHash, hashPattern.MatchString(r.PlanHash)},
		{"kind", r.Kind, r.Kind == "one-owner" || r.Kind == "join"},
		{"dp", r.DP, r.DP != "" && plain(r.DP)},
		{"receiver", r.Receiver, r.Receiver != "" && plain(r.Receiver)},
		{"alignment", r.Alignment, (r.Alignment != "") == r.joins() && plain(r.Alignment)},
		{"session", r.Session, r.joined(r.Session)},
		{"transcript", r.Transcript, r.joined(r.Transcript)},
		{"resultCommitment", r.ResultCommitment, commitmentPattern.MatchString(r.ResultCommitment)},
	} {
		if !f.ok {
			return fmt.Errorf("receipt: %s is missing, malformed or out of place", f.name)
		}
	}
	switch {
	case r.MinGroupSize < 1 || r.MinGroupSize > maxExact:
		return fmt.Errorf("receipt: minGroupSize is out of range")
	case r.BytesExchanged < 0 || r.BytesExchanged > maxExact:
		return fmt.Errorf("receipt: bytesExchanged is out of range")
	case r.Withheld < 0 || r.Withheld > maxExact:
		return fmt.Errorf("receipt: withheld is out of range")
	case r.Started.IsZero() || r.Finished.Before(r.Started) || r.Finished.Year() > 9999:
		return fmt.Errorf("receipt: started and finished are not in order")
	case len(r.Parameters) > maxList || r.Analysis == "" && len(r.Parameters) > 0:
		return fmt.Errorf("receipt: parameters are too many or without an analysis")
	}
	for k, v := range r.Parameters {
		if !plain(k) || !printable(v, maxQuestion) {
			return fmt.Errorf("receipt: a parameter is not printable")
		}
	}
	if err := r.checkDatasets(); err != nil {
		return err
	}
	return r.checkParties()
}

func (r *Receipt) joins() bool { return r.Kind == "join" }

// joined reports that a hash is there for a join and only for a join.
func (r *Receipt) joined(hash string) bool {
	if !r.joins() {
		return hash == ""
	}
	return hashPattern.MatchString(hash)
}

func (r *Receipt) checkDatasets() error {
	want := 1
	if r.joins() {
		want = 2
	}
	if len(r.Datasets) != want {
		return fmt.Errorf("receipt: a %s question has %d datasets, not %d", r.Kind, want, len(r.Datasets))
	}
	for i, d := range r.Datasets {
		if d.Name == "" || d.Owner == "" || !plain(d.Name) || !plain(d.Owner) ||
			!hashPattern.MatchString(d.Version) || !hashPattern.MatchString(d.ContractHash) {
			return fmt.Errorf("receipt: dataset %d is incomplete or malformed", i+1)
		}
		if i > 0 && d.Name == r.Datasets[0].Name {
			return fmt.Errorf("receipt: a dataset is named twice")
		}
	}
	return nil
}

// checkParties wants everyone who could have done wrong among the signers:
// the owners of the datasets and the receiver.
func (r *Receipt) checkParties() error {
	if len(r.Parties) == 0 || len(r.Parties) > maxList {
		return fmt.Errorf("receipt: parties are missing or too many")
	}
	var members []string
	for i, p := range r.Parties {
		if p.Member == "" || p.Role == "" || !plain(p.Member) || !plain(p.Role) || len(p.Learned) > maxList {
			return fmt.Errorf("receipt: party %d is incomplete or malformed", i+1)
		}
		for _, s := range p.Learned {
			if s == "" || !printable(s, maxSentence) {
				return fmt.Errorf("receipt: what party %d learned is not plain sentences", i+1)
			}
		}
		if slices.Contains(members, p.Member) {
			return fmt.Errorf("receipt: party %d is named twice", i+1)
		}
		members = append(members, p.Member)
	}
	needed := []string{r.Receiver}
	for _, d := range r.Datasets {
		needed = append(needed, d.Owner)
	}
	for _, m := range needed {
		if !slices.Contains(members, m) {
			return fmt.Errorf("receipt: an owner or the receiver is not among the parties")
		}
	}
	return nil
}

func printable(s string, limit int) bool {
	if len(s) > limit || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
			return false
		}
	}
	return true
}
