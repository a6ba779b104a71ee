package agreements

import "strings"

// text words the demand for noise.
func (d *DP) text(line func(string, ...any)) {
	if d.None() {
		line("  Differential privacy: none. Answers are exact and protected by the minimum group size alone.")
		return
	}
	of := "every answer"
	if d.AdHocOnly {
		of = "every answer to ad-hoc SQL (approved analyses are exact)"
	}
	line("  Differential privacy: noise is added to %s.", of)
	line("    One run spends at most epsilon %s and delta %s.", d.Epsilon, d.Delta)
	period := "ever, under all agreements together"
	if d.PeriodDays > 0 {
		period = "in any " + count(int64(d.PeriodDays), "day") + ", under all agreements together"
	}
	line("    All runs on one dataset spend at most epsilon %s and delta %s %s.", d.BudgetEpsilon, d.BudgetDelta, period)
}

// finerText words the finer rules of a dataset.
func (r *Rules) finerText(line func(string, ...any), noisy bool) {
	if !r.DP.None() {
		line("  its owner's own demand; the stricter of it and the agreement's holds:")
		r.DP.text(func(format string, args ...any) { line("  "+format, args...) })
	}
	if r.GroupsPerUnit > 0 || r.RowsPerUnit > 0 || noisy {
		line("  in a noisy answer one unit counts in at most %s, with at most %s in each",
			count(int64(max(r.GroupsPerUnit, 1)), "group"), count(max(r.RowsPerUnit, 1), "row"))
	}
	if r.RunsPerDay > 0 {
		line("  at most %s a day (UTC), under all agreements together", count(int64(r.RunsPerDay), "run"))
	}
	if r.ApproveRuns {
		line("  every run waits until a person at its owner's approves it")
	}
	if len(r.Receivers) > 0 {
		line("  answers about it may be received by %s only", strings.Join(r.Receivers, ", "))
	}
	if len(r.Functions) > 0 {
		line("  only these functions may be applied to its columns: %s", strings.Join(r.Functions, " "))
	}
}
