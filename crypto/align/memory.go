package align

// DefaultMemory is the memory for buffers when Config names none.
const DefaultMemory = 128 << 20

// The parts of the memory: two streams of batches run at a time, with up to
// seven batches each, one sort, and about ten files with a chunk each.
const (
	batchPart = 4096 // of the memory in one batch is 32/batchPart
	chunkPart = 512
	minBatch  = 256 // what package curve computes at once
	maxBatch  = 1 << 15
	minChunk  = 1 << 10
	maxChunk  = 256 << 10
)

func (c Config) memory() int {
	if c.Memory == 0 {
		return DefaultMemory
	}
	return int(c.Memory)
}

// batch is the number of points handed from stage to stage of a stream.
func (c Config) batch() int {
	return min(max(c.memory()/batchPart, minBatch), maxBatch, c.longest())
}

// chunk is the number of bytes that a file of such records seals together, a
// multiple of the record's size.
func (c Config) chunk(record int) int {
	return record * min(min(max(c.memory()/chunkPart, minChunk), maxChunk)/record, c.longest())
}

// sorting is the part of the memory that one sort may use.
func (c Config) sorting() int { return c.memory() / 4 * 3 }

// longest spares short lists buffers that they would not fill.
func (c Config) longest() int { return max(c.Own, c.Peer) + c.Padding.added() + 1 }
