package curve

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"testing"
)

// perPoint reports nanoseconds a point on one core.
func perPoint(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/point")
}

// BenchmarkExp measures one core on a full chunk.
func BenchmarkExp(b *testing.B) {
	run := func(name string, e engine) {
		b.Run(name, func(b *testing.B) {
			points, k := hashed(b, chunk), drawn(b)
			secret, dst := k.bytes(), make([]Point, chunk)
			for b.Loop() {
				e.exp(dst, points, &secret)
			}
			perPoint(b, chunk)
		})
	}
	for _, e := range engines() {
		run(e.name(), e)
	}
	run("picked", pick())
	b.Run("ecdh", func(b *testing.B) {
		key, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		public := key.PublicKey()
		for b.Loop() {
			if _, err := key.ECDH(public); err != nil {
				b.Fatal(err)
			}
		}
		perPoint(b, 1)
	})
}

// BenchmarkHashToCurve measures one core on a full chunk of ids of 32 bytes, with
// a tag as long as that of an alignment.
func BenchmarkHashToCurve(b *testing.B) {
	run := func(name string, e engine) {
		b.Run(name, func(b *testing.B) {
			dst, msg, tag := make([]Point, chunk), make([]byte, 32), make([]byte, 80)
			for b.Loop() {
				err := hashToCurve(context.Background(), e, dst, tag, func(int) []byte { return msg }, nil)
				if err != nil {
					b.Fatal(err)
				}
			}
			perPoint(b, chunk)
		})
	}
	for _, e := range engines() {
		run(e.name(), e)
	}
	run("picked", pick())
}

func BenchmarkValidate(b *testing.B) {
	points := hashed(b, 64*chunk)
	for b.Loop() {
		if err := Validate(context.Background(), points, [32]byte{}, nil); err != nil {
			b.Fatal(err)
		}
	}
	perPoint(b, len(points))
}
