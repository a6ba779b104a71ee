package result

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// metadata is what Arrow and Parquet files carry beside the columns, as pairs
// in a fixed order.
func (a *Answer) metadata() (keys, values []string, err error) {
	r, t := a.Receipt, a.Table
	datasets, err := json.Marshal(r.Datasets)
	if err != nil {
		return nil, nil, err
	}
	add := func(key, value string) {
		keys, values = append(keys, "parley."+key), append(values, value)
	}
	add("run", r.Run)
	add("finished", r.Finished.UTC().Format(time.RFC3339))
	add("agreement", r.Agreement)
	add("agreementTitle", a.Title)
	add("question", r.Question)
	add("planHash", r.PlanHash)
	add("datasets", string(datasets))
	add("minGroupSize", strconv.Itoa(t.MinGroupSize))
	add("publicData", strconv.FormatBool(t.PublicData))
	add("dp", r.DP)
	add("withheld", strings.TrimSpace(string(t.Withheld.Is)+" "+withheldCount(t.Withheld.Count, string(t.Withheld.Is))))
	if len(t.Unchecked) > 0 {
		add("unchecked", strings.Join(t.Unchecked, " "))
	}
	add("notes", strings.Join(t.Notes(), "\n"))
	add("receipt", a.ReceiptHash)
	return keys, values, nil
}

func withheldCount(n int, is string) string {
	if is == "not stated" {
		return ""
	}
	return strconv.Itoa(n)
}
