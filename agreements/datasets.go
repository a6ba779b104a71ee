package agreements

import (
	"fmt"
	"regexp"
	"strings"
)

// Floors of the rules. Lower values need public data.
const (
	FloorGroupSize       = 10
	FloorGroupSizePublic = 2
	FloorSetSize         = 1000
)

var (
	namePattern = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
	hashPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	// unitPattern is wider than columnPattern: the unit is never printed into
	// an engine's SQL by its own name, and source files call it what they like.
	unitPattern   = regexp.MustCompile(`^[!#-~]([ !#-~]{0,61}[!#-~])?$`)
	regionPattern = regexp.MustCompile(`^[A-Z]{2}$`)
)

func (p *problems) datasets(a *Agreement) {
	floor, hint := FloorGroupSizePublic, ""
	seen := taken{}
	for i := range a.Datasets {
		d, path := &a.Datasets[i], fmt.Sprintf("datasets[%d]", i)
		if !d.Rules.PublicData {
			floor, hint = FloorGroupSize, " (2 to 9 only when every dataset's contract says publicData)"
		}
		if !namePattern.MatchString(d.Name) {
			p.add(path+".name", "must be a lower-case SQL name")
		}
		seen.add(p, path+".name", "", d.Name)
		if a.Member(d.Owner) == nil {
			p.add(path+".owner", "%s is not a member", quoted(d.Owner))
		}
		if !hashPattern.MatchString(d.ContractHash) {
			p.add(path+".contractHash", "must be sha256: and 64 hex digits")
		}
		p.rules(path+".rules", &d.Rules, a)
	}
	if a.MinGroupSize < floor || a.MinGroupSize > 1_000_000 {
		p.add("minGroupSize", "must be %d to 1,000,000%s", floor, hint)
	}
}

func (p *problems) rules(path string, r *Rules, a *Agreement) {
	p.unit(path+".unit", r.Unit)
	if r.MaxRowsPerUnit < 1 || r.MaxRowsPerUnit > 1<<31 {
		p.add(path+".maxRowsPerUnit", "must be 1 to 2^31")
	}
	floorK, floorSet := FloorGroupSize, FloorSetSize
	if r.PublicData {
		floorK, floorSet = FloorGroupSizePublic, 1
	}
	p.count(path+".minGroupSize", r.MinGroupSize, floorK)
	p.count(path+".minSetSize", r.MinSetSize, floorSet)
	p.dp(path+".dp", r.DP)
	p.finer(path, r, a)
	if len(r.Columns) > maxColumns {
		p.add(path+".columns", "there may be 1,000 at most")
		return
	}
	seen := taken{"parley_unit": "a reserved name", "rowid": "a reserved name"}
	seen.add(p, path+".unit.column", "", strings.ToLower(r.Unit.Column))
	for i := range r.Columns {
		c, cp := &r.Columns[i], fmt.Sprintf("%s.columns[%d]", path, i)
		seen.add(p, cp+".name", "", strings.ToLower(c.Name))
		p.column(cp, c)
		p.columnLimits(cp, c, r.RowsPerUnit)
	}
}

// count checks a size that may be left out as 0.
func (p *problems) count(path string, n, floor int) {
	if n != 0 && (n < floor || n > maxCount) {
		p.add(path, "must be %d to 2^30", floor)
	}
}

func (p *problems) unit(path string, u Unit) {
	if !unitPattern.MatchString(u.Column) {
		p.add(path+".column", "is missing or not a column name")
	}
	switch u.Normalisation {
	case NormExact, NormEmail, NormSHA256:
		if u.Region != "" {
			p.add(path+".region", "belongs to %s only", NormPhone)
		}
	case NormPhone:
		if u.Region != "" && !regionPattern.MatchString(u.Region) {
			p.add(path+".region", "must be two capital letters, such as DE")
		}
	default:
		p.add(path+".normalisation", "%s is not known; use %s, %s, %s or %s", quoted(u.Normalisation), NormExact, NormEmail, NormPhone, NormSHA256)
	}
}
