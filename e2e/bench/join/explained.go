package main

import (
	"fmt"
	"net/http"
	"os"

	"parley/e2e/bench/measured"
)

// explained is what is read of an explanation.
type explained struct {
	Cost *struct {
		Alignment, First, Again *amount
	} `json:"cost"`
}

// amount is an estimate.
type amount struct {
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// explain asks what a question would cost.
func (p *pair) explain(q question) (*explained, error) {
	var e explained
	return &e, p.nodes[1].call(http.MethodPost, "/v1/explain", map[string]string{"agreement": p.agreement, "sql": q.sql}, &e)
}

// print compares the estimate with what the question took. The ratios are for
// people: they are not recorded, and nothing fails by them.
func (e *explained) print(q question, a *measured.Asked) {
	if e.Cost == nil {
		return
	}
	said := *e.Cost.First
	if q.how != measured.First && q.how != measured.Align {
		said = *e.Cost.Again
	}
	if e.Cost.Alignment != nil {
		said.Bytes, said.Seconds = said.Bytes+e.Cost.Alignment.Bytes, said.Seconds+e.Cost.Alignment.Seconds
	}
	var took amount
	for _, s := range a.Stages {
		took.Bytes, took.Seconds = took.Bytes+s.Bytes, took.Seconds+s.WallS
	}
	fmt.Fprintf(os.Stderr, "%s, %d groups: explain said %d bytes (%.2f of the truth) and %.2f s (%.2f)\n",
		q.how, q.groups, said.Bytes, float64(said.Bytes)/float64(max(took.Bytes, 1)), said.Seconds, said.Seconds/max(took.Seconds, 1e-3))
}
