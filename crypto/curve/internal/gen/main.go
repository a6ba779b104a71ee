// Gen writes the assembly of package curve that is too regular to be written by
// hand: arithmetic mod p = 2^255 - 19 with AVX-512 IFMA and SHA-512, both on
// eight values at once. `go generate` in crypto/curve runs it there.
package main

import (
	"fmt"
	"os"
)

const header = `// Printed by internal/gen. Change that, not this, and run go generate.

//go:build amd64 && !purego

#include "textflag.h"

// Arithmetic mod p = 2^255 - 19 on eight independent values at once. A value is
// five limbs of 51 bits; limb i of all eight values is the i-th group of 64
// bytes, one Z register. Limbs in memory are below 2^51 + 2^16 before and after
// every function, so that each fits the 52 bits that VPMADD52LUQ and VPMADD52HUQ
// read. No branch and no address depends on a value.

// 512p: limb 0, the other limbs, and half and a quarter of those.
DATA bias<>+0(SB)/8, $0xfffffffffffda00
DATA bias<>+8(SB)/8, $0xffffffffffffe00
DATA bias<>+16(SB)/8, $0x7ffffffffffff00
DATA bias<>+24(SB)/8, $0x3ffffffffffff80
GLOBL bias<>(SB), RODATA|NOPTR, $32

// (A+2)/4.
DATA a24<>+0(SB)/8, $121666
GLOBL a24<>(SB), RODATA|NOPTR, $8`

const hashHeader = `// Printed by internal/gen. Change that, not this, and run go generate.

//go:build amd64 && !purego

#include "textflag.h"

// SHA-512 on eight messages at once, with AVX-512F. Word i of all eight lanes is
// the i-th group of 64 bytes.`

// files returns the text of each file.
func files() map[string]string {
	var field, hash printer
	field.line("%s", header)
	field.arithmetic()
	field.squarings()
	field.selection()
	field.freeze()
	field.step()
	hash.line("%s", hashHeader)
	hash.roundConstants()
	hash.compression()
	return map[string]string{"ifma_amd64.s": field.String(), "sha512x8_amd64.s": hash.String()}
}

func main() {
	for name, text := range files() {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			fmt.Fprintf(os.Stderr, "gen: %v\n", err)
			os.Exit(1)
		}
	}
}
