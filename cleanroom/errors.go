package cleanroom

import (
	"errors"
	"fmt"
	"strings"
)

// Errors a caller may want to tell apart. Their texts are shown to users of
// this node; what a partner may see is decided in offer.go.
var (
	ErrShortID          = errors.New("an id is given whole or by its first six digits or more, as `parley agreement list` shows it")
	ErrNoAgreement      = errors.New("no such agreement here; `parley agreement list` shows those this node has")
	ErrNotNamed         = errors.New("the agreement does not name this node")
	ErrContractChanged  = errors.New("the data contract is not the one that was signed")
	ErrNoDataset        = errors.New("the dataset is not here yet")
	ErrRulesDiffer      = errors.New("the agreement's rules differ from the data contract")
	ErrReplaced         = errors.New("the dataset was replaced while the run was going on, so nothing is released; ask again")
	ErrWithdrawn        = errors.New("the agreement was withdrawn here")
	ErrPlanDiffers      = errors.New("the two nodes compiled the question to different plans, so neither runs it; both should run the same version of parley")
	ErrLargeDelta       = errors.New("differential privacy needs a delta below one divided by the number of units of the dataset, or it would allow giving away a whole unit")
	ErrTooFewUnits      = errors.New("the dataset is smaller than the smallest set its rules allow, or those of the dataset it is joined with")
	ErrNormaliser       = errors.New("the two nodes normalise the join key differently; both should run the same version of parley")
	ErrBusy             = errors.New("this node has as many runs going on as its configuration allows (maxRuns); try again when one has ended")
	ErrAligning         = errors.New("another run is aligning the same two datasets; ask again when it has ended")
	ErrCancelled        = errors.New("cancelled")
	ErrPeerCancelled    = errors.New("the other node cancelled the run")
	ErrPeerFailed       = errors.New("the run failed at the other node; its own log says why")
	ErrPeerNotInForce   = errors.New("the agreement is no longer in force at the other node (suspended, revoked, replaced or ended), so the run was stopped and nothing is released; `parley agreement history` says what this node knows")
	ErrPeerForgot       = errors.New("the other node no longer knows the run; it was probably restarted. Nothing was released; ask again")
	ErrProtocol         = errors.New("a check of the encrypted join failed, so nothing was released; this node's log says which. Two nodes that follow the protocol do not get here: find out why before asking again")
	ErrTimeout          = errors.New("the run took longer than the configured runTimeout")
	ErrTooClose         = errors.New("the question is too close to an earlier one")
	ErrPeerLimit        = errors.New("the other owner's limits on its data (runs a day, or the privacy budget) allow no more such runs for now; its log says which limit")
	ErrPeerTooClose     = errors.New("the question is too close to an earlier one at the other owner, or some of its own numbers to each other: what they select differs by so few people or things that they could be subtracted from each other. A larger change, or differential privacy, would be allowed")
	ErrNoRun            = errors.New("no such run here")
	ErrSealed           = errors.New("the stored answer of this run cannot be opened: the state file was altered, or the keys are not those it was sealed to")
	errDomain           = errors.New("a column holds a value that its declared domain does not list")
	errStaleAlignment   = errors.New("the stored alignment does not cover the dataset; remove it and run again")
	errNotTakenUp       = errors.New("the unfinished alignment that the other node takes up is not here, or cannot be opened; ask again, and a new one is begun")
	errUnexpectedAnswer = errors.New("the other node answered with something the protocol does not allow")
)

func replaced(dataset string) error { return fmt.Errorf("%w (dataset %q)", ErrReplaced, dataset) }

// short abbreviates a "sha256:…" id for messages.
func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}
