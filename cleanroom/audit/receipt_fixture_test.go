package audit

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"parley/agreements"
)

var members = []string{"agency", "client"}

func hexOf(two string) string { return strings.Repeat(two, 32) }

// fixtureAgreement is under which the receipts of these tests are made.
func fixtureAgreement() *agreements.Agreement {
	dataset := func(name, owner, hash, unit string) agreements.Dataset {
		return agreements.Dataset{Name: name, Owner: owner, ContractHash: "sha256:" + hexOf(hash),
			Rules: agreements.Rules{
				Unit: agreements.Unit{Column: unit, Normalisation: agreements.NormEmail},
				Columns: []agreements.Column{
					{Name: "campaign", Type: agreements.Text, Uses: []agreements.Use{agreements.Dimension}},
				},
				MinGroupSize: 60, MinSetSize: 1000, MaxRowsPerUnit: 100,
			}}
	}
	a := &agreements.Agreement{
		Format: agreements.Format, Title: "Campaign reach", Purpose: "Measure sales by campaign",
		Validity:     agreements.Window{NotBefore: t0.Add(-time.Hour), NotAfter: t0.Add(time.Hour)},
		MinGroupSize: 50, DP: agreements.NoDP(), Receivers: []string{"client"},
		Datasets: []agreements.Dataset{
			dataset("exposures", "agency", "e1", "email"), dataset("orders", "client", "0d", "email"),
		},
		Analyses: []agreements.Analysis{{Name: "reach", SQL: "SELECT campaign, COUNT(DISTINCT email) AS people " +
			"FROM exposures JOIN orders USING (email) GROUP BY campaign"}},
	}
	for i, m := range members {
		a.Members = append(a.Members, agreements.Member{
			Name: m, IdentityKey: base64.StdEncoding.EncodeToString(keyOf(m).Public()),
			TLSFingerprint: hexOf([]string{"a0", "c0"}[i]),
			AgeRecipient:   fixtureRecipients[i],
		})
	}
	return a
}

// fixtureRecipients are well-formed age recipients whose keys nobody has.
var fixtureRecipients = []string{
	"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
	"age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg",
}

func signedAgreement(t testing.TB, a *agreements.Agreement) (envelope []byte, id string) {
	t.Helper()
	e, err := agreements.NewEnvelope(a)
	must(t, err)
	for _, m := range members {
		must(t, e.Sign(m, keyOf(m)))
	}
	envelope, err = e.Bytes()
	must(t, err)
	id, err = a.ID()
	must(t, err)
	return envelope, id
}

const fixtureResult = `{"columns":["campaign","people"],"rows":[["spring <sale>","1204"],["summer",null]]}`

var fixtureSalt = [32]byte{1, 2, 3}

// fixtureReceipt is a complete, right receipt of a join.
func fixtureReceipt(t testing.TB, agreement string) Receipt {
	commitment, err := Commit(fixtureSalt, []byte(fixtureResult))
	must(t, err)
	return Receipt{
		Run: "run-7", Agreement: agreement,
		Question: "SELECT campaign, COUNT(DISTINCT unit) AS people\nFROM exposures JOIN orders USING (email) GROUP BY campaign",
		Analysis: "reach", Parameters: map[string]string{"since": "2030-01-01"},
		PlanHash: "sha256:" + hexOf("aa"), Kind: "join", MinGroupSize: 60, DP: "none",
		Datasets: []ReceiptDataset{
			{"exposures", "agency", "sha256:" + hexOf("11"), "sha256:" + hexOf("e1")},
			{"orders", "client", "sha256:" + hexOf("22"), "sha256:" + hexOf("0d")},
		},
		Parties: []ReceiptParty{
			{"agency", "data provider", []string{}},
			{"client", "data provider, receiver", []string{"For each campaign of at least 60 people: how many bought."}},
		},
		Receiver: "client", Alignment: "al-1", Session: hexOf("5e"), Transcript: hexOf("7a"),
		BytesExchanged: 123456, ResultCommitment: commitment, Withheld: 1,
		Started: t0, Finished: t0.Add(90 * time.Second),
	}
}

// bundleOf signs a receipt by the given members and packs the file.
func bundleOf(t testing.TB, a *agreements.Agreement, r Receipt, signers ...string) Bundle {
	t.Helper()
	agreement, _ := signedAgreement(t, a)
	payload, err := NewReceipt(r)
	must(t, err)
	var envelopes [][]byte
	for _, s := range signers {
		e, err := SignReceipt(payload, keyOf(s))
		must(t, err)
		envelopes = append(envelopes, e)
	}
	merged, err := Merge(envelopes...)
	must(t, err)
	b := Bundle{Format: BundleFormat, Receipt: merged, Agreement: agreement, Result: []byte(fixtureResult),
		Salt: "0102030000000000000000000000000000000000000000000000000000000000", Origin: origin}
	for i, p := range r.Parties {
		b.Records = append(b.Records, recordOf(t, p.Member, payload, r, r.Parties[len(r.Parties)-1-i].Member))
	}
	return b
}

// recordOf is a party's log of three entries with its part in the middle, and
// the record of it with a witness's cosignature.
func recordOf(t testing.TB, member string, payload []byte, r Receipt, witness string) BundleRecord {
	t.Helper()
	l, err := open(newMemory(), keyOf(member), origin)
	must(t, err)
	l.salt = func(b []byte) (int, error) { return copy(b, noSalt[:]), nil }
	fill(t, l, 1)
	e := Entry{Time: t0.Add(2 * time.Second), Actor: r.Receiver, Action: ReleaseAction, Outcome: OK, Agreement: r.Agreement, Run: r.Run,
		Detail: map[string]string{"receiptHash": PayloadHash(payload)}}
	if r.Kind == "join" && member != r.Receiver {
		e.Action = CosignAction
	}
	index, err := l.Append(t.Context(), e)
	must(t, err)
	must(t, func() error { _, err := l.Append(t.Context(), entry(9)); return err }())
	rec, err := l.Record(member, index)
	must(t, err)
	h, err := l.Own()
	must(t, err)
	if witness != member {
		note, err := AddCosignature(h, keyOf(member).Public(), keyOf(witness), t0)
		must(t, err)
		rec.Checkpoint = string(note)
	}
	return rec
}
