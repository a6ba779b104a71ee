package catalog

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"parley/agreements"
)

// Floors and defaults of the table's terms.
const (
	floorGroup     = 10   // smallest minGroupSize
	floorGroupOpen = 2    // the same for public data
	floorSet       = 1000 // smallest minSetSize; 1 for public data
	defaultRows    = 1024 // maxRowsPerUnit
	ceilingRows    = 1 << 20
)

// tableTerms and columnTerms are where each clean-room term may stand.
var (
	tableTerms = []string{"minGroupSize", "minSetSize", "maxRowsPerUnit", "publicData", "adHoc", "dp", "groupsPerUnit", "rowsPerUnit",
		"runsPerDay", "approveRuns", "receivers", "functions"}
	columnTerms = []string{"roomRole", "normalisation", "region", "scale", "domain", "operators", "clip"}
)

// terms reads the clean-room terms of a contract that passed the schema, and
// gathers what is wrong with them.
type terms struct {
	lines    map[string]int
	problems problems
}

func (t *terms) refuse(at, format string, args ...any) {
	t.problems = append(t.problems, problem{t.lines[at], at, fmt.Sprintf(format, args...)})
}

// term is the value of one custom property and where it stands.
type term struct {
	value any
	at    string
}

var sqlName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

func (t *terms) read(root object) agreements.Rules {
	table := root.list("schema")[0]
	if name := table.text("name"); !sqlName.MatchString(name) {
		t.refuse(table.at+"/name", "must be a name for SQL: a–z, 0–9 and _, not beginning with a digit")
	}
	t.source(root.list("servers")[0])
	var rules agreements.Rules
	t.limits(root, table, &rules) // before columns: a clip depends on the rows of a unit
	t.columns(table, &rules)
	return rules
}

// source checks the path: one file, and if relative, below the contract's folder.
func (t *terms) source(server object) {
	p, at := server.text("path"), server.at+"/path"
	switch {
	case strings.Contains(p, "://"):
		t.refuse(at, "is a URL; only local files are read")
	case strings.ContainsAny(p, "*?\x00"):
		t.refuse(at, "must name one file, not a pattern")
	case !path.IsAbs(p) && (path.Clean(p) == ".." || strings.HasPrefix(path.Clean(p), "../")):
		t.refuse(at, "leads out of the contract's folder; give the absolute path")
	}
}

// custom returns an object's clean-room terms. A name that is almost one of
// ours, or one of ours in the wrong place, is refused: it would otherwise be a
// limit that the owner believes in and nobody keeps.
func (t *terms) custom(o object, allowed, elsewhere []string) map[string]term {
	got := map[string]term{}
	for _, p := range o.list("customProperties") {
		name, at := p.text("property"), p.at+"/property"
		for _, known := range append(append([]string{}, allowed...), elsewhere...) {
			if name != known && strings.EqualFold(strings.NewReplacer("_", "", "-", "").Replace(name), known) {
				t.refuse(at, "must be written %s", known)
			}
		}
		for _, known := range elsewhere {
			if name == known {
				t.refuse(at, "%s does not belong here", known)
			}
		}
		for _, known := range allowed {
			if name != known {
				continue
			}
			if _, twice := got[name]; twice {
				t.refuse(at, "%s is given twice", known)
			}
			got[name] = term{p.fields["value"], p.at + "/value"}
		}
	}
	return got
}

// limits reads the table's terms, which may stand on the contract or on its
// table but not on both.
func (t *terms) limits(root, table object, r *agreements.Rules) {
	got := t.custom(root, tableTerms, columnTerms)
	for name, v := range t.custom(table, tableTerms, columnTerms) {
		if _, both := got[name]; both {
			t.refuse(v.at, "%s is given on the contract as well", name)
		}
		got[name] = v
	}
	r.PublicData = t.flag(got["publicData"])
	r.AdHoc = t.flag(got["adHoc"])
	group, set := int64(floorGroup), int64(floorSet)
	if r.PublicData {
		group, set = floorGroupOpen, 1
	}
	r.MinGroupSize = int(t.whole(got["minGroupSize"], 0, group, 1<<30))
	r.MinSetSize = int(t.whole(got["minSetSize"], set, set, 1<<30))
	r.MaxRowsPerUnit = t.whole(got["maxRowsPerUnit"], defaultRows, 1, ceilingRows)
	t.finer(got, r)
}

func (t *terms) flag(v term) bool {
	b, ok := v.value.(bool)
	if !ok && v.at != "" {
		t.refuse(v.at, "must be true or false")
	}
	return b
}

// whole reads a whole number between least and most; def if it is not given.
func (t *terms) whole(v term, def, least, most int64) int64 {
	if v.at == "" {
		return def
	}
	n, ok := v.value.(json.Number)
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if !ok || err != nil || i < least || i > most {
		t.refuse(v.at, "must be a whole number from %d to %d", least, most)
	}
	return i
}
