package sqltest

import "parley/agreements"

// Agreement is the agreement of the golden tests: four members, data of three
// owners, with one case of each kind of rule.
func Agreement() *agreements.Agreement {
	return &agreements.Agreement{
		Format: agreements.Format, Title: "Campaign reach", Purpose: "Measure campaigns", DP: agreements.NoDP(), AdHoc: true,
		MinGroupSize: 20,
		Members:      []agreements.Member{{Name: "agency"}, {Name: "client"}, {Name: "bank"}, {Name: "auditor"}},
		Receivers:    []string{"agency", "client", "bank"},
		Datasets:     []agreements.Dataset{exposures(), orders(), visits(), loans(), closed(), flights(), airports(), huge()},
		Analyses:     analyses(),
	}
}

const (
	dim    = agreements.Dimension
	meas   = agreements.Measure
	filter = agreements.Filter
)

func uses(u ...agreements.Use) []agreements.Use { return u }

func email(column string) agreements.Unit {
	return agreements.Unit{Column: column, Normalisation: agreements.NormEmail}
}

func exposures() agreements.Dataset {
	return agreements.Dataset{Name: "exposures", Owner: "agency", Rules: agreements.Rules{
		Unit: email("email"), MaxRowsPerUnit: 100, AdHoc: true,
		Columns: []agreements.Column{
			{Name: "campaign", Type: agreements.Text, Uses: uses(dim, filter)},
			{Name: "channel", Type: agreements.Text, Uses: uses(dim, filter), Nullable: true},
			{Name: "day", Type: agreements.Date, Uses: uses(dim, filter)},
			{Name: "impressions", Type: agreements.Integer, Uses: uses(meas, filter), Min: "0", Max: "1000"},
			{Name: "cost", Type: agreements.Decimal, Scale: 2, Uses: uses(meas), Nullable: true, Min: "0", Max: "500.00"},
			{Name: "tier", Type: agreements.Decimal, Scale: 1, Uses: uses(dim, filter)},
			{Name: "video", Type: agreements.Boolean, Uses: uses(dim, filter), Nullable: true},
			{Name: "region", Type: agreements.Text, Uses: uses(dim)},
			{Name: "spots", Type: agreements.Integer, Uses: uses(meas)},
		},
	}}
}

func orders() agreements.Dataset {
	return agreements.Dataset{Name: "orders", Owner: "client", Rules: agreements.Rules{
		Unit: email("mail"), MaxRowsPerUnit: 50, AdHoc: true, MinGroupSize: 25,
		Columns: []agreements.Column{
			{Name: "amount", Type: agreements.Decimal, Scale: 2, Uses: uses(meas, filter), Min: "-100.00", Max: "10000.00"},
			{Name: "items", Type: agreements.Integer, Uses: uses(meas, filter), Nullable: true, Min: "1", Max: "99"},
			{Name: "region", Type: agreements.Text, Uses: uses(dim, filter), Domain: []string{"east", "north", "south", "west"}},
			{Name: "segment", Type: agreements.Text, Uses: uses(dim), Nullable: true},
			{Name: "placed", Type: agreements.Date, Uses: uses(filter)},
			{Name: "score", Type: agreements.Integer, Uses: uses(filter), Nullable: true},
			{Name: "note", Type: agreements.Text, Uses: uses(meas)},
			{Name: "first time", Type: agreements.Boolean, Uses: uses(dim, filter)},
		},
	}}
}

func visits() agreements.Dataset {
	return agreements.Dataset{Name: "visits", Owner: "client", Rules: agreements.Rules{
		Unit: email("email"), MaxRowsPerUnit: 10, AdHoc: true,
		Columns: []agreements.Column{{Name: "page", Type: agreements.Text, Uses: uses(dim, filter)}},
	}}
}

func loans() agreements.Dataset {
	return agreements.Dataset{Name: "loans", Owner: "bank", Rules: agreements.Rules{
		Unit:           agreements.Unit{Column: "phone", Normalisation: agreements.NormPhone, Region: "DE"},
		MaxRowsPerUnit: 5, AdHoc: true,
		Columns: []agreements.Column{{Name: "rate", Type: agreements.Decimal, Scale: 3, Uses: uses(meas), Min: "0", Max: "20"}},
	}}
}

func closed() agreements.Dataset {
	return agreements.Dataset{Name: "closed", Owner: "bank", Rules: agreements.Rules{
		Unit: email("email"), MaxRowsPerUnit: 5,
		Columns: []agreements.Column{{Name: "kind", Type: agreements.Text, Uses: uses(dim, filter)}},
	}}
}

