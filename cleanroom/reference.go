package cleanroom

import "parley/crypto/inner"

// referenceMachine is what estimates of seconds are for.
const referenceMachine = "an AMD EPYC server with one core for each node, the nodes side by side; " +
	"a slower network adds its time for the bytes"

// reference has the figures of `make bench` on the reference machine. The names
// are those of e2e/bench/latest.json; a test holds the two together.
var reference = map[string]float64{
	"exp_ns":                  5398,  // one exponentiation, in a batch
	"align_1m_cpu_over_model": 1.141, // CPU of an alignment over that of its exponentiations
	"garbled_cells_per_s":     17990,
	// Of 1,500,000 slots:
	"inner.Encrypt/narrow.ns/op":      75883089,
	"inner.Encrypt/wide.ns/op":        95683750,
	"inner.Online/narrow.ns/op":       11731761,
	"inner.Online/wide.ns/op":         22303577,
	"inner.Hints/narrow.ms/group":     15.94, // dense, for few groups
	"inner.Hints/wide.ms/group":       35.14,
	"inner.Hints1024/narrow.ms/group": 0.6599, // sparse: what 1,024 cost bounds any number
	"inner.Hints1024/wide.ms/group":   2.52,
}

const (
	referenceSlots = 1_500_000
	// What a question costs besides: starting both nodes' work, and reducing
	// rows. Fitted to the join figures of e2e/bench.
	questionSeconds = 0.15
	unitSeconds     = 0.35e-6
	alignSeconds    = 0.15
)

// seconds looks a figure of a parameter set up; sets larger than wide count as
// twice that.
func seconds(figure, unit string, set *inner.Set) float64 {
	name, factor := set.Name(), 1.0
	if name != "narrow" && name != "wide" {
		name, factor = "wide", 2
	}
	return factor * reference["inner."+figure+"/"+name+"."+unit] * map[string]float64{"ns/op": 1e-9, "ms/group": 1e-3}[unit]
}

// hintSeconds is the time for the hints of one product and vector.
func hintSeconds(set *inner.Set, slots, cells int) float64 {
	dense := float64(cells) * seconds("Hints", "ms/group", set)
	sparse := 1024 * seconds("Hints1024", "ms/group", set)
	return min(dense, sparse) * float64(slots) / referenceSlots
}
