package agreements

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// parts takes an envelope apart without this package's code.
func parts(t testing.TB, b []byte) dsse.Envelope {
	t.Helper()
	var e dsse.Envelope
	must(t, json.Unmarshal(b, &e))
	return e
}

func packed(t testing.TB, e dsse.Envelope) []byte {
	t.Helper()
	b, err := json.Marshal(e)
	must(t, err)
	return b
}

func payloadText(t testing.TB, e dsse.Envelope) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(e.Payload)
	must(t, err)
	return string(b)
}

// wants checks an error's kind and its whole text.
func wants(t *testing.T, name string, err, kind error, text string) {
	t.Helper()
	if !errors.Is(err, kind) || err.Error() != text {
		t.Errorf("%s: %v\nwant %s", name, err, text)
	}
}

func verifyBytes(b []byte) (*Envelope, error) {
	e, err := Open(b)
	if err != nil {
		return nil, err
	}
	return e, e.Verify()
}

func TestSigningStepByStep(t *testing.T) {
	e := unsigned(t, edited(t))
	if got := strings.Join(e.Missing(), " "); got != "agency client" {
		t.Errorf("missing %q", got)
	}
	wants(t, "unsigned", e.Verify(), ErrNotFullySigned,
		"the agreement is not signed by every member yet: agency, client must still sign")
	must(t, e.Sign("client", client))
	must(t, e.Sign("client", client)) // again: no change
	wants(t, "half signed", e.Verify(), ErrNotFullySigned,
		"the agreement is not signed by every member yet: agency must still sign")
	for _, c := range []struct {
		member string
		by     key
		want   string
	}{
		{"auditor", keyOf(9), "the agreement does not name auditor"},
		{"agency", client, "the agreement gives agency another identity key than this node's"},
		{"Agency", agency, "the agreement does not name Agency"},
	} {
		if err := e.Sign(c.member, c.by); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.member, err, c.want)
		}
	}
	must(t, e.Sign("agency", agency))
	must(t, e.Verify())
	if e.Missing() != nil {
		t.Errorf("missing %q", e.Missing())
	}
}

// broken is a signer with the right key that returns another message's
// signature, as a misconfigured key server would.
type broken struct{ key }

func (b broken) Sign([]byte) ([]byte, error) { return b.key.Sign([]byte("another message")) }

func TestSignChecksItsSigner(t *testing.T) {
	e := unsigned(t, edited(t))
	err := e.Sign("agency", broken{agency})
	if err == nil || err.Error() != "sign the agreement: the signer returned a signature that does not verify" {
		t.Error(err)
	}
	if len(e.Missing()) != 2 {
		t.Error("the bad signature was kept")
	}
	_, b := signed(t)
	p := parts(t, b)
	p.Signatures[0].Sig = b64(make([]byte, 64))
	e, err = Open(packed(t, p))
	must(t, err)
	wants(t, "signing over a forged signature", e.Sign("agency", agency), ErrTampered,
		"the agreement was changed after it was signed: the signature of agency does not match")
}

func TestInForce(t *testing.T) {
	e, _ := signed(t)
	begin, end := e.Agreement().Validity.NotBefore, e.Agreement().Validity.NotAfter
	wants(t, "before", e.InForce(begin.Add(-1)), ErrNotYetInForce, "the agreement is not in force yet: it begins on 2026-01-01T00:00:00Z")
	wants(t, "at the end", e.InForce(end), ErrExpired, "the agreement has ended: it ended on 2027-01-01T00:00:00Z")
	for _, now := range []time.Time{begin, end.Add(-1)} {
		if err := e.InForce(now); err != nil {
			t.Error(err)
		}
	}
}

