package peer

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The specification's examples are accepted as they stand, and its tables
// name every word and the limits in force.
func TestProtocolDocument(t *testing.T) {
	b, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	kinds := map[string]any{"offer": &Offer{}, "accept": &Accept{}, "status": &Status{}, "stored": &Stored{}, "cosign": &Cosign{}, "problem": &Problem{}, "hello": &JoinHello{}, "contracts": &Contracts{},
		"proposal": &Proposal{}, "signed": &Signed{}, "ended": &Ended{}, "noticed": &Noticed{}, "have": &Have{},
		"heads": &Heads{}, "heads-answer": &HeadsAnswer{}, "countersigned": &Countersigned{}}
	examples := regexp.MustCompile("(?s)```json ([\\w-]+)\n(.*?)```").FindAllStringSubmatch(doc, -1)
	if len(examples) != len(kinds) {
		t.Fatalf("%d examples", len(examples))
	}
	for _, e := range examples {
		if err := strictJSON([]byte(e[2]), kinds[e[1]]); err != nil {
			t.Errorf("example %s: %v", e[1], err)
		}
	}
	o, p := kinds["offer"].(*Offer), kinds["problem"].(*Problem)
	if o.Protocol != Protocol || !runPattern.MatchString(o.Run) || !digestPattern.MatchString(o.PlanHash) || !digestPattern.MatchString(o.Nonce) {
		t.Error("the example offer would be refused")
	}
	if p.Detail != sentences[p.Title] || !IsProblem(p, RefusedPlan) {
		t.Error("the example problem is not one of ours")
	}
	for _, item := range kinds["have"].(*Have).Items {
		if !isItem(item) {
			t.Errorf("%s would be refused", item)
		}
	}
	if !kinds["heads"].(*Heads).fits() || !kinds["heads-answer"].(*HeadsAnswer).fits() || !checkpointFits(kinds["countersigned"].(*Countersigned).Checkpoint) {
		t.Error("an example of records would be refused")
	}
	for word := range sentences {
		if !strings.Contains(doc, "| `"+word+"` |") {
			t.Errorf("the word %s is missing", word)
		}
	}
	for _, want := range []string{
		fmt.Sprintf("| a call with an agreement | 1,%03d KiB;", maxAgreementCall>>10-1000),
		headsPath, countersignedPath, fmt.Sprintf("at most %d KiB under", maxCheckpoint>>10), fmt.Sprintf("at most %d hashes of 32 bytes", maxHashes),
		PathProposal, PathEnd, PathSigned, PathNotice, pathHave,
		fmt.Sprintf("| connections in their handshake | %d, %d s each;", defaultDoor.pending, int(defaultDoor.handshake.Seconds())),
		fmt.Sprintf("| connections of known keys | %d, of one key %d |", defaultDoor.seated, defaultDoor.perKey),
		fmt.Sprintf("| reverse connections of one key | %d are kept |", reversePerKey),
		fmt.Sprintf("| joining | %d KiB a message, %d s in all,", maxJoin>>10, int(joinTime.Seconds())), JoinProtocol, ReverseProtocol,
		fmt.Sprintf("| streams of a connection | %d |", maxStreams),
		fmt.Sprintf("worked on at once | %d, and %d chunks;", callsPerKey, chunksPerKey),
		fmt.Sprintf("| JSON answer | %d MiB; a one-owner answer %d MiB |", maxSmall>>20, maxAnswer>>20),
		fmt.Sprintf("| chunk | %d MiB |", ChunkSize>>20), fmt.Sprintf("| JSON request | %d MiB |", maxJSON>>20),
		fmt.Sprintf("| request header | %d KiB |", maxHeader>>10), fmt.Sprintf("(for the last %d runs)", keepEnded),
		fmt.Sprintf("| one call | %d min; of a chunk, for every %d KiB |", int(callTime.Minutes()), piece>>10),
		digestHeader, runPattern.String()[1:10], fmt.Sprintf("up to %d KiB (%d MiB in all)", inMemory>>10, maxInMemory>>20),
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("the document does not say %q", want)
		}
	}
}
