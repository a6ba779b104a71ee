package catalog

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"parley/agreements"
)

// finer reads the table's terms on noise, runs, receivers and functions.
func (t *terms) finer(got map[string]term, r *agreements.Rules) {
	r.DP = t.dp(got["dp"])
	r.GroupsPerUnit = int(t.whole(got["groupsPerUnit"], 0, 1, 1000))
	r.RowsPerUnit = t.whole(got["rowsPerUnit"], 0, 1, max(r.MaxRowsPerUnit, 1))
	r.RunsPerDay = int(t.whole(got["runsPerDay"], 0, 1, 1_000_000))
	r.ApproveRuns = t.flag(got["approveRuns"])
	r.Receivers = t.words(got["receivers"])
	r.Functions = t.words(got["functions"])
	for _, f := range r.Functions {
		if !slices.Contains(agreements.Functions(), f) {
			t.refuse(got["functions"].at, "must list functions of: %s", strings.Join(agreements.Functions(), " "))
			break
		}
	}
	for _, m := range r.Receivers {
		if len(m) > 64 || !keyName.MatchString(m) {
			t.refuse(got["receivers"].at, "must list names of members")
			break
		}
	}
}

// words reads a list of different words; nil if it is not given.
func (t *terms) words(v term) []string {
	if v.at == "" {
		return nil
	}
	list, ok := v.value.([]any)
	var out []string
	for _, item := range list {
		s, text := item.(string)
		ok = ok && text && s != "" && !slices.Contains(out, s)
		out = append(out, s)
	}
	if !ok || len(out) == 0 || len(out) > 64 {
		t.refuse(v.at, "must be a list of 1 to 64 different words")
		return nil
	}
	return out
}

// dp reads a demand for noise: the word none, or its numbers.
func (t *terms) dp(v term) *agreements.DP {
	switch fields := v.value.(type) {
	case nil:
		if v.at == "" {
			return nil
		}
	case string:
		if fields == "none" {
			return nil
		}
	case map[string]any:
		d, err := readDP(fields)
		if err == nil {
			err = d.Check()
		}
		if err == nil {
			return d
		}
		t.refuse(v.at, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return nil
	}
	t.refuse(v.at, "must be none, or have epsilon, delta, budgetEpsilon and budgetDelta")
	return nil
}

// readDP takes numbers as text, as they are written.
func readDP(fields map[string]any) (*agreements.DP, error) {
	plain := maps.Clone(fields)
	for name, v := range plain {
		if n, ok := v.(json.Number); ok && name != "periodDays" {
			plain[name] = n.String()
		}
	}
	b, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	d := new(agreements.DP)
	if json.Unmarshal(b, d) != nil {
		return nil, errors.New("has an unknown field, or one of a wrong kind; it has epsilon, delta, budgetEpsilon, budgetDelta, periodDays and adHocOnly")
	}
	return d, nil
}

// columnLimits reads operators and clip.
func (t *terms) columnLimits(got map[string]term, c *agreements.Column, r *agreements.Rules) {
	c.Operators = t.words(got["operators"])
	if v, ok := got["clip"]; ok {
		s, text := scalarText(v.value)
		if _, number := v.value.(json.Number); number && validText(s, *c) {
			s = plainDecimal(s, c.Scale)
		}
		if c.Clip = s; !text || s == "" {
			t.refuse(v.at, "must be a number above 0")
			return
		}
	}
	if err := c.CheckLimits(r.RowsPerUnit); err != nil {
		at := got["operators"].at
		if at == "" || !strings.Contains(err.Error(), ".operators") {
			at = got["clip"].at
		}
		t.refuse(at, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
}
