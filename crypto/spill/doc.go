// Package spill keeps what a piece of work cannot hold in memory in sealed
// files, and takes them up again after a crash.
//
//	magic and version   8 bytes  "spill/1\n"
//	chunk size          4 bytes  big-endian, of the plaintext
//	chunk 0             nonce (12) | ciphertext | tag (16)
//	chunk 1             ...
//	last chunk          the same, shorter than the others, perhaps empty
//
// Chunks are sealed with AES-256-GCM under the key of the piece of work, each
// with a fresh random nonce. The additional data is the header, the chunk's
// number, whether it is the last one, and the name of the file. So no chunk can
// be changed, moved, or taken for one of another file, and a file that was cut
// short is never taken for a whole one: only Complete writes a last chunk.
//
// Sealing hides the content and finds changes to it. It does not hide sizes and
// names, nor does it see an older state of a file put back under its name while
// the work goes on: write what follows from the work's key and inputs alone, so
// that older states hold a prefix of the newer ones.
//
// # After a crash
//
// Append goes on with what a killed process left: it opens every chunk, keeps
// those up to the last one that is authentic, and drops the torn tail. What was
// in the chunk not yet written is lost, so Size tells where to go on. Complete
// waits until the disk holds the file. Nothing else waits for the disk: after a
// power cut, an incomplete file may be shorter, or refused as damaged.
//
// Files are of one process at a time. Nothing here takes a lock.
package spill
