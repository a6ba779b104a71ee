package audit

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// Entry is one decision. It has no place for a data value: every field is a
// name, and Detail takes only the keys of DetailKeys, each with its own shape.
type Entry struct {
	Time      time.Time         // of the decision; kept to the nanosecond, UTC
	Actor     string            // the member, or local user, who asked
	Action    string            // such as "run.release"; lower-case words joined by dots
	Outcome   string            // OK, Refused or Failed
	Agreement string            // id, if there is one
	Run       string            // id, if there is one
	Dataset   string            // name, if there is one
	Detail    map[string]string // see DetailKeys
}

// Outcomes of a decision.
const (
	OK      = "ok"
	Refused = "refused"
	Failed  = "failed"
)

// ErrEntry is returned (wrapped) for an entry that breaks the rules. Nothing
// was written and the log stays usable.
var ErrEntry = errors.New("not a valid audit entry")

const (
	maxText  = 256
	maxEntry = 16 << 10 // bytes of a line, without its newline
)

// DetailKey is one permitted key of Entry.Detail.
type DetailKey struct {
	Key   string
	Shape string // hash, member, name, number, rational or time
	Doc   string
}

// DetailKeys lists what a detail may say, all of it about the question and
// the machinery and none of it about the data. SQL is not among them, because
// a filter can hold somebody's id; its hash is.
func DetailKeys() []DetailKey {
	return []DetailKey{
		{"alignment", "name", "alignment id"},
		{"analysis", "name", "approved analysis asked for"},
		{"anchor", "number", "number of a change of the state file, see package anchor"},
		{"bytesIn", "number", "bytes received from the peer"},
		{"bytesOut", "number", "bytes sent to the peer"},
		{"caller", "name", "the person of this organisation who called"},
		{"charge", "number", "number of a charge in the ledger of budgets"},
		{"clockBehind", "number", "nanoseconds by which the clock read earlier than the entry before"},
		{"code", "name", "refusal or error code, from the code's fixed lists"},
		{"contractHash", "hash", "hash of a data contract"},
		{"delta", "rational", "delta charged"},
		{"epsilon", "rational", "epsilon charged"},
		{"fingerprint", "hash", "fingerprint of a node's TLS key"},
		{"invitation", "name", "id of an invitation; not its secret"},
		{"head", "hash", "root of a partner's log, as countersigned"},
		{"kind", "name", "kind of plan: one-owner or join"},
		{"ledger", "hash", "hash over the ledger up to and with the charge"},
		{"minGroupSize", "number", "threshold in force"},
		{"negotiation", "name", "id of a negotiation"},
		{"peer", "member", "the other member"},
		{"peerHash", "hash", "the hash a peer claimed, where it differs"},
		{"person", "name", "the person of this organisation whom it is about"},
		{"planHash", "hash", "hash of the plan"},
		{"predecessor", "hash", "the agreement whose place this one takes"},
		{"questionHash", "hash", "hash of the question as asked"},
		{"receiptHash", "hash", "hash of the receipt's payload"},
		{"receiver", "member", "member the answer was released to"},
		{"released", "number", "groups released; never of a single group's size"},
		{"resultCommitment", "hash", "salted commitment to the answer"},
		{"rho", "rational", "zCDP rho charged"},
		{"roles", "name", "roles a person was given, joined by /"},
		{"rows", "hash", "hash over all rows of the state file when the node stopped"},
		{"sequence", "number", "number of a notice, or of a version in a negotiation"},
		{"size", "number", "entries of a partner's log, as countersigned"},
		{"slip", "rational", "probability charged that an answer is other than by its noise alone"},
		{"session", "hash", "session id"},
		{"spent", "name", "what a charge is for: run or alignment"},
		{"stage", "name", "step of the run"},
		{"state", "hash", "hash over the changes of the state file up to and with this one"},
		{"template", "name", "agreement template and its version"},
		{"templateHash", "hash", "hash of the template"},
		{"token", "name", "id of a session or token; never the token itself"},
		{"transcript", "hash", "hash over a session's messages"},
		{"until", "time", "end of a period, RFC 3339"},
		{"version", "hash", "dataset version"},
		{"withheld", "number", "cells withheld, as the receiver is told"},
	}
}

// shapes maps a detail key to its shape; it is never written to again.
var shapes = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, k := range DetailKeys() {
		m[k.Key] = k.Shape
	}
	return m
})