func flights() agreements.Dataset {
	return agreements.Dataset{Name: "flights", Owner: "agency", Rules: agreements.Rules{
		Unit:       agreements.Unit{Column: "origin", Normalisation: agreements.NormExact},
		PublicData: true, MinGroupSize: 5, MaxRowsPerUnit: 200_000, AdHoc: true,
		Columns: []agreements.Column{
			{Name: "delay", Type: agreements.Integer, Uses: uses(meas), Nullable: true, Min: "-200", Max: "3000"},
		},
	}}
}

func airports() agreements.Dataset {
	return agreements.Dataset{Name: "airports", Owner: "client", Rules: agreements.Rules{
		Unit:       agreements.Unit{Column: "iata", Normalisation: agreements.NormExact},
		PublicData: true, MaxRowsPerUnit: 1, AdHoc: true,
		Columns: []agreements.Column{{Name: "state", Type: agreements.Text, Uses: uses(dim, filter)}},
	}}
}

func huge() agreements.Dataset {
	return agreements.Dataset{Name: "huge", Owner: "client", Rules: agreements.Rules{
		Unit: email("email"), MaxRowsPerUnit: 1_000_000, AdHoc: true,
		Columns: []agreements.Column{
			{Name: "value", Type: agreements.Decimal, Scale: 6, Uses: uses(meas), Min: "0", Max: "900000000000"},
			{Name: "vast", Type: agreements.Decimal, Scale: 6, Uses: uses(meas), Min: "0", Max: "99999999999999"},
		},
	}}
}

func analyses() []agreements.Analysis {
	return []agreements.Analysis{
		{Name: "sales", Description: "Sales by campaign since a day",
			SQL: "SELECT campaign, COUNT(DISTINCT o.mail) AS buyers, SUM(o.amount) AS sales\n" +
				"FROM exposures e JOIN orders o ON e.email = o.mail\n" +
				"WHERE o.placed >= $since AND e.channel = $channel AND o.amount > $least\nGROUP BY campaign",
			Parameters: []agreements.Parameter{
				{Name: "since", Type: agreements.Date, Min: "2024-01-01", Max: "2024-12-31"},
				{Name: "channel", Type: agreements.Text, Values: []string{"tv", "web"}, Default: "web"},
				{Name: "least", Type: agreements.Decimal, Min: "0", Max: "1000", Default: "0"},
			}},
		{Name: "kinds", SQL: "SELECT kind, COUNT(*) FROM closed GROUP BY kind"},
		{Name: "typed",
			SQL: `SELECT COUNT(*) FROM orders WHERE score > $n AND "first time" = $flag AND region LIKE $word AND amount < $n`,
			Parameters: []agreements.Parameter{
				{Name: "n", Type: agreements.Integer, Min: "-5", Max: "5"},
				{Name: "flag", Type: agreements.Boolean, Default: "true"},
				{Name: "word", Type: agreements.Text, Default: "%"},
			}},
		{Name: "split",
			SQL: "SELECT CASE WHEN left(region, $letters) = $start THEN 'in' ELSE 'out' END AS part, SUM(amount * $factor) FILTER (WHERE score > $letters) AS high,\n" +
				"COUNT(*) AS n FROM orders WHERE placed + $letters >= $since GROUP BY part HAVING n > $letters",
			Parameters: []agreements.Parameter{
				{Name: "letters", Type: agreements.Integer, Min: "1", Max: "9", Default: "2"},
				{Name: "start", Type: agreements.Text, Values: []string{"no", "so"}},
				{Name: "factor", Type: agreements.Decimal, Min: "0.5", Max: "2.5", Default: "1.50"},
				{Name: "since", Type: agreements.Date, Min: "2024-01-01", Max: "2024-12-31", Default: "2024-02-01"},
			}},
		{Name: "picked",
			SQL: "SELECT region, COUNT(*) FROM orders WHERE region IN ($regions) AND score NOT IN (7, $scores) AND placed IN ($days) GROUP BY region",
			Parameters: []agreements.Parameter{
				{Name: "regions", Type: agreements.List, Of: agreements.Text, MaxItems: 3, Values: []string{"north", "south", "it's, so"}},
				{Name: "scores", Type: agreements.List, Of: agreements.Integer, MaxItems: 4, Min: "-5", Max: "5", Default: "1,2"},
				{Name: "days", Type: agreements.List, Of: agreements.Date, MaxItems: 2, Default: "2024-01-02"},
			}},
		{Name: "misused", SQL: "SELECT COUNT(*) FROM orders WHERE region = $regions",
			Parameters: []agreements.Parameter{{Name: "regions", Type: agreements.List, Of: agreements.Text, MaxItems: 3}}},
		{Name: "lost", SQL: "SELECT COUNT(*) FROM orders WHERE region = $where"},
	}
}
