package templates

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"parley/agreements"
)

// sampleRecipient is a public age key whose private one nobody keeps.
const sampleRecipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

// Sample fills the template with stand-ins: a member for each party, a dataset
// for each role, whose tables and columns are called like the roles. It is
// for checking and showing a template, and no node would sign it. member names
// a party; nil: by the party's own name.
func (t *Template) Sample(member func(*Party) string) (*agreements.Agreement, error) {
	if member == nil {
		member = func(p *Party) string { return "Sample-" + p.Name }
	}
	f := Filling{Title: t.Title, Values: map[string]string{}, NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i := range t.Parties {
		p := &t.Parties[i]
		f.Members = append(f.Members, sampleMember(member(p)))
		f.Values[p.Name] = member(p)
	}
	for i := range t.Blanks {
		f.Values[t.Blanks[i].Name] = t.Blanks[i].sample(f.Members)
	}
	for i := range t.Datasets {
		if p := t.party(t.Datasets[i].Owner); p != nil {
			f.Datasets = append(f.Datasets, t.Datasets[i].sample(member(p)))
		}
	}
	return t.Fill(f)
}

func sampleMember(name string) agreements.Member {
	seed := sha256.Sum256([]byte("parley sample member " + name))
	key := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	tls := sha256.Sum256(key)
	return agreements.Member{Name: name, IdentityKey: base64.StdEncoding.EncodeToString(key),
		TLSFingerprint: hex.EncodeToString(tls[:]), AgeRecipient: sampleRecipient}
}

// sample is a value of the blank's type.
func (b *Blank) sample(members []agreements.Member) string {
	for _, v := range []string{b.Default, b.Example} {
		if v != "" {
			return v
		}
	}
	switch b.Type {
	case agreements.TermParty:
		if len(members) > 0 {
			return members[0].Name
		}
	case agreements.TermDate:
		return "2026-01-01"
	case agreements.TermDays:
		return "30"
	case agreements.TermCountry:
		return "Utopia"
	case agreements.TermEmail:
		return "privacy@example.org"
	}
	return "to be agreed"
}

func (d *Dataset) sample(owner string) agreements.Dataset {
	out := agreements.Dataset{Name: d.Name, Owner: owner, ContractHash: "sha256:" + strings.Repeat("0", 64),
		Rules: agreements.Rules{Unit: agreements.Unit{Column: d.Unit, Normalisation: agreements.NormExact}, MaxRowsPerUnit: 10}}
	for _, c := range d.Columns {
		col := agreements.Column{Name: c.Name, Uses: c.Uses}
		switch c.Type {
		case NumberColumn:
			col.Type, col.Scale, col.Min, col.Max = agreements.Decimal, 2, "0.00", "1000.00"
		case DateColumn:
			col.Type, col.Min, col.Max = agreements.Date, "2026-01-01", "2026-03-31"
		case BoolColumn:
			col.Type = agreements.Boolean
		default:
			// Values that are known beforehand stand for a contract that lists
			// them; some questions need that.
			col.Type = agreements.Text
			if col.Allows(agreements.Dimension) {
				col.Domain = []string{"a", "b"}
			}
		}
		out.Rules.Columns = append(out.Rules.Columns, col)
	}
	return out
}

// SampleParameters gives every parameter of an analysis a value of its type.
func SampleParameters(a *agreements.Analysis) map[string]string {
	out := map[string]string{}
	for i := range a.Parameters {
		q := &a.Parameters[i]
		switch {
		case q.Default != "":
		case len(q.Values) > 0:
			out[q.Name] = q.Values[0]
		case q.Min != "":
			out[q.Name] = q.Min
		case q.Max != "":
			out[q.Name] = q.Max
		default:
			out[q.Name] = map[agreements.Type]string{agreements.Text: "a", agreements.Integer: "1", agreements.Decimal: "1.0",
				agreements.Date: "2026-01-15", agreements.Boolean: "true"}[q.Item()]
		}
	}
	return out
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
