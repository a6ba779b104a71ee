package main

import (
	"testing"

	"parley/cleanroom"
)

// A person who names a version is shown that one, not the one that took its
// place, and of two that crossed under one number neither by chance.
func TestVersionOf(t *testing.T) {
	talk := &cleanroom.Talk{ID: "00112233445566778899aabbccddeeff", Versions: []cleanroom.Version{
		{Number: 1, By: "agency", Agreement: "sha256:aaaaaaaaaaaa11"},
		{Number: 2, By: "shop", Agreement: "sha256:dddddddddddd22"},
		{Number: 2, By: "agency", Agreement: "sha256:bbbbbbbbbbbb33"},
		{Number: 3, By: "shop", Agreement: "sha256:aaaaaaaaaaaa44"},
	}}
	for _, c := range []struct{ id, number, want, err string }{
		{"001122334455", "", "sha256:aaaaaaaaaaaa44", ""},
		{"001122334455", "1", "sha256:aaaaaaaaaaaa11", ""},
		{"dddddddddddd", "", "sha256:dddddddddddd22", ""},
		{"sha256:aaaaaaaaaaaa11", "", "sha256:aaaaaaaaaaaa11", ""},
		{"001122334455", "2", "", "that names more than one version of this negotiation; name one by its own id: dddddddddddd by shop, bbbbbbbbbbbb by agency"},
		{"aaaaaaaaaaaa", "", "", "that names more than one version of this negotiation; name one by its own id: aaaaaaaaaaaa by agency, aaaaaaaaaaaa by shop"},
		{"001122334455", "4", "", "this negotiation has no version 4; it has 1 to 3"},
		{"001122334455", "x", "", "this negotiation has no version x; it has 1 to 3"},
	} {
		v, err := versionOf(talk, c.id, c.number)
		if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err || err == nil && v.Agreement != c.want {
			t.Errorf("%s:%s: %+v %v", c.id, c.number, v, err)
		}
	}
}
