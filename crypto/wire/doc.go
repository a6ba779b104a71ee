// Package wire holds what every protocol between two nodes shares: the table
// of domain-separation labels, the fixed-length codecs, the message pipe and
// the transcript hash that a receipt signs.
//
// Peers' bytes are hostile. Nothing here takes a length from the wire.
package wire