var (
	actionPattern   = regexp.MustCompile(`^[a-z][a-z-]*(\.[a-z][a-z-]*)*$`)
	hashPattern     = regexp.MustCompile(`^(sha256:)?[0-9a-f]{64}$`)
	memberPattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$`) // as in agreements
	namePattern     = regexp.MustCompile(`^[A-Za-z0-9._:/-]{1,128}$`)
	rationalPattern = regexp.MustCompile(`^[0-9]{1,500}([./][0-9]{1,500})?$`)
	saltPattern     = regexp.MustCompile(`^[0-9a-f]{32}$`)
	numberPattern   = regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`)
)

func fits(shape, value string) bool {
	switch shape {
	case "hash":
		return hashPattern.MatchString(value)
	case "member":
		return memberPattern.MatchString(value)
	case "name":
		return namePattern.MatchString(value)
	case "number":
		return numberPattern.MatchString(value)
	case "rational":
		return rationalPattern.MatchString(value)
	case "time":
		_, err := time.Parse(time.RFC3339, value)
		return err == nil
	}
	return false
}

// check names the field that breaks the rules and never repeats its value.
func (e *Entry) check() error {
	if e.Time.IsZero() || e.Time.Year() < 1970 || e.Time.Year() > 9999 {
		return fmt.Errorf("%w: time is missing or out of range", ErrEntry)
	}
	if len(e.Action) > maxText || !actionPattern.MatchString(e.Action) {
		return fmt.Errorf("%w: action is not lower-case words joined by dots", ErrEntry)
	}
	if e.Outcome != OK && e.Outcome != Refused && e.Outcome != Failed {
		return fmt.Errorf("%w: outcome is not ok, refused or failed", ErrEntry)
	}
	for _, f := range [][2]string{{"actor", e.Actor}, {"agreement", e.Agreement}, {"run", e.Run}, {"dataset", e.Dataset}} {
		if !plain(f[1]) {
			return fmt.Errorf("%w: %s is too long or holds control characters", ErrEntry, f[0])
		}
	}
	if e.Actor == "" {
		return fmt.Errorf("%w: actor is missing", ErrEntry)
	}
	for k, v := range e.Detail {
		switch shape := shapes()[k]; {
		case shape == "":
			return fmt.Errorf("%w: a detail has a key that is not in the list", ErrEntry)
		case !fits(shape, v):
			return fmt.Errorf("%w: detail %s is not a %s", ErrEntry, k, shape)
		}
	}
	return nil
}

// Check reports whether Append would take the entry as it is.
func (e *Entry) Check() error { return e.check() }

func plain(s string) bool {
	if len(s) > maxText || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// record is an entry as it stands in the file. The salt keeps whoever is given
// the hash of an entry, as a neighbour in a proof, from trying out what it says.
type record struct {
	Index     int64             `json:"index"`
	Salt      string            `json:"salt"`
	Time      time.Time         `json:"time"`
	Actor     string            `json:"actor"`
	Action    string            `json:"action"`
	Outcome   string            `json:"outcome"`
	Agreement string            `json:"agreement,omitempty"`
	Run       string            `json:"run,omitempty"`
	Dataset   string            `json:"dataset,omitempty"`
	Detail    map[string]string `json:"detail,omitempty"`
}

// encode returns the entry's line, without newline.
func encode(index int64, e Entry, salt [16]byte) ([]byte, error) {
	b, err := json.Marshal(record{index, hex.EncodeToString(salt[:]), e.Time.UTC(), e.Actor, e.Action, e.Outcome, e.Agreement, e.Run, e.Dataset, e.Detail})
	if err == nil && len(b) > maxEntry {
		err = fmt.Errorf("%w: longer than %d bytes", ErrEntry, maxEntry)
	}
	return b, err
}

// decode reads a line back. Its errors do not quote the line.
func decode(line []byte) (int64, Entry, error) {
	var r record
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil || d.More() {
		return 0, Entry{}, fmt.Errorf("%w: not the JSON of one entry", ErrEntry)
	}
	if !saltPattern.MatchString(r.Salt) {
		return 0, Entry{}, fmt.Errorf("%w: salt is not 32 hex digits", ErrEntry)
	}
	e := Entry{r.Time, r.Actor, r.Action, r.Outcome, r.Agreement, r.Run, r.Dataset, r.Detail}
	return r.Index, e, e.check()
}
