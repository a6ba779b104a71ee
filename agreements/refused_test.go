package agreements

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// edit is a bad draft: the example with texts replaced in pairs.
type edit struct {
	name  string
	pairs []string
}

const (
	tlsOne   = "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
	tlsTwo   = "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
	keyOne   = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="
	keyTwo   = "gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q="
	amount   = `{name: amount, type: decimal, scale: 2, uses: [measure, filter], min: "0.00", max: "5000.00", nullable: true, operators: [">", ">=", between], clip: "1000.00"}`
	campaign = `{name: campaign, type: text, uses: [dimension, filter], domain: [spring, summer]}`
	unitMail = `{column: mail, normalisation: email/v1}`
	ownDP    = `dp: {epsilon: "0.5", delta: "0.000001", budgetEpsilon: "5", budgetDelta: "0.00001", periodDays: 30}`
	least    = `{name: least, type: decimal, values: ["0.00", "50.00"], default: "0.00"}`
	since    = `{name: since, type: date, min: "2026-01-01", max: "2026-12-31"}`
)

func one(name, from, to string) edit { return edit{name, []string{from, to}} }

// TestRefusedDrafts holds every error text to testdata/refused.txt.
func TestRefusedDrafts(t *testing.T) {
	var out bytes.Buffer
	all := append(append(append(yamlEdits(), headEdits()...), memberEdits()...), datasetEdits()...)
	for _, e := range append(append(all, analysisEdits()...), clauseEdits()...) {
		_, err := ParseDraft([]byte(replaced(t, example(t), e.pairs...)))
		if err == nil {
			t.Errorf("%s: accepted", e.name)
			continue
		}
		fmt.Fprintf(&out, "== %s\n%v\n", e.name, err)
	}
	golden(t, "refused.txt", out.Bytes())
}

func yamlEdits() []edit {
	return []edit{
		one("not YAML", "title: Sales by campaign", "title: [1, 2"),
		one("unknown key", "dp: none", "dp: none\nepsilon: 1"),
		one("misspelt key", "minGroupSize: 50", "mingroupsize: 50"),
		one("duplicate key", "dp: none", "dp: none\ndp: none"),
		one("two documents", "dp: none", "dp: none\n---\ndp: none"),
		one("anchor", "title: Sales", "title: &t Sales"),
		one("merge key", "dp: none", "<<: {dp: none}"),
		one("binary tag", "title: Sales by campaign", "title: !!binary aGVsbG8="),
		one("octal", "minGroupSize: 50", "minGroupSize: 062"),
		one("hexadecimal", "minGroupSize: 50", "minGroupSize: 0x32"),
		one("underscore in a number", "minGroupSize: 50", "minGroupSize: 5_0"),
		one("exponent", "minGroupSize: 50", "minGroupSize: 5e1"),
		one("text for a number", "minGroupSize: 50", "minGroupSize: many"),
		one("beyond 64 bits", "minGroupSize: 50", "minGroupSize: 99999999999999999999"),
		one("invalid UTF-8", "title: Sales", "title: \xffSales"),
	}
}

