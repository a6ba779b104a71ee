package audit

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/agreements"
)

var update = flag.Bool("update", false, "write the golden receipts anew")

// The receipt of fixed keys, terms and answer, byte for byte, and what a
// person is shown of it.
func TestGoldenReceipt(t *testing.T) {
	a := fixtureAgreement()
	_, id := signedAgreement(t, a)
	b := bundleOf(t, a, fixtureReceipt(t, id), "agency", "client")
	file, err := b.Encode()
	must(t, err)
	v, err := VerifyBundle(file)
	must(t, err)
	payload, err := NewReceipt(v.Receipt)
	must(t, err)
	golden(t, "receipt.json", file)
	golden(t, "payload.json", payload)
	golden(t, "receipt.txt", []byte(v.Text()))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if string(got) != string(want) {
		t.Errorf("%s differs; got\n%s", name, got)
	}
}

// Each way in which a signed receipt can fail has its own words. All parties
// sign the changed receipt, so only the check in question can catch it.
func TestReceiptAgainstAgreement(t *testing.T) {
	for want, change := range map[string]func(*Receipt, *agreements.Agreement){
		"the receipt names another agreement than the one in the file":       func(r *Receipt, _ *agreements.Agreement) { r.Agreement = hexOf("00") },
		"the run started before the agreement was in force":                  func(r *Receipt, _ *agreements.Agreement) { r.Started = t0.Add(-2 * time.Hour) },
		"the run finished after the agreement had ended":                     func(r *Receipt, _ *agreements.Agreement) { r.Finished = t0.Add(time.Hour) },
		"the agreement does not let this receiver see answers":               func(r *Receipt, _ *agreements.Agreement) { r.Receiver = "agency" },
		"the receipt's dp is not the agreement's":                            func(r *Receipt, _ *agreements.Agreement) { r.DP = "eps=1" },
		"the receipt's minGroupSize is below the agreement's":                func(r *Receipt, _ *agreements.Agreement) { r.MinGroupSize = 49 },
		"dataset exposures: the receipt's minGroupSize is below the owner's": func(r *Receipt, _ *agreements.Agreement) { r.MinGroupSize = 59 },
		"the agreement has no analysis of this name":                         func(r *Receipt, _ *agreements.Agreement) { r.Analysis = "other" },
		"the agreement does not allow ad-hoc SQL":                            func(r *Receipt, _ *agreements.Agreement) { r.Analysis, r.Parameters = "", nil },
		"dataset exposures: its owner does not allow ad-hoc SQL": func(r *Receipt, a *agreements.Agreement) {
			r.Analysis, r.Parameters, a.AdHoc = "", nil, true
		},
		"dataset sales is not in the agreement":               func(r *Receipt, _ *agreements.Agreement) { r.Datasets[1].Name = "sales" },
		"dataset orders: the owner is not the agreement's":    func(r *Receipt, _ *agreements.Agreement) { r.Datasets[1].Owner = "agency" },
		"dataset orders: the contract is not the agreement's": func(r *Receipt, _ *agreements.Agreement) { r.Datasets[1].ContractHash = hexOf("ff") },
		"dataset exposures is not public data":                func(r *Receipt, _ *agreements.Agreement) { r.PublicData = true },
		"mallory took part and is not a member of the agreement": func(r *Receipt, _ *agreements.Agreement) {
			r.Parties = append(r.Parties, ReceiptParty{"mallory", "auditor", []string{}})
		},
		"the result is not the one in the receipt: result or salt were changed": func(r *Receipt, _ *agreements.Agreement) { r.ResultCommitment = hexOf("ab") },
	} {
		a := fixtureAgreement()
		r := fixtureReceipt(t, "")
		change(&r, a)
		if r.Agreement == "" {
			_, r.Agreement = signedAgreement(t, a)
		}
		file, err := bundleOf(t, a, r, "agency", "client").Encode()
		must(t, err)
		if _, err := VerifyBundle(file); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestReceiptSignatures(t *testing.T) {
	a := fixtureAgreement()
	_, id := signedAgreement(t, a)
	r := fixtureReceipt(t, id)
	for want, signers := range map[string][]string{
		"the receipt of client: the signature is missing":                  {"agency"},
		"the receipt of agency: the signature is missing":                  {"client"},
		"the receipt has a signature of none of its parties, or one twice": {"agency", "client", "mallory"},
	} {
		file, err := bundleOf(t, a, r, signers...).Encode()
		must(t, err)
		if _, err := VerifyBundle(file); err == nil || err.Error() != want {
			t.Errorf("signed by %v: got %v, want %s", signers, err, want)
		}
	}
}

// Every value in the payload and every byte of the file's other parts is
// changed in turn, signatures left as they were.
func TestTamperedFields(t *testing.T) {
	a := fixtureAgreement()
	_, id := signedAgreement(t, a)
	b := bundleOf(t, a, fixtureReceipt(t, id), "agency", "client")
	var e map[string]any
	must(t, json.Unmarshal(b.Receipt, &e))
	payload, err := base64.StdEncoding.DecodeString(e["payload"].(string))
	must(t, err)
	var tree any
	must(t, json.Unmarshal(payload, &tree))
	paths := leafPaths(tree, nil)
	if len(paths) < 35 {
		t.Fatalf("only %d fields", len(paths))
	}
	for _, p := range paths {
		must(t, json.Unmarshal(payload, &tree))
		changed, err := canonical(changeAt(tree, p))
		must(t, err)
		if string(changed) == string(payload) {
			t.Fatalf("%v was not changed", p)
		}
		e["payload"] = base64.StdEncoding.EncodeToString(changed)
		bad := b
		bad.Receipt, err = canonical(e)
		must(t, err)
		file, err := bad.Encode()
		must(t, err)
		if _, err := VerifyBundle(file); err == nil {
			t.Errorf("%v: a changed value was accepted", p)
		}
	}
}

// leafPaths lists the way to every value that is not an object or a list.
func leafPaths(v any, at []any) (out [][]any) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			out = append(out, leafPaths(x, append(at[:len(at):len(at)], k))...)
		}
	case []any:
		for i, x := range v {
			out = append(out, leafPaths(x, append(at[:len(at):len(at)], i))...)
		}
	default:
		out = append(out, at)
	}
	return out
}

