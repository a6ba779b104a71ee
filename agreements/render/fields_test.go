package render

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"parley/agreements"
	"parley/agreements/clause"
)

const tls = "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"

// full is an agreement in which every field of the format says something.
func full(t testing.TB) *agreements.Agreement {
	return parsed(t,
		"clauses:\n", "template: {name: campaign-measurement, version: 3, hash: \"sha256:"+tls+"\"}\npredecessor: \"sha256:"+strings.Repeat("7", 64)+"\"\nclauses:\n",
		"dp: none", `dp: {epsilon: "1", delta: "0.000001", budgetEpsilon: "10", budgetDelta: "0.00001", periodDays: 30, adHocOnly: true}`,
		"periodDays: 30}\n      groups", "periodDays: 31, adHocOnly: true}\n      groups",
		"{column: mail, normalisation: email/v1}", "{column: mail, normalisation: phone-e164/v1, region: DE}",
		"      maxRowsPerUnit: 1024\n", "      maxRowsPerUnit: 1024\n      publicData: true\n",
		"receivers: [client]\ndatasets", "  - name: Observer\n    address: parley.observer.example:7400\n    identityKey: 7UkoxijRwsbq6QM4kFmVYSlZJzpcY/k2NsFGFKyHN9E=\n    tlsFingerprint: "+strings.Repeat("d", 64)+
			"\n    ageRecipient: age1vr5x78pwsy0pljuyju0whzl2qavg26ymskcsx05ttdax7tzee44qfqjfx9\nreceivers: [client, agency]\ndatasets",
		"  - name: client\n    identityKey", "  - name: client\n    address: parley.client.example:7400\n    identityKey",
		"- {name: since,", "- {name: cities, type: list, of: text, maxItems: 3, values: [north, south]}\n      - {name: since,",
	)
}

// edits are values of their own for fields whose form admits few. Any other
// field is edited by its type. The first edit that the agreement's check admits
// is used.
var edits = map[string][]string{
	"format":                            nil, // has one value
	"template.hash":                     {"sha256:" + strings.Repeat("b", 64)},
	"predecessor":                       {"sha256:" + strings.Repeat("b", 64)},
	"validity.notBefore":                {"2026-01-01T00:00:01Z"},
	"validity.notAfter":                 {"2027-01-01T00:00:01Z"},
	"terms.name":                        {"other"},
	"terms.type":                        {"list", "country"},
	"terms.value":                       {"91"},
	"members.identityKey":               {keyText(7)},
	"members.tlsFingerprint":            {strings.Repeat("b", 64)},
	"members.ageRecipient":              {"age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"},
	"members.address":                   {"other.example:7400"},
	"datasets.contractHash":             {"sha256:" + strings.Repeat("b", 64)},
	"datasets.owner":                    {"client", "agency"},
	"datasets.rules.unit.normalisation": {"exact/v1", "phone-e164/v1"},
	"datasets.rules.unit.region":        {"FR"},
	"datasets.rules.columns.type":       {"integer", "date", "text", "decimal"},
	"datasets.rules.columns.uses":       {"filter", "dimension", "measure"},
	"datasets.rules.columns.operators":  {"<", "in"},
	"datasets.rules.receivers":          {"agency"},
	"datasets.rules.functions":          {"upper"},
	"receivers":                         {"Observer", "agency"},
	"analyses.parameters.type":          {"text", "integer"},
	"analyses.parameters.of":            {"text", "date"},
	"dp.epsilon":                        {"2"}, "dp.delta": {"0.000002"}, "dp.budgetEpsilon": {"20"}, "dp.budgetDelta": {"0.00002"},
	"datasets.rules.dp.epsilon": {"0.6"}, "datasets.rules.dp.delta": {"0.000002"}, "datasets.rules.dp.budgetEpsilon": {"6"}, "datasets.rules.dp.budgetDelta": {"0.00002"},
	"datasets.rules.columns.min": {"2025-02-01", "1.00", "2"}, "datasets.rules.columns.max": {"2026-11-30", "4000.00", "98"},
	"datasets.rules.columns.clip":   {"900.00"},
	"analyses.parameters.min":       {"2026-02-01"},
	"analyses.parameters.max":       {"2026-11-30"},
	"analyses.parameters.values":    {"1.00", "east"},
	"analyses.parameters.default":   {"50.00"},
	"datasets.rules.minGroupSize":   {"70"},
	"datasets.rules.columns.domain": {"autumn"},
}

// refusedEdits are fields that other fields name: edited alone, the agreement
// is refused. The text says why that is enough: it cannot say anything else.
var refusedEdits = map[string]string{
	"format":                     `format: this version reads "parley.agreement/v1"`,
	"terms.name":                 "there is no term",
	"analyses.parameters.of":     "",
	"datasets.rules.unit.region": "",
}

func keyText(seed byte) string {
	b, _ := json.Marshal([]byte(keyOf(seed).Public()))
	return strings.Trim(string(b), `"`)
}

// leaf is a field that holds one value, of the canonical form decoded.
type leaf struct {
	path string // members[0].name
	set  func(v any)
	was  any
}

