package result

import (
	"encoding/json"
	"io"
	"time"

	"parley/analysis/release"
	"parley/cleanroom/audit"
)

// document is the JSON form: what the answer rests on, then the answer.
type document struct {
	Run       string                 `json:"run"`
	Finished  time.Time              `json:"finished"`
	Agreement agreement              `json:"agreement"`
	Analysis  string                 `json:"analysis,omitempty"`
	Params    map[string]string      `json:"parameters,omitempty"`
	Question  string                 `json:"question"`
	PlanHash  string                 `json:"planHash"`
	Datasets  []audit.ReceiptDataset `json:"datasets"`
	DP        string                 `json:"dp"`
	Receipt   string                 `json:"receipt"`
	*release.Document
}

type agreement struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

func (a *Answer) document() (*document, error) {
	t, err := a.Table.Document()
	if err != nil {
		return nil, err
	}
	r := a.Receipt
	return &document{Run: r.Run, Finished: r.Finished.UTC(), Agreement: agreement{r.Agreement, a.Title}, Analysis: r.Analysis,
		Params: r.Parameters, Question: r.Question, PlanHash: r.PlanHash, Datasets: r.Datasets, DP: r.DP,
		Receipt: a.ReceiptHash, Document: t}, nil
}

func (a *Answer) json(w io.Writer) error {
	d, err := a.document()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}