func changeAt(v any, path []any) any {
	if len(path) == 0 {
		switch v := v.(type) {
		case string:
			return swapDigits.Replace(v + "0")
		case float64:
			return v + 1
		case bool:
			return !v
		}
	}
	switch v := v.(type) {
	case map[string]any:
		v[path[0].(string)] = changeAt(v[path[0].(string)], path[1:])
	case []any:
		v[path[0].(int)] = changeAt(v[path[0].(int)], path[1:])
	}
	return v
}

var swapDigits = strings.NewReplacer("1", "2", "2", "1")

// Every seventh byte of the file, changed by itself, is refused or means the
// same: the answer shown is never another one.
func TestFlippedFile(t *testing.T) {
	a := fixtureAgreement()
	_, id := signedAgreement(t, a)
	file, err := bundleOf(t, a, fixtureReceipt(t, id), "agency", "client").Encode()
	must(t, err)
	good, err := VerifyBundle(file)
	must(t, err)
	for i := 0; i < len(file); i += 7 {
		bad := append([]byte(nil), file...)
		bad[i] ^= 1 << (i % 7)
		v, err := VerifyBundle(bad)
		if err == nil && (fmt.Sprint(v.Receipt) != fmt.Sprint(good.Receipt) || string(v.Result) != string(good.Result)) {
			t.Fatalf("byte %d: another receipt was accepted", i)
		}
	}
}

