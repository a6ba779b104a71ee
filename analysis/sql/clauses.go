package sql

import "strings"

// clause is a part of SELECT that the language leaves out, by the field that
// betrays it in the tree. attack is the red-team id that it stands against.
type clause struct{ field, attack, what, hint string }

// clauses are looked at in this order, so that refusals are deterministic.
var clauses = []clause{
	{"cte_map", "", "WITH inside a subquery is not part of the language.", "Write WITH at the beginning of the question."},
	{"aggregate_handling", "", "GROUP BY ALL is not part of the language.", "Name the columns to group by."},
	{"qualify", "R21", "QUALIFY is not part of the language.", "Use HAVING, ORDER BY and LIMIT, which work on released values."},
	{"sample", "R21", "Sampling is not part of the language.", "Answers are computed over all rows."},
	{"at_clause", "", "AT is not part of the language.", "Questions are about the data that the owner's node holds now; the receipt names their version."},
	{"column_name_alias", "", "Renaming a table's columns is not part of the language.", "Use the dataset's own column names."},
	{"schema_name", "", "Schemas are not part of the language.", "Write the dataset's name alone."},
	{"catalog_name", "", "Catalogs are not part of the language.", "Write the dataset's name alone."},
	{"schema", "", "Functions of a schema are not part of the language.", "Write the function's name alone."},
	{"catalog", "", "Functions of a catalog are not part of the language.", "Write the function's name alone."},
	{"filter", "", "FILTER belongs to an aggregate.", "Put the condition in WHERE."},
	{"order_bys", "", "ORDER BY inside an aggregate is not part of the language.", "Sums and counts do not depend on an order; leave it out."},
	{"offset", "", "OFFSET is not part of the language.", "Use LIMIT alone."},
	{"distinct", "", "DISTINCT inside this aggregate is not part of the language.", "COUNT(DISTINCT unit) counts people or things."},
	{"try_cast", "", "TRY_CAST is not part of the language.", "Columns have the types that the agreement states; write literals of that type."},
}

// nodeNames gives plain names to node types that are refused.
var nodeNames = map[string][2]string{
	"SET_OPERATION_NODE": {"UNION, INTERSECT and EXCEPT of answers are", "Ask each question by itself; to count over two datasets of one owner together, write FROM (SELECT … FROM a UNION ALL SELECT … FROM b) AS t."},
	"RECURSIVE_CTE_NODE": {"WITH RECURSIVE is", "Ask one SELECT over the agreement's datasets."},
	"CTE_NODE":           {"WITH inside a subquery is", "Write WITH at the beginning of the question."},
	"STATEMENT_NODE":     {"This statement is", "Ask one SELECT."},
	"SUBQUERY":           {"A subquery outside FROM is", "Ask for that number by itself, as a question of its own, and calculate with both answers."},
	"TABLE_FUNCTION":     {"A table function is", "Tables are the agreement's datasets."},
	"EXPRESSION_LIST":    {"VALUES is", "Tables are the agreement's datasets."},
	"EMPTY":              {"A SELECT without FROM is", "Name a dataset of the agreement after FROM."},
	"SHOW_REF":           {"DESCRIBE, SHOW and SUMMARIZE are", "The agreement lists the datasets and their columns: parley agreement show."},
	"PIVOT":              {"PIVOT is", "Group by both columns; the answer has one line for each pair."},
	"COLUMN_DATA":        {"A literal table is", "Tables are the agreement's datasets."},
	"STAR": {"A list of all columns (*) is",
		"Raw rows never leave their owner: select grouped columns and aggregates."},
	"WINDOW":            {"A window function (OVER) here is", "It may stand in a subquery, partitioned by the person. Released numbers are compared with each other afterwards."},
	"GROUPING_FUNCTION": {"GROUPING is", "Each question has one grouping; ask the others by themselves."},
	"COLLATE":           {"COLLATE is", "Text is compared as it is; lower and upper make it one case."},
	"LAMBDA":            {"A lambda is", "Write the expression over the column itself."},
	"POSITIONAL":        {"A positional reference (#1) is", "Name the column."},
	"CAST":              {"A cast is", "Leave it out: columns have the types that the agreement states, and the outcomes of a CASE are of one type. A date is written DATE '2024-01-31'."},
	"DEFAULT":           {"DEFAULT is", "Write the value."},
	"COMPARE_NONE":      {"This comparison is", "Comparisons are = <> < <= > >=, IN, BETWEEN, LIKE and IS NULL."},
}

// comparisons maps the tree's comparisons to the language's.
var comparisons = map[string]string{
	"COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>",
	"COMPARE_LESSTHAN": "<", "COMPARE_LESSTHANOREQUALTO": "<=",
	"COMPARE_GREATERTHAN": ">", "COMPARE_GREATERTHANOREQUALTO": ">=",
}

const singleUnitHint = "It would show the value of a single person or thing: COUNT, SUM and AVG are the aggregates."

// functionHints explains refused functions that people do try.
var functionHints = hints(map[string]string{
	singleUnitHint: "min max any_value arbitrary first last arg_min arg_max argmin argmax min_by max_by mode median " +
		"quantile quantile_cont quantile_disc approx_quantile string_agg group_concat listagg list array_agg " +
		"histogram bit_xor bit_and bit_or bool_and bool_or product approx_top_k",
	"LIKE '%text%' finds text in text; a value in a list is written column IN (a, b), and with a parameter column IN ($name).": "contains",
	"Write AVG.": "mean",
	"Write COUNT(*) FILTER (WHERE …) for rows, or COUNT(DISTINCT unit) FILTER (WHERE …) for people.": "count_if countif",
	"Write SUM(x) FILTER (WHERE …).":                      "sum_if sumif",
	"Write COUNT(DISTINCT unit).":                         "approx_count_distinct",
	"COUNT, SUM, AVG, VAR and STDDEV are the aggregates.": "corr covar_pop covar_samp regr_slope skewness kurtosis mad entropy sem",
	"LIKE works on text; lower, upper, left and substring are the functions of text.": "~~* !~~* like_escape not_like_escape ~~~ regexp_full_match " +
		"regexp_matches ^@ starts_with prefix suffix trim right concat || length replace reverse",
	"Multiply by a decimal, such as 0.01, or divide whole numbers by a constant with //. Aggregates can be divided: SUM(x) / COUNT(*).": "/",
	"Arithmetic is + - * and, by a constant, // and %.":                                          "** ^ << >> & | ~ exp ln log log10 log2 pow power sin cos",
	"Of single rows it is not; of aggregates it is: SUM(x) / nullif(COUNT(*), 0), sqrt(AVG(x)).": "sqrt nullif",
	"Write CASE WHEN … THEN … END.":                                                              "if ifnull",
	"Write date + 7, date - other_date, date_diff('day', …), date_trunc or date_part.":           "date_add date_sub datesub age to_days to_weeks to_months to_years strftime epoch last_day make_date",
	"Nothing outside the agreement's datasets can be read.": "read_csv read_csv_auto read_text read_blob read_json read_json_auto " +
		"read_parquet parquet_scan sniff_csv parquet_metadata glob getenv query query_table current_setting " +
		"duckdb_settings duckdb_secrets json_execute_serialized_sql getvariable",
	"Write one comparison for each column.": "row",
	"Expressions are of single rows, before anything is added up; an aggregate stands by itself in the select list, ORDER BY or HAVING.": "sum avg count count_star",
})

func hints(byHint map[string]string) map[string]string {
	out := map[string]string{}
	for hint, names := range byHint {
		for _, name := range strings.Fields(names) {
			out[name] = hint
		}
	}
	return out
}