// R50: signatures are of one agreement's bytes and serve no other version.
func TestSignaturesServeNoOtherVersion(t *testing.T) {
	old, b := signed(t)
	later := unsigned(t, edited(t, "minGroupSize: 50", "minGroupSize: 10"))
	if idOf(t, old) == idOf(t, later) {
		t.Fatal("two versions have one id")
	}
	if err := later.Merge(old); err == nil || err.Error() != "the two files hold different agreements" {
		t.Error(err)
	}
	later.sigs = old.sigs
	wants(t, "signatures moved", later.Verify(), ErrTampered,
		"the agreement was changed after it was signed: the signature of agency does not match")
	moved := parts(t, b)
	moved.Payload = base64.StdEncoding.EncodeToString(later.payload)
	_, err := verifyBytes(packed(t, moved))
	wants(t, "payload exchanged", err, ErrTampered,
		"the agreement was changed after it was signed: the signature of agency does not match")
}

// A signature over the bare payload, or for another payload type, is none.
func TestSignatureIsOverTheEncoding(t *testing.T) {
	e, _ := signed(t)
	for name, message := range map[string][]byte{
		"bare payload": e.payload, "another type": dsse.PAE("application/json", e.payload),
	} {
		sig, err := agency.Sign(message)
		must(t, err)
		_, b := signed(t)
		p := parts(t, b)
		p.Signatures[0].Sig = b64(sig)
		if _, err := verifyBytes(packed(t, p)); !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
	want := "DSSEv1 28 application/vnd.in-toto+json "
	if got := string(e.message()); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, string(e.payload)) {
		t.Errorf("the message begins %q", got[:60])
	}
}

