package agreements

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// TestR51 has one agreement read in two ways: a key twice in the JSON, two
// members that look alike, a signer's key under which anyone can sign.
func TestR51(t *testing.T) {
	_, b := signed(t)
	twice := bytes.Replace(b, []byte(`"payloadType"`), []byte(`"payloadType":"other","payloadType"`), 1)
	if _, err := Open(twice); !errors.Is(err, ErrMalformed) || err.Error() != "this is not a Parley agreement: it has missing, duplicate or misspelt keys" {
		t.Errorf("a key twice: %v", err)
	}
	for _, c := range []struct{ old, name, want string }{
		{"  - name: client\n", "  - name: Agency\n", "members[1].name: the same as members[0].name"},
		{"  - name: client\n", "  - name: a.gency\n", "members[1].name: the same as members[0].name"},
		{"identityKey: gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=", "identityKey: " + b64(point(1)),
			`members[1].identityKey: the identity key of "client" is of small order, so anyone could sign for it`},
	} {
		_, err := ParseDraft([]byte(replaced(t, example(t), c.old, c.name)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
