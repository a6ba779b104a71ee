// Package measured is the form in which e2e/bench/join writes its figures and
// e2e/bench/collect reads them.
package measured

// Size is what was measured with so many distinct units on each side, half of
// them shared.
type Size struct {
	Units     int         `json:"units"`
	PrepareS  float64     `json:"prepare_s"` // homes, imports of both files, agreement
	Align     Asked       `json:"align"`
	Questions []Asked     `json:"questions"`
	Cleartext []Cleartext `json:"cleartext"`
}

// Asked is one question, asked once.
type Asked struct {
	How    string  `json:"how"` // align, first, again, other
	Groups int     `json:"groups"`
	WallS  float64 `json:"wall_s"` // from the request to the verified, recorded answer
	Nodes  []Node  `json:"nodes"`
	Stages []Stage `json:"stages"` // of the asker
}

// Node is what one node spent, its engine's processes included.
type Node struct {
	Member        string  `json:"member"`
	CPUS          float64 `json:"cpu_s"`
	WallS         float64 `json:"wall_s,omitempty"`
	PeakMiB       int64   `json:"peak_mib"`        // of the node's process, since its start
	EnginePeakMiB int64   `json:"engine_peak_mib"` // of the largest engine process, since the node's start
	SentBytes     int64   `json:"sent_bytes"`
}

// Stage is one step of a run.
type Stage struct {
	Name  string  `json:"name"`
	Note  string  `json:"note,omitempty"`
	WallS float64 `json:"wall_s"`
	Bytes int64   `json:"bytes"` // both ways
}

// Cleartext is the same question in plain DuckDB over both tables in memory.
type Cleartext struct {
	Groups int     `json:"groups"`
	WallS  float64 `json:"wall_s"` // the median of nine
}

// Ways in which a question is asked.
const (
	Align = "align" // the first question of all, which makes the alignment
	First = "first" // with the alignment, and nothing else kept
	Again = "again" // the same once more
	Other = "other" // another measure over the same groups
)
