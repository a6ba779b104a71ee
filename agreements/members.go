package agreements

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"filippo.io/age"

	"parley/internal/weak"
)

var (
	memberPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*( [A-Za-z0-9._-]+)*$`)
	hexPattern    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	hostPattern   = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})$`)
	portPattern   = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)
)

// taken remembers where each thing that must be unique was first seen.
type taken map[string]string

func (t taken) add(p *problems, path, kind, value string) {
	if value == "" {
		return
	}
	if other, dup := t[kind+value]; dup {
		p.add(path, "the same as %s", other)
		return
	}
	t[kind+value] = path
}

func (p *problems) members(a *Agreement) {
	seen := taken{}
	for i := range a.Members {
		m, path := &a.Members[i], fmt.Sprintf("members[%d]", i)
		if len(m.Name) > 64 || !memberPattern.MatchString(m.Name) {
			p.add(path+".name", "use letters without accents, digits, dot, dash, underscore and single spaces, at most 64")
		}
		seen.add(p, path+".name", "name", skeleton(m.Name))
		if _, err := m.Key(); err != nil {
			p.add(path+".identityKey", "%v", err)
		}
		seen.add(p, path+".identityKey", "key", m.IdentityKey)
		if !hexPattern.MatchString(m.TLSFingerprint) {
			p.add(path+".tlsFingerprint", "must be 64 lower-case hex digits")
		}
		seen.add(p, path+".tlsFingerprint", "tls", m.TLSFingerprint)
		if r, err := age.ParseX25519Recipient(m.AgeRecipient); err != nil || r.String() != m.AgeRecipient {
			p.add(path+".ageRecipient", "is not an age recipient (age1…)")
		}
		p.address(path+".address", m.Address)
	}
}

// skeleton is equal for names that a reader could take for one another:
// case, spaces and punctuation do not tell two members apart.
func skeleton(name string) string {
	if weak.Off("R51") {
		return name
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ._-", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

func (p *problems) receivers(a *Agreement) {
	seen := taken{}
	for i, r := range a.Receivers {
		path := fmt.Sprintf("receivers[%d]", i)
		if a.Member(r) == nil {
			p.add(path, "%s is not a member", quoted(r))
		}
		seen.add(p, path, "", r)
	}
}

// address admits host:port in one spelling, so that no user part, path, zone
// or control character reaches a dialler or a terminal.
func (p *problems) address(path, s string) {
	if s == "" {
		return
	}
	host, port, err := net.SplitHostPort(s)
	n, _ := strconv.Atoi(port)
	ok := err == nil && portPattern.MatchString(port) && n <= 65535 && net.JoinHostPort(host, port) == s
	if ip, errIP := netip.ParseAddr(host); errIP == nil {
		ok = ok && ip.Zone() == ""
	} else {
		ok = ok && hostPattern.MatchString(host)
	}
	if !ok {
		p.add(path, "must be host:port")
	}
}
