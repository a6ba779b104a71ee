//go:build servers

package e2e

import (
	"fmt"
	"testing"
)

// TestResumeEitherNode kills either node at several points of an alignment.
func TestResumeEitherNode(t *testing.T) {
	for _, org := range []string{"alpha", "beta"} {
		for _, part := range []float64{0.05, 0.3, 0.6, 0.85} {
			t.Run(fmt.Sprintf("%s at %.2f", org, part), func(t *testing.T) {
				r := newRoom(t, resumeRoom)
				r.killAndResume(t, resumeRoom, map[string]*node{"alpha": r.alpha, "beta": r.beta}[org], part)
			})
		}
	}
}
