package peer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"syscall"
	"time"

	"parley/internal/weak"
)

// errAddress wraps every refusal to dial.
var errAddress = errors.New("address refused")

// refusedAddress is a refusal whose text stands alone.
type refusedAddress struct{ text string }

func (r *refusedAddress) Error() string { return r.text }
func (r *refusedAddress) Unwrap() error { return errAddress }

// addressPattern is host:port and nothing that a URL parser could read as
// user, path or query.
var addressPattern = regexp.MustCompile(`^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?):[1-9][0-9]{0,4}$`)

// dialer refuses addresses that a peer has no business having. An agreement
// is written by several organisations, so an address in it could point this
// node at its own services or a cloud's metadata server. The check is made on
// the address that is really dialled, after name resolution, so that a name
// that resolves differently the second time gains nothing.
func dialer(allowLoopback bool) *net.Dialer {
	return &net.Dialer{
		Timeout:   5 * time.Second,
		KeepAlive: 15 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			return checkAddress(address, allowLoopback)
		},
	}
}

// metadata are servers inside clouds that hand credentials to whoever asks
// and that do not use link-local addresses.
var metadata = []netip.Addr{
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("168.63.129.16"),   // Azure
	netip.MustParseAddr("192.0.0.192"),     // Oracle
	netip.MustParseAddr("fd00:ec2::254"),   // AWS: instance
	netip.MustParseAddr("fd00:ec2::23"),    // AWS: pod identity
	netip.MustParseAddr("fd20:ce::254"),    // Google
}

// embedding are IPv6 ranges in which a translator finds an IPv4 address.
var embedding = []struct {
	prefix netip.Prefix
	at     int // byte offset of the IPv4 address
}{
	{netip.MustParsePrefix("::/96"), 12},           // IPv4-compatible, RFC 4291
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // RFC 2765
	{netip.MustParsePrefix("64:ff9b::/96"), 12},    // NAT64, RFC 6052
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12},  // local NAT64, RFC 8215
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4, RFC 3056
}

func checkAddress(address string, allowLoopback bool) error {
	if weak.Off("R61") {
		return nil
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return &refusedAddress{"peer address is not an IP address and port"}
	}
	return checkIP(ap.Addr().WithZone("").Unmap(), allowLoopback)
}

func checkIP(ip netip.Addr, allowLoopback bool) error {
	for _, m := range metadata {
		if ip == m {
			return &refusedAddress{fmt.Sprintf("peer address %s is a cloud metadata server", ip)}
		}
	}
	switch {
	case ip.IsLoopback():
		if allowLoopback {
			return nil
		}
		return &refusedAddress{fmt.Sprintf("peer address %s is this machine; set allowLoopbackPeers in the configuration if that is meant", ip)}
	case !canBePartner(ip):
		return &refusedAddress{fmt.Sprintf("peer address %s cannot be a partner's node", ip)}
	}
	for _, e := range embedding {
		if b := ip.As16(); ip.Is6() && e.prefix.Contains(ip) {
			if checkIP(netip.AddrFrom4([4]byte(b[e.at:e.at+4])), false) != nil {
				return &refusedAddress{fmt.Sprintf("peer address %s cannot be a partner's node", ip)}
			}
		}
	}
	return nil
}

var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")   // RFC 791
	reserved    = netip.MustParsePrefix("240.0.0.0/4") // RFC 1112, with broadcast
	siteLocal   = netip.MustParsePrefix("fec0::/10")   // RFC 3879
)

// canBePartner is false for what no partner's node can have. Private ranges
// are allowed: partners meet over private links, and the pinned key makes any
// other service there refuse the connection.
func canBePartner(ip netip.Addr) bool {
	return !ip.IsUnspecified() && !ip.IsLinkLocalUnicast() && !ip.IsMulticast() &&
		!thisNetwork.Contains(ip) && !reserved.Contains(ip) && !siteLocal.Contains(ip)
}
