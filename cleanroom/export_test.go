package cleanroom

import (
	"context"

	"parley/agreements"
)

// TicketFor exchanges heads with a member for an offer that a test makes up.
func TicketFor(ctx context.Context, n *Node, m *agreements.Member) (string, error) {
	c, err := n.client(m)
	if err != nil {
		return "", err
	}
	defer c.Close()
	ex, err := n.exchange(ctx, m, c, -1)
	if err != nil {
		return "", err
	}
	return ex.ticket, nil
}