func leaves(v any, path string, set func(any), out *[]leaf) {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			leaves(v[k], strings.TrimPrefix(path+"."+k, "."), func(x any) { v[k] = x }, out)
		}
	case []any:
		for i := range v {
			leaves(v[i], fmt.Sprintf("%s[%d]", path, i), func(x any) { v[i] = x }, out)
		}
	default:
		*out = append(*out, leaf{path, set, v})
	}
}

func tree(t testing.TB, a *agreements.Agreement) any {
	t.Helper()
	b, err := a.Canonical()
	must(t, err)
	var v any
	must(t, json.Unmarshal(b, &v))
	return v
}

// back decodes a tree and checks it.
func back(v any) (*agreements.Agreement, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var a agreements.Agreement
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, err
	}
	return &a, a.Check()
}

var index = regexp.MustCompile(`\[[^\]]*\]`)

func generic(path string) string { return index.ReplaceAllString(path, "") }

// tries are the values to put in a field's place.
func tries(l leaf) []any {
	if own, ok := edits[generic(l.path)]; ok {
		var out []any
		for _, s := range own {
			if _, number := l.was.(float64); number {
				var n float64
				_, _ = fmt.Sscan(s, &n)
				out = append(out, n)
			} else {
				out = append(out, s)
			}
		}
		return out
	}
	switch was := l.was.(type) {
	case bool:
		return []any{!was}
	case float64:
		return []any{was + 1, was - 1}
	case string:
		return []any{was + "x", was + " x"}
	}
	return nil
}

// said is what a reader sees but for the id, which changes with everything.
func said(d *Document) []Span {
	var out []Span
	for _, s := range spans(d) {
		if s.From != fromID {
			out = append(out, s)
		}
	}
	return out
}

func spans(d *Document) []Span {
	out := []Span{d.Title}
	for _, k := range d.Blocks {
		out = append(append(append(out, k.Label...), k.Spans...), k.Lines...)
	}
	return out
}

func plain(all []Span) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(s.Text + "\n")
	}
	return b.String()
}

// TestEveryFieldIsInTheText edits every single field of an agreement in which
// each field says something. The edit changes the text, and nothing but pieces that
// come from the field; or the edit is refused. A field that is added to the
// format later fails here until it is rendered.
func TestEveryFieldIsInTheText(t *testing.T) {
	a := full(t)
	before := said(rendered(t, a))
	var all []leaf
	leaves(tree(t, a), "", nil, &all)
	seen, changed := map[string]bool{}, map[string]bool{}
	for _, l := range all {
		seen[generic(l.path)] = true
		var last error
		for _, v := range tries(l) {
			root := tree(t, a) // a fresh copy, in which the same leaf is set
			var copies []leaf
			leaves(root, "", nil, &copies)
			i := slices.IndexFunc(copies, func(c leaf) bool { return c.path == l.path })
			if v == l.was {
				continue
			}
			copies[i].set(v)
			edited, err := back(root)
			if err != nil {
				last = err
				continue
			}
			after := said(rendered(t, edited))
			if plain(before) == plain(after) {
				t.Errorf("%s: %v → %v does not change the text", l.path, l.was, v)
			}
			if text := Text(rendered(t, edited)); withoutID(t, a, Text(rendered(t, a))) == withoutID(t, edited, text) {
				t.Errorf("%s: the text for a terminal does not change", l.path)
			}
			onlyFrom(t, l.path, before, after)
			changed[generic(l.path)] = true
			last = nil
			break
		}
		if want, ok := refusedEdits[generic(l.path)]; last != nil && ok && !strings.Contains(last.Error(), want) {
			t.Errorf("%s: %v, want %q", l.path, last, want)
		}
	}
	for path := range seen {
		if _, refused := refusedEdits[path]; !changed[path] && !refused {
			t.Errorf("%s: no edit of it was admitted; say one in edits", path)
		}
	}
	every := map[string]bool{}
	types(reflect.TypeFor[agreements.Agreement](), "", every)
	for path := range every {
		if !seen[path] {
			t.Errorf("%s: the example does not have this field; put it there", path)
		}
	}
	t.Logf("covered: %d fields, %d values", len(seen), len(all))
}

func withoutID(t testing.TB, a *agreements.Agreement, text string) string {
	id, err := a.ID()
	must(t, err)
	return strings.ReplaceAll(text, id, "")
}

// types lists the leaf fields of a type by their JSON names.
func types(ty reflect.Type, path string, out map[string]bool) {
	switch {
	case ty == reflect.TypeFor[time.Time]():
		out[path] = true
	case ty.Kind() == reflect.Pointer || ty.Kind() == reflect.Slice:
		types(ty.Elem(), path, out)
	case ty.Kind() == reflect.Struct:
		for i := range ty.NumField() {
			name, _, _ := strings.Cut(ty.Field(i).Tag.Get("json"), ",")
			types(ty.Field(i).Type, strings.TrimPrefix(path+"."+name, "."), out)
		}
	default:
		out[path] = true
	}
}

