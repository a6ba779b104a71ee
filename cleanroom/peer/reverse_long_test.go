//go:build long

package peer

import "testing"

// weight 1

// TestLongReverseFlood is TestReverseFlood with 10,000 connections (R48).
func TestLongReverseFlood(t *testing.T) {
	reverseFlood(t, 10_000)
	t.Log("covered: 10,000 reverse connections of one key")
}
