package peer

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

const problemType = "urn:parley:problem:"

// Fixed words a node may tell its partner about a failure. They say which
// part failed, never why in terms of data.
const (
	RefusedAgreement  = "agreement"  // not in force here, or does not name the caller
	RefusedQuestion   = "question"   // this node's own check refused it
	RefusedPlan       = "plan"       // plan hashes differ
	RefusedDataset    = "dataset"    // contract or version does not match
	RefusedNormaliser = "normaliser" // join keys would be normalised differently
	RefusedBusy       = "busy"       // too many runs
	RefusedAligning   = "aligning"   // another run is aligning the same two datasets
	RefusedLimit      = "limit"      // runs a day, or a budget
	RefusedClose      = "too-close"  // to an earlier question
	RefusedApproval   = "approval"   // a person there has to approve the run first
	RefusedDenied     = "denied"     // a person there has not approved it
	RefusedUnknown    = "unknown"    // no such run, or not the caller's
	RefusedReceipt    = "receipt"    // it does not say what this node saw
	RefusedProtocol   = "protocol"   // another version of this protocol
	RefusedMalformed  = "malformed"  // not a request of this protocol
	RefusedDigest     = "digest"     // a chunk's bytes and digest differ
	RefusedChanged    = "changed"    // a chunk came before with other bytes
	RefusedSpool      = "spool"      // no room for more unread chunks
	RefusedDraft      = "draft"      // a proposal, signature or notice that cannot be taken
	RefusedRoom       = "room"       // the caller has laid too much on the table here
	RefusedOver       = "over"       // the negotiation or the agreement has ended
	RefusedOrder      = "order"      // something that comes before it is not here yet
	RefusedEnded      = "ended"      // the run ended without an answer
	RefusedRecords    = "records"    // the two audit logs were not compared, or do not fit
	RefusedPartner    = "partner"    // not a confirmed partner, nor a member of an agreement in force
	Failed            = "failed"     // everything else
)

// sentences are what a person is told for each word. They are chosen here, by
// the node that shows them: text written by a partner's node never reaches a
// terminal, a log or a page.
var sentences = map[string]string{
	RefusedAgreement:  "the other node has no agreement in force that lets this node ask",
	RefusedQuestion:   "the other node's own check refused the question; its log says why",
	RefusedPlan:       "the two nodes compiled the question to different plans, so neither runs it; both should run the same version of parley",
	RefusedDataset:    "the other node's dataset is not the one that was signed for, or is too small; its owner knows which",
	RefusedNormaliser: "the two nodes normalise the join key differently; both should run the same version of parley",
	RefusedBusy:       "the other node has as many runs going on as it allows; try again later",
	RefusedAligning:   "the other node is aligning the same two datasets for another run; ask again when that run has ended",
	RefusedLimit:      "the other owner's limits on its data (runs a day, or the privacy budget) allow no more such runs for now; its log says which limit",
	RefusedClose:      "the question is too close to an earlier one at the other owner, or some of its own numbers to each other: what they select differs by so few people or things that they could be subtracted from each other. A larger change, or differential privacy, would be allowed",
	RefusedApproval:   "the other owner approves every run of its data; the question waits there for a person's decision",
	RefusedDenied:     "the other owner did not approve the run; ask its people why",
	RefusedUnknown:    "the other node does not know this run",
	RefusedReceipt:    "the receipt does not say what the other node saw, so it does not sign it",
	RefusedProtocol:   "the nodes speak different protocol versions; this one speaks " + Protocol,
	RefusedMalformed:  "the other node finds that this request is not of its version of the protocol",
	RefusedDigest:     "a chunk arrived at the other node with other bytes than were sent",
	RefusedChanged:    "the same chunk came to the other node twice with different bytes",
	RefusedSpool:      "the other node's spool is full",
	RefusedRecords:    "the other node holds that this node's audit log is not a continuation of the one that it countersigned, or its own is in doubt; it runs nothing until people there have decided. `parley audit exchange` here says what is found",
	RefusedPartner:    "the other node has not confirmed this node as a partner, and no agreement in force there names it",
	RefusedDraft:      "the other node cannot take this proposal, signature or notice; its own log says why",
	RefusedRoom:       "as many proposals of this node lie at the other node as it takes; end some, or propose again tomorrow",
	RefusedOver:       "the negotiation or the agreement has ended at the other node",
	RefusedOrder:      "something that comes before it has not arrived at the other node yet",
	RefusedEnded:      "the run ended without an answer at the other node; its own log says why",
	Failed:            "the other node could not do this; its own log says why",
}

// Error makes a Problem an error.
func (p *Problem) Error() string {
	if p.Detail != "" {
		return p.Detail
	}
	return p.Title
}

// Refuse makes a Problem that the other node may see.
func Refuse(status int, typ, detail string) *Problem {
	return &Problem{Type: problemType + typ, Title: typ, Status: status, Detail: detail}
}

// IsProblem reports whether the other node answered with the given type.
func IsProblem(err error, typ string) bool {
	var p *Problem
	return errors.As(err, &p) && p.Type == problemType+typ
}

// refuse is Refuse with the word's own sentence.
func refuse(status int, word string) *Problem { return Refuse(status, word, sentences[word]) }

// refusal reads a Problem of the other node. Its type chooses one of our own
// sentences; a type we do not know is Failed; the rest is dropped.
func refusal(b []byte, status int) error {
	var p Problem
	word := Failed
	if json.Unmarshal(b, &p) == nil {
		if w := strings.TrimPrefix(p.Type, problemType); sentences[w] != "" {
			word = w
		}
	}
	if word == Failed && status == http.StatusConflict {
		return Refuse(status, Failed, sentences[RefusedEnded]) // the answer's way of saying so
	}
	return refuse(status, word)
}
