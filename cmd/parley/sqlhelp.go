package main

import (
	"github.com/spf13/cobra"
)

// sqlTopic is `parley help sql`. A test asks every statement in it.
func sqlTopic() *cobra.Command {
	return &cobra.Command{Use: "sql", Short: "What SQL may be asked", Long: sqlHelp}
}

const sqlHelp = `What SQL may be asked

One SELECT in DuckDB's dialect, over one dataset or two datasets of two owners,
that counts and adds up and never shows a person. Tables and columns are those
of the agreement: parley agreement show ID lists them, with their values. The
column that identifies people can be joined on and counted, and nothing else. The
examples are about the room media; try any with:
parley rehearse --room media --sql '…'

Aggregates: COUNT(*), COUNT(column), COUNT(DISTINCT person), SUM, AVG, and the
variances VAR_SAMP, VAR_POP, STDDEV_SAMP, STDDEV_POP, of measures and expressions
of them; each may have a condition of its own. A group or condition that fewer
people meet than the agreement's minimum is withheld, or NULL.

    SELECT o.tier, COUNT(DISTINCT a.email) AS people, AVG(o.amount) AS mean,
           SUM(o.amount) FILTER (WHERE o.category = 'food') AS food
    FROM audience a JOIN orders o ON a.email = o.mail
    WHERE a.age_band IN ('18-29', '30-44') AND o.placed >= DATE '2026-03-01'
    GROUP BY o.tier HAVING COUNT(DISTINCT a.email) >= 100 ORDER BY people DESC LIMIT 10

Calculating with aggregates: + - * / abs round sqrt least greatest coalesce
nullif. Division by 0 gives NULL.

    SELECT a.interest, 100.0 * SUM(o.amount) / COUNT(*) AS cents_an_order
    FROM audience a JOIN orders o ON a.email = o.mail GROUP BY a.interest

Functions of rows: + - * // % abs round floor ceil least greatest coalesce, CASE,
IN, BETWEEN, LIKE, IS NULL, lower upper substring left, date_trunc date_part
date_diff year month day and the like. Groups may be columns and such functions
of them.

    SELECT date_trunc('week', o.placed) AS week, SUM(o.amount * 2) AS doubled
    FROM orders o WHERE lower(o.category) LIKE 'f%' GROUP BY 1 ORDER BY 1

One row per person first: a subquery over one dataset that groups by the person
(and by other columns if need be), with COUNT, SUM, MIN, MAX and HAVING, or with
DISTINCT. Outside, its columns are columns like others.

    SELECT f.times, COUNT(DISTINCT f.email) AS people
    FROM (SELECT email, least(COUNT(*), 10) AS times FROM exposures GROUP BY email) f
    JOIN orders o ON f.email = o.mail GROUP BY f.times

Windows inside a person's rows: row_number, rank, dense_rank, lag, lead,
first_value, last_value, COUNT, SUM, MIN, MAX OVER (PARTITION BY person …).

    SELECT COUNT(*) AS first_orders, SUM(f.amount) AS sales
    FROM (SELECT mail, amount, row_number() OVER (PARTITION BY mail ORDER BY placed, amount, category) AS n
          FROM orders) f
    WHERE f.n = 1

LEFT JOIN keeps everyone of the left dataset; groups and WHERE are the left's, and
conditions on the right stand in ON. COALESCE(column, 0) counts the others as 0.
What depends on the right side is NULL where it rests on too few people.

    SELECT a.arm, COUNT(*) AS people, COUNT(DISTINCT o.mail) AS buyers, AVG(COALESCE(o.spent, 0)) AS mean,
           1.96 * sqrt(VAR_SAMP(COALESCE(o.spent, 0)) / COUNT(*)) AS plus_minus
    FROM audience a
    LEFT JOIN (SELECT mail, SUM(amount) AS spent FROM orders GROUP BY mail) o ON a.email = o.mail
    GROUP BY a.arm

Days between two owners' dates: BETWEEN in the join's condition; ASOF JOIN for the
last one before; COUNT(*) OVER (PARTITION BY rowid) to share a row out equally.
The dates need bounds in the agreement or in WHERE.

    SELECT e.campaign, COUNT(*) AS pairs, SUM(o.amount) AS sales
    FROM exposures e JOIN orders o ON e.email = o.mail AND o.placed BETWEEN e.day AND e.day + 14
    GROUP BY e.campaign

    SELECT e.campaign, SUM(o.amount) AS sales
    FROM orders o ASOF JOIN exposures e ON o.mail = e.email AND o.placed >= e.day
    WHERE o.placed - e.day <= 14 GROUP BY e.campaign

    SELECT campaign, SUM(amount / touches) AS credited
    FROM (SELECT e.campaign, o.amount, COUNT(*) OVER (PARTITION BY o.rowid) AS touches
          FROM orders o JOIN exposures e ON e.email = o.mail AND o.placed BETWEEN e.day AND e.day + 14)
    GROUP BY campaign

Parameters of approved analyses are written $name and bound, never pasted.

Refused, each with its place and reason: showing or filtering on a person, MIN,
MAX, quantiles and lists across people, ROLLUP and the like, sampling, recursion,
anything that reads files or settings, more than one statement. What is not on
this page is refused too. Twelve whole analyses: parley analyses list.
`