// R51: one agreement has one payload.
func TestPayloadHasOneSpelling(t *testing.T) {
	_, b := signed(t)
	text := payloadText(t, parts(t, b))
	notCanonical := "this is not a Parley agreement: it is not in canonical form"
	for _, c := range []struct{ name, from, to, want string }{
		{"duplicate key", `"dp":"none"`, `"dp":"none","dp":"none"`, notCanonical},
		{"duplicate key, first other", `"minGroupSize":50`, `"minGroupSize":10,"minGroupSize":50`, notCanonical},
		{"key in capitals", `"dp":"none"`, `"DP":"none"`, notCanonical},
		{"Unicode look-alike of a key", `"dp":"none"`, `"dp":"none","receiver\u017f":["agency"]`, notCanonical},
		{"extra field", `"dp":"none"`, `"dp":"none","epsilon":9`, notCanonical},
		{"space", `"dp":"none"`, `"dp": "none"`, notCanonical},
		{"escape", `"dp":"none"`, `"dp":"non\u0065"`, notCanonical},
		{"order", `"_type":"https://in-toto.io/Statement/v1","predicate"`, `"predicate"`, "this is not a Parley agreement: the payload is not a statement of one"},
		{"number as a fraction", `"minGroupSize":50`, `"minGroupSize":50.0`, "this is not a Parley agreement: the payload is not a statement of one"},
		{"number with an exponent", `"minGroupSize":50`, `"minGroupSize":5e1`, "this is not a Parley agreement: the payload is not a statement of one"},
		{"written-out default", `"owner":"agency"`, `"owner":"agency","region":""`, notCanonical},
		{"null for false", `"adHoc":true,"analyses"`, `"adHoc":null,"analyses"`, notCanonical},
		{"time in another zone", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", notCanonical},
		{"time in fractions", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0Z", notCanonical},
		{"subject", `"sha256":"1c`, `"sha256":"1d`, notCanonical},
		{"another statement", "urn:parley:agreement:v1", "urn:parley:agreement:v2", "this is not a Parley agreement: the payload is not a statement of one"},
		{"a value that is not allowed", `"dp":"none"`, `"dp":"no"`, "this is not a Parley agreement: the payload is not a statement of one"},
		{"dp of empty fields", `"dp":"none"`, `"dp":{"budgetDelta":"","budgetEpsilon":"","delta":"","epsilon":""}`, "this is not a Parley agreement: the payload is not a statement of one"},
		{"dp that is null", `"dp":"none"`, `"dp":null`, `this is not a Parley agreement that this version accepts: dp: this field is required; "none" is the threshold alone`},
		{"dp with a number", `"dp":"none"`, `"dp":{"budgetDelta":"0.1","budgetEpsilon":"1","delta":"0.1","epsilon":1}`, "this is not a Parley agreement: the payload is not a statement of one"},
		{"dp with a key twice", `"epsilon":"0.5"`, `"epsilon":"9","epsilon":"0.5"`, notCanonical},
		{"dp with a key in capitals", `"epsilon":"0.5"`, `"Epsilon":"0.5"`, notCanonical},
		{"a value that breaks a limit", `"epsilon":"0.5"`, `"epsilon":"50"`, "this is not a Parley agreement that this version accepts: datasets[1].rules.dp.epsilon: must be above 0 and at most 20"},
		{"escape in a name", `"title":"Sales by campaign"`, `"title":"\u001b[2J"`, "this is not a Parley agreement that this version accepts: title: holds a character that cannot be shown"},
		{"trailing text", `"name":"agreement"}]}`, `"name":"agreement"}]} {}`, "this is not a Parley agreement: the payload is not a statement of one"},
	} {
		p := parts(t, b)
		p.Payload = b64([]byte(replaced(t, text, c.from, c.to)))
		_, err := Open(packed(t, p))
		wants(t, c.name, err, ErrMalformed, c.want)
	}
}

func TestNoColumnsHaveOneSpelling(t *testing.T) {
	a := edited(t)
	a.Datasets[0].Rules.Columns = nil
	b := edited(t)
	b.Datasets[0].Rules.Columns = []Column{}
	if idOf(t, unsigned(t, a)) != idOf(t, unsigned(t, b)) {
		t.Error("null and [] are two agreements")
	}
	if a.Datasets[0].Rules.Columns != nil {
		t.Error("Canonical changed its argument")
	}
	p := parts(t, []byte(`{}`))
	text := strings.Replace(string(unsigned(t, a).payload), `"columns":[]`, `"columns":null`, 1)
	p.Payload, p.PayloadType, p.Signatures = b64([]byte(text)), payloadType, []dsse.Signature{}
	_, err := Open(packed(t, p))
	wants(t, "null", err, ErrMalformed, "this is not a Parley agreement: it is not in canonical form")
}

// The envelope around the payload: spacing and order are free, all else is not.
func TestEnvelopeForm(t *testing.T) {
	first, b := signed(t)
	var loose bytes.Buffer
	must(t, json.Indent(&loose, b, " ", "\t"))
	turned := parts(t, b)
	turned.Signatures[0], turned.Signatures[1] = turned.Signatures[1], turned.Signatures[0]
	for name, same := range map[string][]byte{"other spacing": loose.Bytes(), "signatures turned round": packed(t, turned),
		"escapes": bytes.Replace(b, []byte("application/vnd"), []byte(`application\/\u0076nd`), 1)} {
		e, err := verifyBytes(same)
		if err != nil || idOf(t, e) != idOf(t, first) {
			t.Errorf("%s: %v", name, err)
		}
	}
	const shape = "this is not a Parley agreement: it is not JSON of an envelope"
	const spelt = "this is not a Parley agreement: it has missing, duplicate or misspelt keys"
	for _, c := range []struct{ name, from, to, want string }{
		{"empty", string(b), "", shape},
		{"a list", string(b), "[]", shape},
		{"null", string(b), "null", spelt},
		{"trailing brace", `"}]}`, `"}]}}`, shape},
		{"unknown key", `{"payload"`, `{"note":1,"payload"`, shape},
		{"unknown key in a signature", `{"keyid"`, `{"cert":"","keyid"`, shape},
		{"duplicate key", `{"payload"`, `{"payload":"","payload"`, spelt},
		{"key in capitals", `"payloadType"`, `"PayloadType"`, spelt},
		{"no signatures", `,"signatures":`, `,"signatures":null,"signatures":`, spelt},
		{"another type", "in-toto+json", "in-toto+jsom", "this is not a Parley agreement: the payload is of another type"},
		{"line end in the payload", `"payload":"eyJf`, `"payload":"ey\nJf`, "this is not a Parley agreement: the payload is not base64"},
		{"too large", "{", strings.Repeat(" ", MaxSize) + "{", "this is not a Parley agreement: it is larger than 1048576 bytes"},
	} {
		_, err := Open([]byte(replaced(t, string(b), c.from, c.to)))
		wants(t, c.name, err, ErrMalformed, c.want)
	}
	p := parts(t, b)
	p.Signatures = nil
	_, err := Open(packed(t, p))
	wants(t, "null signatures", err, ErrMalformed, "this is not a Parley agreement: it has no list of signatures, or more than members")
}

func TestSignatureList(t *testing.T) {
	_, b := signed(t)
	const tampered = "the agreement was changed after it was signed: "
	stranger := keyOf(7)
	sig := func(k key) dsse.Signature {
		e, _ := signed(t)
		s, _ := k.Sign(e.message())
		return dsse.Signature{KeyID: KeyID(k.Public()), Sig: b64(s)}
	}
	for _, c := range []struct {
		name   string
		change func(*dsse.Envelope)
		kind   error
		want   string
	}{
		{"extra", func(p *dsse.Envelope) { p.Signatures = append(p.Signatures, sig(stranger)) }, ErrMalformed,
			"this is not a Parley agreement: it has no list of signatures, or more than members"},
		{"a stranger's", func(p *dsse.Envelope) { p.Signatures[1] = sig(stranger) }, ErrTampered,
			tampered + "a signature is by a key that is no member's"},
		{"twice", func(p *dsse.Envelope) { p.Signatures[1] = p.Signatures[0] }, ErrTampered, tampered + "agency has two signatures"},
		{"under the other's key id", func(p *dsse.Envelope) { p.Signatures[1].Sig = p.Signatures[0].Sig }, ErrTampered,
			tampered + "the signature of client does not match"},
		{"key id in capitals", func(p *dsse.Envelope) { p.Signatures[1].KeyID = strings.ToUpper(p.Signatures[1].KeyID) }, ErrTampered,
			tampered + "a signature is by a key that is no member's"},
		{"no key id", func(p *dsse.Envelope) { p.Signatures[1].KeyID = "" }, ErrTampered, tampered + "a signature is by a key that is no member's"},
		{"empty", func(p *dsse.Envelope) { p.Signatures[1].Sig = "" }, ErrTampered, tampered + "the signature of client does not match"},
		{"with a line end", func(p *dsse.Envelope) { p.Signatures[1].Sig += "\n" }, ErrTampered, tampered + "the signature of client does not match"},
		{"longer", func(p *dsse.Envelope) { p.Signatures[1].Sig = b64(make([]byte, 65)) }, ErrTampered, tampered + "the signature of client does not match"},
		{"bad, and one missing", func(p *dsse.Envelope) {
			p.Signatures = p.Signatures[:1]
			p.Signatures[0].Sig = b64(make([]byte, 64))
		}, ErrTampered, tampered + "the signature of agency does not match"},
		{"one missing", func(p *dsse.Envelope) { p.Signatures = p.Signatures[1:] }, ErrNotFullySigned,
			"the agreement is not signed by every member yet: agency must still sign"},
	} {
		p := parts(t, b)
		c.change(&p)
		_, err := verifyBytes(packed(t, p))
		wants(t, c.name, err, c.kind, c.want)
	}
}

func TestMerge(t *testing.T) {
	a, b := unsigned(t, edited(t)), unsigned(t, edited(t))
	must(t, a.Sign("agency", agency))
	must(t, b.Sign("client", client))
	must(t, a.Merge(b))
	must(t, a.Merge(b)) // again: no change
	must(t, a.Verify())
	// Nothing is taken from a file of which something is refused.
	c := unsigned(t, edited(t))
	must(t, c.Sign("agency", agency))
	_, whole := signed(t)
	p := parts(t, whole)
	p.Signatures[0], p.Signatures[1] = p.Signatures[1], p.Signatures[0]
	p.Signatures[1].Sig = b64(make([]byte, 64))
	forged, err := Open(packed(t, p))
	must(t, err)
	wants(t, "another signature", c.Merge(forged), ErrTampered,
		"the agreement was changed after it was signed: the two files hold different signatures of agency")
	if got := strings.Join(c.Missing(), " "); got != "client" {
		t.Errorf("after a refused merge %q is missing", got)
	}
}

// Every byte of a signed envelope, one bit flipped: refused, or the same
// agreement by the same signers.
func TestEveryFlipIsSeen(t *testing.T) {
	first, b := signed(t)
	id, same := idOf(t, first), 0
	for i := range b {
		for k, mask := range []byte{1 << (i % 8), 0x20, 0xff} {
			if k > 0 && i%16 != 0 {
				continue // one flip of every byte, three of some
			}
			changed := bytes.Clone(b)
			changed[i] ^= mask
			e, err := verifyBytes(changed)
			switch {
			case err == nil && (idOf(t, e) != id || e.Missing() != nil || !bytes.Equal(e.payload, first.payload)):
				t.Fatalf("byte %d with %#x: another agreement verifies", i, mask)
			case err == nil:
				same++
			case !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTampered):
				t.Fatalf("byte %d with %#x: %v", i, mask, err)
			}
		}
	}
	if same > 0 {
		t.Errorf("%d flips went unseen; the canonical envelope has no free byte", same)
	}
}

// The same for every third of the payload's own bytes, re-encoded: signatures see what the
// base64 does not show.
func TestPayloadFlipsAreSeen(t *testing.T) {
	_, b := signed(t)
	p := parts(t, b)
	text := []byte(payloadText(t, p))
	tampered := 0
	for i := 0; i < len(text); i += 3 {
		changed := bytes.Clone(text)
		changed[i] ^= 1
		p.Payload = b64(changed)
		_, err := verifyBytes(packed(t, p))
		if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTampered) {
			t.Fatalf("byte %d: %v", i, err)
		}
		if errors.Is(err, ErrTampered) {
			tampered++
		}
	}
	// The subject's digest turns every such change into a malformed statement;
	// with the digest recomputed it is a forged agreement.
	if tampered != 0 {
		t.Errorf("%d flips passed the digest", tampered)
	}
	forged := strings.Replace(string(text), `"title":"Sales`, `"title":"Tales`, 1)
	a := edited(t, "title: Sales", "title: Tales")
	canonical, err := a.Canonical()
	must(t, err)
	sum := sha256.Sum256(canonical)
	at := strings.LastIndex(forged, `"sha256":"`) + len(`"sha256":"`)
	p.Payload = b64([]byte(forged[:at] + hex.EncodeToString(sum[:]) + forged[at+64:]))
	_, err = verifyBytes(packed(t, p))
	wants(t, "forged", err, ErrTampered, "the agreement was changed after it was signed: the signature of agency does not match")
}

// An agreement that could not be opened once signed is not begun.
func TestTooLargeToSign(t *testing.T) {
	a := edited(t)
	for range 4 {
		d := a.Datasets[0]
		d.Name += strings.Repeat("x", len(a.Datasets))
		c := d.Rules.Columns[0]
		c.Domain = nil
		for i := range 9999 {
			c.Domain = append(c.Domain, strings.Repeat("v", 16)+strings.Repeat(string(rune('a'+i%26)), i/26%50+1)+string(rune('a'+i/1300)))
		}
		d.Rules.Columns = []Column{c}
		a.Datasets = append(a.Datasets, d)
	}
	_, err := NewEnvelope(a)
	if err == nil || !strings.HasPrefix(err.Error(), "the agreement is too large: it and its signatures would take ") {
		t.Error(err)
	}
}
