package catalog

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"parley/agreements"
)

var columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// keyName is wider than columnName: the file calls its key what it likes. It
// is what an agreement can state.
var keyName = regexp.MustCompile(`^[!#-~]([ !#-~]{0,61}[!#-~])?$`)

var columnTypes = map[string]agreements.Type{
	"string": agreements.Text, "integer": agreements.Integer, "number": agreements.Decimal,
	"date": agreements.Date, "boolean": agreements.Boolean,
}

// columns reads every column with a roomRole.
func (t *terms) columns(table object, r *agreements.Rules) {
	seen := map[string]bool{"parley_unit": true, "rowid": true}
	for _, col := range table.list("properties") {
		name := strings.ToLower(col.text("name"))
		if seen[name] {
			t.refuse(col.at+"/name", "is reserved, or another column's name (case does not count)")
		}
		seen[name] = true
		got := t.custom(col, columnTerms, tableTerms)
		roles := t.roles(col, got)
		switch {
		case len(roles) == 0:
		case slices.Contains(roles, "joinKey"):
			t.joinKey(col, got, roles, r)
		default:
			c := t.column(col, got, roles)
			t.columnLimits(got, &c, r)
			r.Columns = append(r.Columns, c)
		}
	}
	if r.Unit.Column == "" {
		t.refuse(table.at+"/properties", "no column has the roomRole joinKey")
	}
}

// roles reads roomRole: one word or a list of different words.
func (t *terms) roles(col object, got map[string]term) []string {
	v, ok := got["roomRole"]
	if !ok {
		for _, name := range columnTerms {
			if v, ok := got[name]; ok {
				t.refuse(v.at, "%s has no effect on a column without roomRole", name)
			}
		}
		return nil
	}
	list, isList := v.value.([]any)
	if !isList {
		list = []any{v.value}
	}
	var roles []string
	for _, item := range list {
		role, _ := item.(string)
		if !slices.Contains([]string{"joinKey", "dimension", "measure", "filter"}, role) || slices.Contains(roles, role) {
			t.refuse(v.at, "must be joinKey, dimension, measure or filter, or a list of different ones")
			return nil
		}
		roles = append(roles, role)
	}
	if len(roles) == 0 {
		t.refuse(v.at, "must not be an empty list")
	}
	if col.text("physicalName") != "" && col.text("physicalName") != col.text("name") {
		t.refuse(col.at+"/physicalName", "must equal name: columns are not renamed at import")
	}
	return roles
}

func (t *terms) joinKey(col object, got map[string]term, roles []string, r *agreements.Rules) {
	if len(roles) > 1 {
		t.refuse(got["roomRole"].at, "a joinKey has no other role: it is never visible")
	}
	if r.Unit.Column != "" {
		t.refuse(got["roomRole"].at, "%q is the joinKey already; there is exactly one", r.Unit.Column)
	}
	r.Unit.Column = col.text("name")
	if !keyName.MatchString(r.Unit.Column) {
		t.refuse(col.at+"/name", "a joinKey's name must have 1 to 63 printable ASCII characters, no quotation mark, and no space at its ends")
	}
	t.misplaced(got, "scale", "domain", "operators", "clip")
	n, ok := got["normalisation"]
	if !ok {
		t.refuse(col.at, "a joinKey needs a normalisation: exact/v1, email/v1, phone-e164/v1 or sha256/v1")
		return
	}
	s, _ := n.value.(string)
	r.Unit.Normalisation = agreements.Normalisation(s)
	switch r.Unit.Normalisation {
	case agreements.NormExact, agreements.NormEmail, agreements.NormSHA256:
		t.misplaced(got, "region")
	case agreements.NormPhone:
		if region, ok := got["region"]; ok {
			r.Unit.Region, _ = region.value.(string)
			if !regexp.MustCompile(`^[A-Z]{2}$`).MatchString(r.Unit.Region) {
				t.refuse(region.at, "must be a two-letter region such as DE")
			}
		}
	default:
		t.refuse(n.at, "must be exact/v1, email/v1, phone-e164/v1 or sha256/v1")
	}
}