func headEdits() []edit {
	return []edit{
		one("another format", "parley.agreement/v1", "parley.agreement/v2"),
		one("no title", "title: Sales by campaign\n", ""),
		one("title of two lines", "title: Sales by campaign", `title: "Sales\nSigned by every member."`),
		one("long title", "Sales by campaign", strings.Repeat("x", 201)),
		one("terminal escape", "title: Sales by campaign", `title: "\e[2J"`),
		one("direction override", "is the controller", "is \u202ethe controller"),
		one("zero width", "is the controller", "is the con\u200btroller"),
		one("no purpose", "purpose: |", "legal2: |"),
		one("empty purpose", "purpose: |\n  Measure how many buyers each spring campaign reached, and what they bought.\n  No other use is agreed.", "purpose: ''"),
		one("ends before it begins", "notAfter: 2027", "notAfter: 2025"),
		one("ends as it begins", "notAfter: 2027", "notAfter: 2026"),
		one("no validity", "validity:\n  notBefore: 2026-01-01T00:00:00Z\n  notAfter: 2027-01-01T00:00:00Z\n", ""),
		one("half seconds", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z"),
		one("year 10000 in UTC", "2027-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00"),
		one("no dp", "dp: none\n", ""),
		one("dp", "dp: none", "dp: epsilon=1"),
		one("dp is empty", "dp: none", "dp: {}"),
		one("long dp", "dp: none", "dp: "+strings.Repeat("x", 300)),
		one("k below the floor", "minGroupSize: 50", "minGroupSize: 9"),
		one("k for public data on one side", "minGroupSize: 50", "minGroupSize: 2"),
		one("negative k", "minGroupSize: 50", "minGroupSize: -50"),
		one("k too large", "minGroupSize: 50", "minGroupSize: 1000001"),
		one("no receivers", "receivers: [client]", "receivers: []"),
		one("strange receiver", "receivers: [client]", "receivers: [auditor]"),
		one("receiver twice", "receivers: [client]", "receivers: [client, client]"),
		one("receiver in capitals", "receivers: [client]", "receivers: [Client]"),
		one("too many receivers", "receivers: [client]", "receivers: ["+strings.Repeat("a,", 64)+"a]"),
	}
}

func memberEdits() []edit {
	key := func(b64 string) edit { return edit{"", []string{keyTwo, b64}} }
	named := func(name string, e edit) edit { e.name = name; return e }
	return []edit{
		one("Cyrillic look-alike", "name: agency", "name: \"\u0430gency\""),
		one("full-width look-alike", "name: agency", "name: \"\uff41gency\""),
		one("name with a space at its end", "name: agency", "name: 'agency '"),
		one("name with two spaces", "name: agency", "name: 'the  agency'"),
		one("names apart by case", "name: client", "name: Agency"),
		one("names apart by punctuation", "name: client", "name: agen.cy"),
		one("long name", "name: agency", "name: "+strings.Repeat("a", 65)),
		named("key is not base64", key(`"?"`)),
		named("key in URL base64", key(strings.NewReplacer("+", "-", "/", "_").Replace(keyTwo))),
		named("key without padding", key(strings.TrimSuffix(keyTwo, "="))),
		named("key with a line end", key(`"`+keyTwo[:8]+`\n`+keyTwo[8:]+`"`)),
		named("key with spare bits", key("gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5R=")),
		named("key of 31 bytes", key(b64(make([]byte, 31)))),
		named("key not on the curve", key(b64(point(2)))),
		named("key not canonical", key(b64(hexed("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")))),
		named("identity as key", key(b64(point(1)))),
		named("identity with sign", key(b64(hexed("0100000000000000000000000000000000000000000000000000000000000080")))),
		named("point of order 2", key(b64(hexed("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")))),
		named("point of order 4", key(b64(point(0)))),
		named("point of order 8", key(b64(hexed("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")))),
		named("point of mixed order", key(b64(mixed(client)))),
		one("one key for two", keyTwo, keyOne),
		one("one key for two, the second with a line end", keyTwo, `"`+keyOne+`\n"`),
		one("one fingerprint for two", tlsTwo, tlsOne),
		one("fingerprint in capitals", tlsTwo, strings.ToUpper(tlsTwo)),
		one("short fingerprint", tlsTwo, tlsTwo[2:]),
		one("no recipient", "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg", "''"),
		one("recipient with a wrong checksum", "dl0jq3yqqvfafg", "dl0jq3yqqvfafq"),
		one("address without port", "parley.agency.example:7400", "parley.agency.example"),
		one("address with a user", "parley.agency.example:7400", "me@parley.agency.example:7400"),
		one("address with a scheme", "parley.agency.example:7400", "https://parley.agency.example:7400"),
		one("address with an escape", "parley.agency.example:7400", `"\e[2Jparley:7400"`),
		one("address with a zone", "parley.agency.example:7400", `"[fe80::1%eth0]:7400"`),
		one("address with a bracketed name", "parley.agency.example:7400", `"[parley.agency.example]:7400"`),
		one("address without host", "parley.agency.example:7400", `":7400"`),
		one("port 0", ":7400", ":0"),
		one("port too large", ":7400", ":65536"),
		one("port with a sign", "parley.agency.example:7400", "parley.agency.example:+7400"),
	}
}

func datasetEdits() []edit {
	col := func(name, to string) edit { return one(name, amount, to) }
	return []edit{
		one("table name in capitals", "name: orders", "name: Orders"),
		one("table name twice", "name: orders", "name: exposures"),
		one("strange owner", "owner: client", "owner: bank"),
		one("contract hash", "sha256:0d", "sha512:0d"),
		one("no unit", unitMail, "{}"),
		one("unit with a quote", unitMail, `{column: 'ma"il', normalisation: email/v1}`),
		one("reserved unit", unitMail, "{column: Rowid, normalisation: email/v1}"),
		one("normalisation", unitMail, "{column: mail, normalisation: email}"),
		one("region of an e-mail", unitMail, "{column: mail, normalisation: email/v1, region: DE}"),
		one("region in small letters", unitMail, "{column: mail, normalisation: phone-e164/v1, region: de}"),
		one("region of digits", unitMail, "{column: mail, normalisation: phone-e164/v1, region: '49'}"),
		one("owner's k below the floor", "minGroupSize: 60", "minGroupSize: 9"),
		one("owner's k beyond JSON's numbers", "minGroupSize: 60", "minGroupSize: 9007199254740993"),
		one("set below the floor", "minSetSize: 2000", "minSetSize: 999"),
		one("negative set", "minSetSize: 2000", "minSetSize: -1"),
		one("no rows per unit", "      maxRowsPerUnit: 500\n", ""),
		one("too many rows per unit", "maxRowsPerUnit: 500", "maxRowsPerUnit: 2147483649"),
		col("column name with a hyphen", "{name: a-b, type: date, uses: [filter]}"),
		col("column name with a space at its end", "{name: 'a ', type: date, uses: [filter]}"),
		col("Cyrillic column name", "{name: \u0430mount, type: date, uses: [filter]}"),
		col("reserved column", "{name: Parley_Unit, type: date, uses: [filter]}"),
		col("the unit as a column", "{name: MAIL, type: text, uses: [filter]}"),
		col("column twice", "{name: ITEMS, type: date, uses: [filter]}"),
		col("column type", "{name: amount, type: timestamp, uses: [filter]}"),
		col("no uses", "{name: amount, type: date}"),
		col("unknown use", "{name: amount, type: date, uses: [join]}"),
		col("use twice", "{name: amount, type: date, uses: [filter, filter]}"),
		col("many uses", "{name: amount, type: date, uses: [filter, filter, filter, filter]}"),
		col("measure of a date", `{name: amount, type: date, uses: [measure], min: "2020-01-01", max: "2021-01-01"}`),
		col("measure without bounds", "{name: amount, type: integer, uses: [measure], min: 1}"),
		col("scale too large", `{name: amount, type: decimal, scale: 7, uses: [filter]}`),
		col("scale of an integer", `{name: amount, type: integer, scale: 1, uses: [filter]}`),
		col("bound with an exponent", `{name: amount, type: decimal, uses: [filter], min: "1e9"}`),
		col("bound finer than the scale", `{name: amount, type: decimal, scale: 2, uses: [filter], min: "0.125"}`),
		col("bound of too many digits", `{name: amount, type: decimal, scale: 6, uses: [filter], max: "1000000000000"}`),
		col("bound of negative zero", `{name: amount, type: decimal, uses: [filter], max: "-0"}`),
		col("bound with a leading zero", `{name: amount, type: integer, uses: [filter], max: "007"}`),
		col("bound beyond 64 bits", `{name: amount, type: integer, uses: [filter], max: "9223372036854775808"}`),
		col("bounds the wrong way round", `{name: amount, type: integer, uses: [filter], min: "10", max: "9"}`),
		col("bound of text", `{name: amount, type: text, uses: [filter], min: a}`),
		col("bound that is no day", `{name: amount, type: date, uses: [filter], min: "2026-02-29"}`),
		col("bound in year 0", `{name: amount, type: date, uses: [filter], min: "0000-01-01"}`),
		col("domain of a filter", "{name: amount, type: text, uses: [filter], domain: [a]}"),
		col("domain value twice", "{name: amount, type: text, uses: [dimension], domain: [a, a]}"),
		col("empty domain value", "{name: amount, type: text, uses: [dimension], domain: [a, '']}"),
		col("null", "{name: amount, type: text, uses: [dimension], domain: [a, ~]}"),
		col("domain value that acts", `{name: amount, type: text, uses: [dimension], domain: ["a\tb"]}`),
		col("long domain value", "{name: amount, type: text, uses: [dimension], domain: ["+strings.Repeat("x", 1025)+"]}"),
		col("domain at another scale", `{name: amount, type: decimal, scale: 2, uses: [dimension], domain: ["1.5"]}`),
		col("operator of a measure", `{name: amount, type: integer, uses: [measure], min: "0", max: "9", operators: ["="]}`),
		col("unknown operator", `{name: amount, type: integer, uses: [filter], operators: ["==", "not in"]}`),
		col("operator twice", `{name: amount, type: integer, uses: [filter], operators: ["=", "="]}`),
		col("like of numbers", `{name: amount, type: integer, uses: [filter], operators: ["=", like]}`),
		col("clip of a filter", `{name: amount, type: integer, uses: [filter], clip: "5"}`),
		col("clip finer than the scale", `{name: amount, type: decimal, scale: 1, uses: [measure], min: "0", max: "9", clip: "0.25"}`),
		col("clip of nothing", `{name: amount, type: decimal, scale: 1, uses: [measure], min: "0", max: "9", clip: "0.0"}`),
		col("clip with an exponent", `{name: amount, type: integer, uses: [measure], min: "0", max: "9", clip: "1e1"}`),
		col("clip above all rows", `{name: amount, type: integer, uses: [measure], min: "-10", max: "9", clip: "51"}`),
		one("own dp is empty", ownDP, "dp: {}"),
		one("own dp without a budget", ownDP, `dp: {epsilon: "1", delta: "0.1"}`),
		one("own dp is a number", ownDP, "dp: 1"),
		one("own dp with a misspelt key", ownDP, `dp: {epsilon: "1", Delta: "0.1"}`),
		one("own dp key twice", ownDP, `dp: {epsilon: "1", epsilon: "2"}`),
		one("epsilon of 0", `epsilon: "0.5"`, `epsilon: "0"`),
		one("epsilon below 0", `epsilon: "0.5"`, `epsilon: "-1"`),
		one("epsilon above the budget", `epsilon: "0.5"`, `epsilon: "5.1"`),
		one("epsilon too large", `epsilon: "0.5"`, `epsilon: "20.5"`),
		one("epsilon with an exponent", `epsilon: "0.5"`, `epsilon: "5e-1"`),
		one("delta above the budget", `delta: "0.000001"`, `delta: "0.1"`),
		one("delta above 1", `budgetDelta: "0.00001"`, `budgetDelta: "1.1"`),
		one("budget too large", `budgetEpsilon: "5"`, `budgetEpsilon: "1000.5"`),
		one("period below 0", "periodDays: 30", "periodDays: -1"),
		one("half a day", "periodDays: 30", "periodDays: 0.5"),
		one("ad-hoc only, loosely", "periodDays: 30", "adHocOnly: yes"),
		one("too many groups of a unit", "groupsPerUnit: 2", "groupsPerUnit: 1001"),
		one("groups of a unit below 0", "groupsPerUnit: 2", "groupsPerUnit: -1"),
		one("half a group", "groupsPerUnit: 2", "groupsPerUnit: 2.5"),
		one("more rows counted than there are", "rowsPerUnit: 5\n", "rowsPerUnit: 501\n"),
		one("too many runs a day", "runsPerDay: 20", "runsPerDay: 1000001"),
		one("approval, loosely", "approveRuns: true", "approveRuns: on"),
		one("receiver of a dataset who is none of the agreement", "receivers: [client]\n      functions", "receivers: [agency]\n      functions"),
		one("receiver of a dataset twice", "receivers: [client]\n      functions", "receivers: [client, client]\n      functions"),
		one("unknown function", "[date_trunc, lower]", "[date_trunc, getenv]"),
		one("function by another spelling", "[date_trunc, lower]", "[mod]"),
		one("function twice", "[date_trunc, lower]", "[lower, lower]"),
		one("function list too long", "[date_trunc, lower]", "["+strings.Repeat("x,", 100)+"x]"),
		col("domain of another type", `{name: amount, type: boolean, uses: [dimension], domain: ["yes"]}`),
	}
}

func analysisEdits() []edit {
	par := func(name, to string) edit { return one(name, least, to) }
	return []edit{
		one("analysis name", "name: sales", "name: Sales!"),
		par("parameter name", "{name: $least, type: decimal}"),
		par("parameter twice", "{name: since, type: decimal}"),
		par("parameter type", "{name: least, type: money}"),
		par("list of nothing", "{name: least, type: list, maxItems: 3}"),
		par("list without end", "{name: least, type: list, of: text}"),
		par("list of lists", "{name: least, type: list, of: list, maxItems: 3}"),
		par("list too long", "{name: least, type: list, of: text, maxItems: 1001}"),
		par("items of a text", "{name: least, type: text, maxItems: 3}"),
		par("list bounds of text", "{name: least, type: list, of: text, maxItems: 3, min: a}"),
		par("list default", `{name: least, type: list, of: integer, maxItems: 3, min: "2", default: "3,x"}`),
		par("list default out of bounds", `{name: least, type: list, of: integer, maxItems: 3, min: "2", default: "3,1"}`),
		par("list default too long", `{name: least, type: list, of: integer, maxItems: 2, default: "[1,2,3]"}`),
		par("list default of nothing", `{name: least, type: list, of: integer, maxItems: 2, default: "[]"}`),
		par("list default not a value", `{name: least, type: list, of: text, maxItems: 2, values: [a, b], default: "a,c"}`),
		par("parameter bounds of text", "{name: least, type: text, min: a}"),
		par("parameter bound", `{name: least, type: decimal, min: "1e999999999", default: "0"}`),
		par("parameter value of another type", "{name: least, type: integer, values: [one]}"),
		par("parameter value twice", `{name: least, type: integer, values: ["1", "1"]}`),
		par("parameter value out of bounds", `{name: least, type: integer, min: "2", values: ["1"]}`),
		par("default of another type", `{name: least, type: integer, default: few}`),
		par("default not among the values", `{name: least, type: integer, values: ["1"], default: "2"}`),
		par("default above", `{name: least, type: integer, max: "9", default: "10"}`),
		par("default below", `{name: least, type: date, min: "2026-01-02", default: "2026-01-01"}`),
	}
}

// Where JSON or YAML cannot say it, Check is asked directly.
func TestRefusedValues(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Agreement)
		want   string
	}{
		{"invalid UTF-8 in a title", func(a *Agreement) { a.Title = "a\xff" }, "title: holds a character that cannot be shown"},
		{"invalid UTF-8 in a domain", func(a *Agreement) { a.Datasets[0].Rules.Columns[0].Domain[0] = "\xff" },
			"datasets[0].rules.columns[0].domain[0]: is not of type text"},
		{"no members", func(a *Agreement) { a.Members = nil }, "members: there must be 1 to 64"},
		{"no datasets", func(a *Agreement) { a.Datasets = nil }, "datasets: there must be 1 to 256"},
		{"nothing to ask", func(a *Agreement) { a.AdHoc, a.Analyses = false, nil },
			"analyses: nothing could be asked: adHoc is false and there is no approved analysis"},
		{"no SQL", func(a *Agreement) { a.Analyses[0].SQL = "" }, "analyses[0].sql: must have 1 to 65536 bytes"},
		{"SQL with a bell", func(a *Agreement) { a.Analyses[0].SQL = "SELECT 1\a" }, "analyses[0].sql: holds a character that cannot be shown"},
		{"long description", func(a *Agreement) { a.Analyses[0].Description = strings.Repeat("x", 4001) },
			"analyses[0].description: must have 0 to 4000 bytes"},
		{"65 members", func(a *Agreement) { a.Members = make([]Member, 65) }, "members: there must be 1 to 64"},
		{"257 datasets", func(a *Agreement) { a.Datasets = make([]Dataset, 257) }, "datasets: there must be 1 to 256"},
		{"257 analyses", func(a *Agreement) { a.Analyses = make([]Analysis, 257) }, "analyses: there may be 256 at most"},
		{"1,001 columns", func(a *Agreement) { a.Datasets[0].Rules.Columns = make([]Column, 1001) },
			"datasets[0].rules.columns: there may be 1,000 at most"},
		{"10,001 domain values", func(a *Agreement) { a.Datasets[0].Rules.Columns[0].Domain = make([]string, 10_001) },
			"datasets[0].rules.columns[0].domain: there may be 10,000 values at most"},
		{"65 parameters", func(a *Agreement) { a.Analyses[0].Parameters = make([]Parameter, 65) },
			"analyses[0].parameters: there may be 64 at most"},
		{"1,001 parameter values", func(a *Agreement) { a.Analyses[0].Parameters[1].Values = make([]string, 1001) },
			"analyses[0].parameters[1].values: there may be 1,000 at most"},
		{"analysis twice", func(a *Agreement) { a.Analyses = append(a.Analyses, a.Analyses[0]) },
			"analyses[1].name: the same as analyses[0].name"},
	} {
		a := edited(t)
		c.change(a)
		if err := a.Check(); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// What contracts and questions can hold must pass.
func TestAcceptedDrafts(t *testing.T) {
	for _, e := range []edit{
		one("public data", "minGroupSize: 60\n      minSetSize: 2000", "minGroupSize: 2\n      minSetSize: 1\n      publicData: true"),
		one("largest integers", amount, `{name: n, type: integer, uses: [measure], min: "-9223372036854775807", max: "9223372036854775807"}`),
		one("18 digits", amount, `{name: n, type: decimal, scale: 6, uses: [measure], min: "-999999999999.999999", max: "999999999999.999999"}`),
		one("bound with its own decimals", amount, `{name: n, type: decimal, scale: 2, uses: [measure], min: "0", max: "5.500"}`),
		one("inner space", amount, "{name: first time, type: boolean, uses: [dimension], domain: ['false', 'true']}"),
		one("domain as engines print", amount, `{name: n, type: decimal, scale: 2, uses: [dimension], domain: ["-0.50", "0.00", "1.50"]}`),
		one("domain of many scripts", amount, "{name: n, type: text, uses: [dimension], domain: [Köln, 東京, \"a\u00a0b\", \"👩\u200d💻\"]}"),
		one("postcodes in quotes", amount, `{name: n, type: text, uses: [dimension], domain: ["01067", "1e5"]}`),
		one("fine list", least, `{name: least, type: list, of: decimal, maxItems: 3, values: ["0.00", "50.00"], default: "[\"0.00\"]"}`),
		one("fine parameter", least, `{name: least, type: decimal, min: "0.000000000000000001"}`),
		one("no columns", "      columns:\n        - {name: amount, type: decimal, scale: 2, uses: [measure, filter], min: \"0.00\", max: \"5000.00\", nullable: true, operators: [\">\", \">=\", between], clip: \"1000.00\"}\n        - {name: items, type: integer, uses: [measure], min: \"1\", max: \"99\"}\n        - {name: returned, type: boolean, uses: [filter]}\n", ""),
		one("IPv6", "parley.agency.example:7400", `"[2001:db8::1]:7400"`),
		one("service name", "parley.agency.example:7400", "node_a:7400"),
		one("no-break space in prose", "is the controller", "is\u00a0the controller"),
		one("another zone", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"),
		one("noise on everything", "dp: none", `dp: {epsilon: 1, delta: "0.000001", budgetEpsilon: "10", budgetDelta: "0.00001"}`),
		one("noise on ad-hoc SQL", "dp: none", `dp: {epsilon: "1", delta: "0.000001", budgetEpsilon: "10", budgetDelta: "0.00001", adHocOnly: true}`),
		one("own dp is none", ownDP, "dp: none"),
		one("clip of all rows", amount, `{name: amount, type: integer, uses: [measure], min: "-10", max: "9", clip: "50"}`),
		one("all operators", amount, `{name: amount, type: text, uses: [filter], operators: ["=", "<>", "<", "<=", ">", ">=", in, between, like, is null]}`),
		one("all functions", "[date_trunc, lower]", `["+", "-", "*", "//", "%", abs, round, floor, ceil, least, greatest, coalesce, lower, upper, substring, left, date_trunc, date_part, date_diff, row_number, rank, dense_rank, lag, lead, first_value, last_value]`),
		one("phone without region", unitMail, "{column: mail, normalisation: phone-e164/v1}"),
	} {
		if _, err := ParseDraft([]byte(replaced(t, example(t), e.pairs...))); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
}

// Hostile lists must cost neither time nor a page of errors.
func TestHostileListsAreCheap(t *testing.T) {
	start := time.Now()
	half := strings.Repeat("x,", 50_000)
	for _, e := range []edit{
		one("receivers", "[client]", "["+half+"]"),
		one("uses", "uses: [filter]", "uses: ["+half+"]"),
		one("values", `["0.00", "50.00"]`, "["+half+"]"),
		one("domain", "[spring, summer]", "["+half+"]"),
		one("datasets", "datasets:\n", "datasets:\n"+strings.Repeat("  - {}\n", 10_000)),
		one("members", "members:\n", "members:\n"+strings.Repeat("  - {}\n", 10_000)),
	} {
		_, err := ParseDraft([]byte(replaced(t, example(t), e.pairs...)))
		if err == nil || len(err.Error()) > 20_000 {
			t.Errorf("%s: no error, or an error of %d bytes", e.name, len(fmt.Sprint(err)))
		}
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	a := edited(t)
	a.Datasets = make([]Dataset, 256)
	if n := strings.Count(a.Check().Error(), "\n") + 1; n != maxProblems+1 {
		t.Errorf("%d problems listed, want %d", n, maxProblems+1)
	}
}