// companions are fields whose words go by another field too: a number of a
// list's type is worded by that type.
var companions = map[string][]string{
	"datasets.rules.publicData":   {"datasets.rules.minSetSize"},
	"datasets.rules.columns.type": {"datasets.rules.columns.scale"},
	"analyses.parameters.type":    {"analyses.parameters.values", "analyses.parameters.default"},
	"terms.type":                  {"terms.value"},
}

// related reports whether a piece may come or go with the field.
func related(field, from string) bool {
	if slices.Contains(companions[generic(field)], generic(from)) {
		return true
	}
	under := func(a, b string) bool {
		return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(a, b+"[")
	}
	return under(field, from) || under(from, field)
}

// onlyFrom holds that pieces which came or went say the edited field, or an
// object it is in.
func onlyFrom(t *testing.T, field string, before, after []Span) {
	t.Helper()
	count := map[Span]int{}
	for _, s := range before {
		count[s]++
	}
	for _, s := range after {
		count[s]--
	}
	for s, n := range count {
		if n != 0 && s.From != "" && !related(field, s.From) {
			t.Errorf("an edit of %s changes %q, which says it is from %s", field, s.Text, s.From)
		}
	}
}

// TestWordingHoldsNoNumberAndNoName: what is from no field cannot contradict
// one. The paths of the rest exist.
func TestWordingHoldsNoNumberAndNoName(t *testing.T) {
	for name, a := range map[string]*agreements.Agreement{"full": full(t), "example": parsed(t)} {
		paths := map[string]bool{}
		types(reflect.TypeFor[agreements.Agreement](), "", paths)
		for path := range paths {
			for i := range path { // objects and lists too
				if path[i] == '.' {
					paths[path[:i]] = true
				}
			}
		}
		for _, s := range spans(rendered(t, a)) {
			switch {
			case s.From == fromID || s.From == fromSignatures:
			case s.From != "":
				if !paths[generic(s.From)] {
					t.Errorf("%s: %q is said to come from %s, which is no field", name, s.Text, s.From)
				}
			case strings.ContainsFunc(s.Text, unicode.IsNumber):
				t.Errorf("%s: wording %q holds a digit", name, s.Text)
			default:
				for _, p := range clause.Title(s.Text) {
					if strings.Contains(p.What, "number") {
						t.Errorf("%s: wording %q: %v", name, s.Text, p)
					}
				}
				for _, m := range a.Members {
					if slices.Contains(strings.FieldsFunc(s.Text, func(r rune) bool { return !unicode.IsLetter(r) }), m.Name) {
						t.Errorf("%s: wording %q holds a member's name", name, s.Text)
					}
				}
			}
		}
	}
}

// Numbers of the text are those of the fields. What is computed from a field
// is listed here.
func TestEveryNumberIsAFields(t *testing.T) {
	a := full(t)
	root := tree(t, a)
	digits := regexp.MustCompile(`[0-9]+`)
	for _, s := range spans(rendered(t, a)) {
		if s.From == fromID || s.From == fromSignatures || s.From == "" {
			continue
		}
		source := fmt.Sprint(at(root, s.From))
		for _, n := range digits.FindAllString(strings.ReplaceAll(s.Text, ",", ""), -1) {
			if !strings.Contains(source, n) && !computed(s, n, a) {
				t.Errorf("%s in %q is not in %s, which is %s", n, s.Text, s.From, source)
			}
		}
	}
}

// at is the value at a path of the decoded form, nil if it is not there.
func at(v any, path string) any {
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		}
	}
	return v
}

// computed numbers, each computed here in another way.
func computed(s Span, n string, a *agreements.Agreement) bool {
	g := generic(s.From)
	switch {
	case g == "members.identityKey": // the fingerprint: SHA-256 of the key
		var key []byte
		for i := range a.Members {
			if fmt.Sprintf("members[%d].identityKey", i) == s.From {
				key, _ = a.Members[i].Key()
			}
		}
		sum := sha256.Sum256(key)
		return hex.EncodeToString(sum[:]) == s.Text
	case strings.HasPrefix(g, "validity"):
		return slices.Contains([]string{"365", "1", "2026", "2027", "00"}, n) // days of the window; dates in words
	case strings.HasSuffix(g, "dp.epsilon") || g == "dp.epsilon":
		return slices.Contains([]string{"2.72", "1.65"}, strings.TrimSuffix(s.Text, " times")) // e^1 and e^0.5, rounded up: 2.7183, 1.6487
	case strings.HasSuffix(g, "dp.delta") || g == "dp.delta":
		return s.Text == "1 in 1,000,000" // 1 / 0.000001
	case g == "clauses" || g == "clauses.text":
		return len(n) == 1 // a clause's place in the list, an item's in its own
	case strings.HasSuffix(g, "minSetSize") || strings.HasSuffix(g, "groupsPerUnit") || strings.HasSuffix(g, "rowsPerUnit"):
		return slices.Contains([]string{"1", "1000"}, n) // what holds where nothing is written
	case g == "datasets.rules.columns.domain":
		return n == "2" // how many there are
	case strings.HasSuffix(g, "normalisation"):
		return n == "256" // of SHA-256
	}
	return false
}