func (t *terms) misplaced(got map[string]term, names ...string) {
	for _, name := range names {
		if v, ok := got[name]; ok {
			t.refuse(v.at, "%s does not apply to this column", name)
		}
	}
}

func (t *terms) column(col object, got map[string]term, roles []string) agreements.Column {
	c := agreements.Column{Name: col.text("name"), Nullable: !col.flag("required")}
	for _, r := range roles {
		c.Uses = append(c.Uses, agreements.Use(r))
	}
	if !columnName.MatchString(c.Name) {
		t.refuse(col.at+"/name", "must be a name for SQL: letters, digits and _, not beginning with a digit")
	}
	t.misplaced(got, "normalisation", "region")
	var ok bool
	if c.Type, ok = columnTypes[col.text("logicalType")]; !ok {
		t.refuse(col.at, "a column with a roomRole needs logicalType string, integer, number, date or boolean")
		return c
	}
	if c.Type == agreements.Decimal {
		if _, ok := got["scale"]; !ok {
			t.refuse(col.at, "a number needs scale, the decimals that are kept (0 to 6)")
		}
		c.Scale = int(t.whole(got["scale"], 0, 0, 6))
	} else {
		t.misplaced(got, "scale")
	}
	t.bounds(col, &c)
	if v, ok := got["domain"]; ok {
		t.domain(v, &c)
	}
	return c
}

// bounds reads logicalTypeOptions. An option that no import checks is refused.
func (t *terms) bounds(col object, c *agreements.Column) {
	options := col.object("logicalTypeOptions")
	for name := range options.fields {
		if name != "minimum" && name != "maximum" {
			t.refuse(options.at+"/"+name, "is not checked at import; use minimum and maximum, or remove it")
		}
	}
	c.Min, c.Max = t.bound(options, "minimum", *c), t.bound(options, "maximum", *c)
	measure := c.Allows(agreements.Measure)
	switch {
	case measure && c.Type != agreements.Integer && c.Type != agreements.Decimal:
		t.refuse(col.at, "a measure must be an integer or a number")
	case measure && (c.Min == "" || c.Max == ""):
		t.refuse(col.at, "a measure needs logicalTypeOptions minimum and maximum")
	case c.Min != "" && c.Max != "" && less(c.Max, c.Min):
		t.refuse(options.at, "minimum is over maximum")
	}
}

func (t *terms) bound(options object, name string, c agreements.Column) string {
	v, ok := options.fields[name]
	if !ok {
		return ""
	}
	s, _ := scalarText(v)
	if !validText(s, c) {
		t.refuse(options.at+"/"+name, "is not a value of the column's type and scale")
		return ""
	}
	if _, number := v.(json.Number); number {
		return plainDecimal(s, c.Scale)
	}
	return s
}

// domain reads the list of a dimension's values, as the answer prints them.
func (t *terms) domain(v term, c *agreements.Column) {
	if !c.Allows(agreements.Dimension) {
		t.refuse(v.at, "domain does not apply to this column")
		return
	}
	list, ok := v.value.([]any)
	if !ok || len(list) == 0 || len(list) > 10000 {
		t.refuse(v.at, "must be a list of 1 to 10000 values")
		return
	}
	for _, item := range list {
		s, ok := scalarText(item)
		if b, isBool := item.(bool); isBool {
			s, ok = map[bool]string{true: "true", false: "false"}[b], true
		}
		if ok && c.Type == agreements.Decimal && validText(s, *c) {
			s = plainDecimal(s, c.Scale)
		}
		if !ok || !validText(s, *c) || slices.Contains(c.Domain, s) {
			t.refuse(v.at, "must list different values of the column's type")
			return
		}
		c.Domain = append(c.Domain, s)
	}
}
