package invitation

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/agreements"
)

func sample(t testing.TB) *Invitation {
	t.Helper()
	i, err := New(rand.NewChaCha8([32]byte{1}), "parley.acme.example:7460", strings.Repeat("ab", 32), time.Date(2031, 2, 3, 4, 5, 6, 7, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// The line says what it should, in one line that mail programs leave alone.
func TestLine(t *testing.T) {
	want := sample(t)
	line := want.Line()
	if strings.ContainsAny(line, " \n\t+/=") || !strings.HasPrefix(line, "parley-invite:1:") {
		t.Errorf("the line is %q", line)
	}
	got, err := Parse("  " + line + "\r\n")
	if err != nil || *got != *want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if again := sample(t); again.Line() != line {
		t.Error("the line changes")
	}
	other, _ := New(rand.NewChaCha8([32]byte{2}), want.Address, want.Fingerprint, want.Expires)
	if other.Secret == want.Secret || other.ID == want.ID {
		t.Error("the secret does not come from the randomness")
	}
}

// Whatever one character of a line is changed into, it is not another
// invitation.
func TestMistyped(t *testing.T) {
	line := sample(t).Line()
	for i := len("parley-invite:1:"); i < len(line); i++ {
		for _, c := range []byte("A-z0_") {
			if line[i] == c {
				continue
			}
			if got, err := Parse(line[:i] + string(c) + line[i+1:]); err != ErrMistyped {
				t.Fatalf("character %d as %c: %+v, %v", i, c, got, err)
			}
		}
		if _, err := Parse(line[:i]); !errors.Is(err, ErrMistyped) {
			t.Fatalf("cut off at %d: %v", i, err)
		}
	}
	for text, want := range map[string]error{
		"": ErrNotInvitation, "parley-invite:": ErrNotInvitation, "parley-invite:1": ErrNotInvitation, "parley-invite:2:AA": ErrVersion,
		"https://example.org/": ErrNotInvitation, "parley-invite:1:" + strings.Repeat("A", 10_000): ErrNotInvitation, line + line: ErrMistyped, line + "\n" + line: ErrMistyped,
		line + "=": ErrMistyped,
	} {
		if _, err := Parse(text); err != want {
			t.Errorf("%.30q: %v, want %v", text, err, want)
		}
	}
	for _, address := range []string{"", "x", "x:0", "user@x:1", "x:1/..", "x:1\x00", "x y:1", "[fe80::1%25eth0]:1", strings.Repeat("a", 300) + ":1"} {
		i := sample(t)
		i.Address = address
		if got, err := Parse(i.Line()); err == nil {
			t.Errorf("%q: %+v", address, got)
		}
	}
}

// FuzzLine: what is accepted is written the same way again, and an honest line
// is never lost.
func FuzzLine(f *testing.F) {
	f.Add(sample(f).Line())
	f.Add("parley-invite:1:AAAA")
	f.Add("parley-invite:2:")
	f.Fuzz(func(t *testing.T, line string) {
		i, err := Parse(line)
		if err != nil {
			if err != ErrNotInvitation && err != ErrMistyped && err != ErrVersion {
				t.Fatalf("an error that says something of the line: %v", err)
			}
			return
		}
		if i.Line() != strings.TrimSpace(line) {
			t.Fatalf("%q is also %q", line, i.Line())
		}
	})
}

func card(name string) *agreements.Member {
	return &agreements.Member{Name: name, Address: name + ":1", IdentityKey: "id " + name, TLSFingerprint: "tls " + name, AgeRecipient: "age " + name}
}

// Both sides read the same words, and other words if anything but an address
// is another.
func TestWords(t *testing.T) {
	a, b := card("agency"), card("shop")
	want := Words(a, b)
	if got := Words(b, a); !slices.Equal(got, want) || len(want) != WordCount {
		t.Fatalf("%v and %v", want, got)
	}
	moved := *b
	moved.Address = ""
	if !slices.Equal(Words(a, &moved), want) {
		t.Error("the address changes the words")
	}
	for what, change := range map[string]func(*agreements.Member){
		"name": func(m *agreements.Member) { m.Name += "x" }, "identity": func(m *agreements.Member) { m.IdentityKey += "x" },
		"TLS": func(m *agreements.Member) { m.TLSFingerprint += "x" }, "age": func(m *agreements.Member) { m.AgeRecipient += "x" },
	} {
		other := *b
		change(&other)
		got := Words(a, &other)
		same := 0
		for i := range got {
			if got[i] == want[i] {
				same++
			}
		}
		if same > 3 { // by luck with a chance below 10⁻⁹
			t.Errorf("%s: %d words stay", what, same)
		}
	}
	if !SameWords(" "+strings.ToUpper(strings.Join(want, ", "))+"\n", want) {
		t.Error("case and commas matter")
	}
	if SameWords(strings.Join(want[1:], " "), want) || SameWords("", want) {
		t.Error("eleven words are enough")
	}
	swapped := slices.Clone(want)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	if SameWords(strings.Join(swapped, " "), want) {
		t.Error("the order does not matter")
	}
}

// All bits of the hash are in the words: 2,048 different ones, told apart by
// their first four letters.
func TestWordList(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range wordList() {
		seen[w[:min(4, len(w))]] = true
	}
	if len(wordList()) != 2048 || len(seen) != 2048 {
		t.Errorf("%d words, %d beginnings", len(wordList()), len(seen))
	}
}

// A proof fits its own scene and turn alone.
func TestProof(t *testing.T) {
	key := Key([32]byte{7})
	scene := func() *Scene {
		return &Scene{Binding: [32]byte{1}, Invitation: "i1", Joiner: card("agency"), Inviter: card("shop")}
	}
	proof := scene().Prove(key, Done)
	if !scene().Proves(key, Done, proof[:]) {
		t.Fatal("a true proof is refused")
	}
	for what, change := range map[string]func(*Scene){
		"connection": func(s *Scene) { s.Binding[0]++ }, "invitation": func(s *Scene) { s.Invitation = "i2" },
		"joiner": func(s *Scene) { s.Joiner.Address = "" }, "inviter": func(s *Scene) { s.Inviter.IdentityKey = "" },
		"no inviter": func(s *Scene) { s.Inviter = nil },
	} {
		s := scene()
		change(s)
		if s.Proves(key, Done, proof[:]) || bytes.Equal(s.Vouch(Done), scene().Vouch(Done)) {
			t.Errorf("another %s", what)
		}
	}
	if scene().Proves(key, Welcome, proof[:]) || scene().Proves(Key([32]byte{8}), Done, proof[:]) || scene().Proves(key, Done, nil) || scene().Proves(key, Done, proof[:31]) {
		t.Error("another turn, key or length")
	}
	if Key([32]byte{7}) == [32]byte{7} {
		t.Error("the key is the secret")
	}
}