func TestBundleForm(t *testing.T) {
	a := fixtureAgreement()
	_, id := signedAgreement(t, a)
	b := bundleOf(t, a, fixtureReceipt(t, id), "agency", "client")
	file, err := b.Encode()
	must(t, err)
	text := string(file)
	for name, c := range map[string]struct{ file, want string }{
		"empty":         {"", "the receipt file is not JSON of the expected form"},
		"not JSON":      {"hello", "the receipt file is not JSON of the expected form"},
		"trailing":      {text + "{}", "the receipt file is not JSON of the expected form"},
		"unknown key":   {strings.Replace(text, `"salt"`, `"pepper": 1, "salt"`, 1), "the receipt file is not JSON of the expected form"},
		"duplicate key": {strings.Replace(text, `"salt"`, `"salt": "", "salt"`, 1), "the receipt file has duplicate, misspelt or missing keys"},
		"other case":    {strings.Replace(text, `"salt"`, `"Salt"`, 1), "the receipt file has duplicate, misspelt or missing keys"},
		"deep":          {strings.Repeat("[", 1<<20), "the receipt file is not JSON of the expected form"},
		"format":        {strings.Replace(text, BundleFormat, "parley.receipt-bundle/v9", 1), "the receipt file is not of a format this version reads"},
		"salt":          {strings.Replace(text, `"01020300`, `"0102`, 1), "the salt is not 32 bytes in hex"},
		"other salt":    {strings.Replace(text, `"01020300`, `"01020400`, 1), "the result is not the one in the receipt: result or salt were changed"},
		"other result":  {strings.Replace(text, `"1204"`, `"1205"`, 1), "the result is not the one in the receipt: result or salt were changed"},
		"big number":    {strings.Replace(text, `"1204"`, `9007199254740993`, 1), "the result is not canonical JSON"},
		"huge":          {strings.Repeat(" ", maxBundle+1), "the receipt file is too large"},
	} {
		if _, err := VerifyBundle([]byte(c.file)); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// An agreement that lacks a signature proves nothing.
func TestUnsignedAgreement(t *testing.T) {
	a := fixtureAgreement()
	_, id := signedAgreement(t, a)
	b := bundleOf(t, a, fixtureReceipt(t, id), "agency", "client")
	e, err := agreements.NewEnvelope(a)
	must(t, err)
	must(t, e.Sign("agency", keyOf("agency")))
	b.Agreement, err = e.Bytes()
	must(t, err)
	file, err := b.Encode()
	must(t, err)
	_, err = VerifyBundle(file)
	if want := "the agreement in the receipt file does not verify: the agreement is not signed by every member yet: client must still sign"; err == nil || err.Error() != want {
		t.Fatalf("got %v", err)
	}
}

func TestIncompleteReceipts(t *testing.T) {
	for want, change := range map[string]func(*Receipt){
		"receipt: run is missing, malformed or out of place":              func(r *Receipt) { r.Run = "" },
		"receipt: question is missing, malformed or out of place":         func(r *Receipt) { r.Question = "SELECT \x1b[2J" },
		"receipt: planHash is missing, malformed or out of place":         func(r *Receipt) { r.PlanHash = "x" },
		"receipt: kind is missing, malformed or out of place":             func(r *Receipt) { r.Kind = "union" },
		"receipt: alignment is missing, malformed or out of place":        func(r *Receipt) { r.Alignment = "" },
		"receipt: transcript is missing, malformed or out of place":       func(r *Receipt) { r.Transcript = "" },
		"receipt: resultCommitment is missing, malformed or out of place": func(r *Receipt) { r.ResultCommitment = "" },
		"receipt: minGroupSize is out of range":                           func(r *Receipt) { r.MinGroupSize = 0 },
		"receipt: withheld is out of range":                               func(r *Receipt) { r.Withheld = -1 },
		"receipt: started and finished are not in order":                  func(r *Receipt) { r.Finished = r.Started.Add(-1) },
		"receipt: a join question has 2 datasets, not 1":                  func(r *Receipt) { r.Datasets = r.Datasets[:1] },
		"receipt: a dataset is named twice":                               func(r *Receipt) { r.Datasets[1].Name = "exposures" },
		"receipt: party 2 is named twice":                                 func(r *Receipt) { r.Parties[1].Member = "agency" },
		"receipt: an owner or the receiver is not among the parties":      func(r *Receipt) { r.Parties = r.Parties[:1] },
		"receipt: what party 1 learned is not plain sentences":            func(r *Receipt) { r.Parties[0].Learned = []string{""} },
	} {
		r := fixtureReceipt(t, hexOf("00"))
		change(&r)
		if _, err := NewReceipt(r); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	r := fixtureReceipt(t, hexOf("00"))
	one, err := NewReceipt(r)
	must(t, err)
	r.Withheld++
	two, err := NewReceipt(r)
	must(t, err)
	a, err := SignReceipt(one, keyOf("agency"))
	must(t, err)
	b, err := SignReceipt(two, keyOf("client"))
	must(t, err)
	if _, err := Merge(a, b); err == nil || err.Error() != "merge receipts: the members signed different receipts" {
		t.Fatalf("got %v", err)
	}
	must(t, VerifySignature(a, one, keyOf("agency").Public()))
	if VerifySignature(a, two, keyOf("agency").Public()) == nil || VerifySignature(a, one, keyOf("client").Public()) == nil {
		t.Fatal("a signature verified for another payload or key")
	}
	if _, err := SignReceipt([]byte(" "+string(one)), keyOf("agency")); err == nil {
		t.Fatal("a payload that is not canonical was signed")
	}
}
