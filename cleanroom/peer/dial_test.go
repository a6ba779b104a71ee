package peer

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// R61: an address in an agreement cannot point this node at its own services.
func TestAddressesThatAreNoPartner(t *testing.T) {
	const (
		self = " is this machine; set allowLoopbackPeers in the configuration if that is meant"
		meta = " is a cloud metadata server"
		none = " cannot be a partner's node"
	)
	for address, want := range map[string]string{
		"127.0.0.1:80":                "127.0.0.1" + self,
		"127.8.8.8:80":                "127.8.8.8" + self,
		"[::1]:80":                    "::1" + self,
		"[::ffff:127.0.0.1]:80":       "127.0.0.1" + self,
		"169.254.169.254:80":          "169.254.169.254" + none,
		"[::ffff:169.254.169.254]:80": "169.254.169.254" + none,
		"[64:ff9b::a9fe:a9fe]:80":     "64:ff9b::a9fe:a9fe" + none,
		"[2002:7f00:1::]:80":          "2002:7f00:1::" + none,
		"[::7f00:1]:80":               "::7f00:1" + none,
		"[fe80::1%eth0]:80":           "fe80::1" + none,
		"[fec0::1]:80":                "fec0::1" + none,
		"[ff02::1]:80":                "ff02::1" + none,
		"0.0.0.0:80":                  "0.0.0.0" + none,
		"0.1.2.3:80":                  "0.1.2.3" + none,
		"[::]:80":                     "::" + none,
		"224.0.0.1:80":                "224.0.0.1" + none,
		"255.255.255.255:80":          "255.255.255.255" + none,
		"100.100.100.200:80":          "100.100.100.200" + meta,
		"168.63.129.16:80":            "168.63.129.16" + meta,
		"192.0.0.192:80":              "192.0.0.192" + meta,
		"[fd00:ec2::254]:80":          "fd00:ec2::254" + meta,
		"[fd00:ec2::254%1]:80":        "fd00:ec2::254" + meta,
		"[fd20:ce::254]:80":           "fd20:ce::254" + meta,
		"[64:ff9b::6464:64c8]:80":     "64:ff9b::6464:64c8" + none,
	} {
		err := checkAddress(address, false)
		if err == nil || err.Error() != "peer address "+want {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"10.0.0.1:7460", "192.168.1.1:7460", "203.0.113.9:7460", "[2001:db8::1]:7460", "[64:ff9b::cb00:7109]:7460"} {
		if err := checkAddress(address, false); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	if checkAddress("127.0.0.1:1", true) != nil || checkAddress("169.254.169.254:80", true) == nil || checkAddress("[64:ff9b::7f00:1]:80", true) == nil {
		t.Error("allowLoopbackPeers allows loopback and nothing else")
	}
}

func TestRefusedAddressIsSaid(t *testing.T) {
	cert := fresh(t)
	for address, want := range map[string]string{
		"localhost:1":         "node of Acme at localhost:1: peer address 127.0.0.1 is this machine; set allowLoopbackPeers in the configuration if that is meant",
		"169.254.169.254:80":  "node of Acme at 169.254.169.254:80: peer address 169.254.169.254 cannot be a partner's node",
		"0x7f.1:80/../x":      "the agreement's address of Acme is not host:port",
		"user@10.0.0.1:80":    "the agreement's address of Acme is not host:port",
		"10.0.0.1:80?q=":      "the agreement's address of Acme is not host:port",
		"10.0.0.1:80#":        "the agreement's address of Acme is not host:port",
		"10.0.0.1\n:80":       "the agreement's address of Acme is not host:port",
		"[fe80::1%25eth0]:80": "the agreement's address of Acme is not host:port",
		"10.0.0.1":            "the agreement's address of Acme is not host:port",
	} {
		c := NewClient(ClientConfig{Member: "Acme", Address: address, Certificate: cert, Now: time.Now})
		if err := status(c); err == nil || err.Error() != want {
			if address != "localhost:1" || !errors.Is(err, errAddress) { // ::1 may come first
				t.Errorf("%q:\ngot  %v\nwant %s", address, err, want)
			}
		}
		c.Close()
	}
}

// A name that gives a good address to whoever looks and a bad one to whoever
// dials: the check is on the address dialled.
func TestRebinding(t *testing.T) {
	answers := [][4]byte{{192, 0, 2, 7}, {127, 0, 0, 1}}
	asked := 0
	dns, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 512)
		for {
			n, from, err := dns.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				return
			}
			m.Response, m.Additionals = true, nil
			if m.Questions[0].Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
					Body:   &dnsmessage.AResource{A: answers[min(asked, 1)]}}}
				asked++
			}
			out, _ := m.Pack()
			dns.WriteTo(out, from)
		}
	}()
	defer func() { dns.Close(); <-ended }()
	d := dialer(false)
	d.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", dns.LocalAddr().String())
	}}
	first, err := d.Resolver.LookupHost(context.Background(), "partner.example.")
	if err != nil || first[0] != "192.0.2.7" {
		t.Fatalf("%v, %v", first, err)
	}
	conn, err := d.Dial("tcp", "partner.example.:80")
	if err == nil {
		conn.Close()
	}
	var refused *refusedAddress
	if !errors.As(err, &refused) || refused.text != "peer address 127.0.0.1 is this machine; set allowLoopbackPeers in the configuration if that is meant" {
		t.Errorf("got %v", err)
	}
}

// redirecting answers every call with a redirect.
func redirecting(s *Server) {
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://169.254.169.254/latest/meta-data", http.StatusTemporaryRedirect)
	})
}

func TestRedirectIsRefused(t *testing.T) {
	n, _, c := known(t, redirecting)
	n.check(t, "redirect", status(c), "node of Acme at ADDR: the other node tried to redirect the call")
	if err := c.put(context.Background(), runA, "x", 0, nil); !errors.Is(err, errRedirect) {
		t.Errorf("a chunk: %v", err)
	}
}
