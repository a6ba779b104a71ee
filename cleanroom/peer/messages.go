package peer

import "parley/agreements"

// Protocol names this version of the node-to-node protocol. It is part of
// every session id, so that two nodes of different versions never mix.
const Protocol = "parley/peer/v1"

// ChunkSize is the size in bytes of every chunk of a message but its last.
const ChunkSize = 4 << 20

// Offer asks another member's node to take part in a run. The other node
// trusts none of it: it compiles the question itself and compares.
type Offer struct {
	Protocol  string            `json:"protocol"`
	Run       string            `json:"run"`       // 32 hex digits, chosen by the asker
	Agreement string            `json:"agreement"` // id
	SQL       string            `json:"sql,omitempty"`
	Analysis  string            `json:"analysis,omitempty"`
	Params    map[string]string `json:"params,omitempty"`
	PlanHash  string            `json:"planHash"` // hex SHA-256
	Nonce     string            `json:"nonce"`    // 64 hex digits
	// Held is the version of the other node's dataset that an answer rests on
	// which the asker has to the very same question, or "".
	Held string `json:"held,omitempty"`
	// Ticket is that of HeadsAnswer: the two logs were compared for this run.
	Ticket string `json:"ticket,omitempty"`
	// Side is the asker's part in a join; nil for a one-owner question.
	Side *Side `json:"side,omitempty"`
}

// Accept is the other node's answer to an Offer it agrees to.
type Accept struct {
	PlanHash string `json:"planHash"`
	Nonce    string `json:"nonce"`
	Side     *Side  `json:"side,omitempty"`
	// Stored says that the answer which the asker holds is the one there is:
	// its dataset version is still in use, so nothing was begun or charged.
	Stored bool `json:"stored,omitempty"`
}

// Side is what one owner tells the other before a join: nothing here depends
// on the question.
type Side struct {
	Dataset string `json:"dataset"`
	Version string `json:"version"`
	Units   int64  `json:"units"`
	// Normaliser is a digest over the normalisation rule and its test
	// vector. Two nodes that normalise differently would find no overlap and
	// not notice.
	Normaliser string `json:"normaliser"`
	// Alignment is the id of a stored alignment of the two versions, or "".
	Alignment string `json:"alignment,omitempty"`
	// Unfinished is the id of an alignment of the two versions that was begun
	// and can be taken up, or "": 32 hex digits.
	Unfinished string `json:"unfinished,omitempty"`
}

// Status is a run's state as the other node may know it.
type Status struct {
	State string `json:"state"`
	// Reason is one of a fixed list of words, never a detail.
	Reason string `json:"reason,omitempty"`
}

// Stored tells the sender of a message what it need not send again.
type Stored struct {
	Chunks int `json:"chunks"` // stored, from the first to before the first gap
}

// Answer is a one-owner question's answer on its way to the receiver.
type Answer struct {
	Result  []byte `json:"result"`  // canonical JSON
	Salt    string `json:"salt"`    // 64 hex digits
	Receipt []byte `json:"receipt"` // DSSE envelope signed by the owner
	Record  Record `json:"record"`  // of the owner's release
}

// Cosign asks the other node to sign a receipt it took part in.
type Cosign struct {
	Receipt []byte `json:"receipt"` // DSSE envelope signed by the asker
}

// Cosigned returns the receipt with the other node's signature added.
type Cosigned struct {
	Receipt []byte `json:"receipt"`
	Record  Record `json:"record"` // of the other node's signature
}

// Contracts are the terms of the datasets that one node offers to another, as
// an agreement would state them.
type Contracts struct {
	Datasets []agreements.Dataset `json:"datasets"`
}

// Problem is the body of every refusal (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}
