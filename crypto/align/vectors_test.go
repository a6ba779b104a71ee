package align

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	"parley/crypto/wire"
)

var update = flag.Bool("update", false, "rewrite the test vectors")

const vectorFile = "testdata/vectors.json"

// vector is one alignment with fixed seeds. ALIGN.md explains the fields.
type vector struct {
	Name       string
	Session    string
	Padding    Padding
	SeedC      string
	SeedP      string
	C, P       []string
	Messages   map[string]string // sender and step: SHA-256, or the bytes if short
	Transcript string
	SlotsC     []uint32
	SlotsP     []uint32
	Total      int
}

func (v vector) play(t *testing.T) vector {
	t.Helper()
	bytesOf := func(list []string) (out [][]byte) {
		for _, s := range list {
			out = append(out, []byte(s))
		}
		return out
	}
	x := newPair(t, v.Padding, len(v.C), len(v.P))
	if _, err := hex.Decode(x.c.Session[:], []byte(v.Session)); err != nil {
		t.Fatal(err)
	}
	x.p.Session = x.c.Session
	for cfg, seed := range map[*Config]string{&x.c: v.SeedC, &x.p: v.SeedP} {
		if n, err := hex.Decode(cfg.Seed[:], []byte(seed)); err != nil || n != 32 {
			t.Fatal("a seed is not 32 bytes in hexadecimal")
		}
	}
	x.run(t.Context(), bytesOf(v.C), bytesOf(v.P))
	if x.errC != nil || x.errP != nil {
		t.Fatal(x.errC, x.errP)
	}
	v.Messages = map[string]string{}
	script := wire.NewTranscript()
	for name, sent := range map[string]map[wire.Step][]byte{"c": x.endC.Sent(), "p": x.endP.Sent()} {
		recorder := script.Record(newPair(t, off, 0, 0).endC, name, "")
		for step, b := range sent {
			v.Messages[name+" "+string(step)] = shown(b)
			if err := recorder.Send(t.Context(), step, int64(len(b)), bytes.NewReader(b)); err != nil {
				t.Fatal(err)
			}
		}
	}
	sum := script.Sum(x.c.Session)
	v.Transcript = hex.EncodeToString(sum[:])
	v.SlotsC, v.SlotsP, v.Total = x.resC.Slots, x.resP.Slots, x.resC.Total
	return v
}

func shown(b []byte) string {
	if len(b) <= 160 {
		return hex.EncodeToString(b)
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func TestVectors(t *testing.T) {
	raw, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var want []vector
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) < 3 {
		t.Fatalf("only %d vectors", len(want))
	}
	var got []vector
	for _, v := range want {
		g := v.play(t)
		if !*update && !reflect.DeepEqual(g, v) {
			t.Errorf("%s: got %+v, want %+v", v.Name, g, v)
		}
		got = append(got, g)
	}
	if *update {
		b, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(vectorFile, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
