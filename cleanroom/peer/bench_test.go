package peer

import (
	"io"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/crypto/wire"
)

// BenchmarkPipe sends one 32 MiB message between two nodes on this machine:
// TLS, digests, spool and all.
func BenchmarkPipe(b *testing.B) {
	to, cert, c := known(b, nil)
	c.cfg.Patience = time.Second
	from := start(b, nil, withCert(cert))
	const size = 32 << 20
	body := noise(1, size)
	to.open(b, runA)
	from.open(b, runA)
	out, in := from.mail.Pipe(runA, c), to.mail.Pipe(runA, nil)
	b.SetBytes(size)
	for i := 0; b.Loop(); i++ {
		step := wire.Step("x/" + string(rune('a'+i%26)) + "/" + digestOf([]byte{byte(i), byte(i >> 8)})[:8])
		g, ctx := errgroup.WithContext(b.Context())
		g.Go(func() error { return wire.SendBytes(ctx, out, step, body) })
		g.Go(func() error {
			r, err := in.Recv(ctx, step, size)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, r)
			return err
		})
		if err := g.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}
