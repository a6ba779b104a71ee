//go:build servers

package e2e

import "testing"

// stages are the steps of a join that a watcher sees, in their order.
var stages = []string{"align", "reduce own rows", "encrypted sums", "threshold and release", "sign the receipt"}

// TestKillEitherNode kills either node in every stage of a join. After each
// kill a new run must give the right answer; from the second stage on it
// reuses the alignment that the first answer stored.
func TestKillEitherNode(t *testing.T) {
	for _, asker := range []bool{true, false} {
		name := "partner"
		if asker {
			name = "asker"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t, bigRoom)
			victim, survivor := r.beta, r.alpha
			if asker {
				victim, survivor = r.alpha, r.beta
			}
			for _, stage := range stages {
				r.killAt(t, stage, victim, survivor)
				r.mustAnswer(t, bigRoom)
			}
		})
	}
}
