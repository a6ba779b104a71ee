package keys

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestSign(t *testing.T) {
	_, f := create(t)
	sig, err := f.Sign(t.Context(), []byte("message"))
	if err != nil || !ed25519.Verify(f.Identity(), []byte("message"), sig) {
		t.Errorf("signature %x does not verify: %v", sig, err)
	}
	f.Identity()[0] ^= 1 // a caller's copy
	if !ed25519.Verify(f.Identity(), []byte("message"), sig) {
		t.Error("a caller changed the identity")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.Sign(gone, nil)
	wantErr(t, "cancelled", err, context.Canceled)
}

func TestOpenSealed(t *testing.T) {
	_, f := create(t)
	_, other := create(t)
	want := bytes.Repeat([]byte("rows"), 50_000) // several of age's 64 KiB chunks
	sealed := sealTo(t, f.AgeRecipient(), want)
	r, err := f.OpenSealed(t.Context(), bytes.NewReader(sealed))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	_, err = other.OpenSealed(t.Context(), bytes.NewReader(sealed))
	wantErr(t, "another node's", err, ErrSealed)
	_, err = f.OpenSealed(t.Context(), strings.NewReader("not age"))
	wantErr(t, "no age file", err, ErrSealed)

	if r, err = f.OpenSealed(t.Context(), bytes.NewReader(sealed[:len(sealed)-1])); err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(r)
	wantErr(t, "cut short", err, ErrSealed)

	ctx, cancel := context.WithCancel(t.Context())
	if r, err = f.OpenSealed(ctx, bytes.NewReader(sealed)); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err = io.ReadAll(r)
	wantErr(t, "cancelled", err, context.Canceled)
}

func sealTo(t *testing.T, recipient string, b []byte) []byte {
	t.Helper()
	sealed, err := Seal(recipient, b)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, b[:4]) {
		t.Error("the sealed file holds the plain bytes")
	}
	return sealed
}

func TestSealNeedsARecipient(t *testing.T) {
	if _, err := Seal("age1nobody", nil); err == nil || err.Error() != "seal: not an age recipient (age1…)" {
		t.Errorf("got %v", err)
	}
}

func TestWrapKey(t *testing.T) {
	_, f := create(t)
	_, other := create(t)
	key := [32]byte{1, 2, 3}
	wrapped, err := f.WrapKey(t.Context(), key, "snapshot a")
	if err != nil || len(wrapped) != wrappedLen || bytes.Contains(wrapped, key[:4]) {
		t.Fatalf("wrapped %x, %v", wrapped, err)
	}
	if got, err := f.UnwrapKey(t.Context(), wrapped, "snapshot a"); err != nil || got != key {
		t.Errorf("unwrapped %x, %v", got, err)
	}
	if again, _ := f.WrapKey(t.Context(), key, "snapshot a"); bytes.Equal(again, wrapped) {
		t.Error("two wraps share a nonce")
	}
	_, err = f.UnwrapKey(t.Context(), wrapped, "snapshot b")
	wantErr(t, "another purpose", err, ErrUnwrap)
	_, err = other.UnwrapKey(t.Context(), wrapped, "snapshot a")
	wantErr(t, "another node", err, ErrUnwrap)
	for i := range wrapped {
		bad := bytes.Clone(wrapped)
		bad[i] ^= 0x80
		got, err := f.UnwrapKey(t.Context(), bad, "snapshot a")
		wantErr(t, fmt.Sprint("flipped ", i), err, ErrUnwrap)
		if got != [32]byte{} {
			t.Errorf("flipped %d: a key came back with the error", i)
		}
		_, err = f.UnwrapKey(t.Context(), wrapped[:i], "snapshot a")
		wantErr(t, fmt.Sprint("cut at ", i), err, ErrUnwrap)
	}
}

// No way of printing a File shows a key, in any of its encodings.
func TestRedaction(t *testing.T) {
	_, f := create(t)
	holder := struct {
		Public *File
		hidden *File
		value  File
	}{f, f, *f}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%t"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+"\n", f, *f, holder, &holder)
	}
	b, err := json.Marshal(map[string]any{"ptr": f, "value": *f, "holder": holder})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("keys", "f", f, "v", *f, "h", holder)
	slog.New(slog.NewTextHandler(&out, nil)).Info("keys", "f", f, "v", *f, "h", holder)
	fmt.Fprint(&out, f.String(), f.GoString(), fmt.Errorf("keys %w", errors.New(f.String())))

	s := f.secrets()
	for name, secret := range map[string][]byte{"identity": s.identity.Seed(), "wrapping": s.wrapping[:],
		"TLS": s.tls.PrivateKey.(ed25519.PrivateKey).Seed(), "age": []byte(s.age.String())} {
		decimal := strings.Trim(fmt.Sprint(secret[:6]), "[]")
		for _, form := range []string{string(secret[:6]), fmt.Sprintf("%x", secret[:6]), fmt.Sprintf("%X", secret[:6]), decimal} {
			if strings.Contains(out.String(), form) {
				t.Errorf("the %s key is printed", name)
			}
		}
	}
	if n := strings.Count(out.String(), "redacted"); n < 30 {
		t.Errorf("only %d times redacted:\n%s", n, out.String())
	}
}

func TestWipe(t *testing.T) {
	_, f := create(t)
	identity, tlsKey := f.secrets().identity, f.secrets().tls.PrivateKey.(ed25519.PrivateKey)
	f.Wipe()
	for _, b := range [][]byte{identity, tlsKey, f.secrets().wrapping[:]} {
		if !bytes.Equal(b, make([]byte, len(b))) {
			t.Error("a key survives Wipe")
		}
	}
}
