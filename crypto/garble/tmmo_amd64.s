//go:build amd64 && !purego

#include "textflag.h"

// The hash of block.go with AES-NI. The round keys stay in X1 to X11. Blocks
// are hashed one after another: the chains of neighbouring blocks do not
// depend on each other, and the processor runs several at once. No instruction
// depends on a value.

// Next round key: X0 holds the last one, rcon the round's constant.
#define EXPAND(rcon, at) \
	AESKEYGENASSIST $rcon, X0, X1; PSHUFD $0xff, X1, X1; \
	MOVOU X0, X2; PSLLDQ $4, X2; PXOR X2, X0; \
	PSLLDQ $4, X2; PXOR X2, X0; \
	PSLLDQ $4, X2; PXOR X2, X0; \
	PXOR X1, X0; MOVOU X0, at(DI)

// func expandKey(keys *roundKeys, key *[16]byte)
TEXT ·expandKey(SB), NOSPLIT, $0-16
	MOVQ  keys+0(FP), DI
	MOVQ  key+8(FP), SI
	MOVOU (SI), X0
	MOVOU X0, 0(DI)
	EXPAND(0x01, 16)
	EXPAND(0x02, 32)
	EXPAND(0x04, 48)
	EXPAND(0x08, 64)
	EXPAND(0x10, 80)
	EXPAND(0x20, 96)
	EXPAND(0x40, 112)
	EXPAND(0x80, 128)
	EXPAND(0x1b, 144)
	EXPAND(0x36, 160)
	RET

// One round, and a permutation, on the blocks in X0, X12, X13 and X14: their
// chains do not depend on each other and fill the AES unit.
#define ROUND(k) AESENC k, X0; AESENC k, X12; AESENC k, X13; AESENC k, X14
#define PERMUTE \
	PXOR X1, X0; PXOR X1, X12; PXOR X1, X13; PXOR X1, X14; \
	ROUND(X2); ROUND(X3); ROUND(X4); ROUND(X5); ROUND(X6); \
	ROUND(X7); ROUND(X8); ROUND(X9); ROUND(X10); \
	AESENCLAST X11, X0; AESENCLAST X11, X12; AESENCLAST X11, X13; AESENCLAST X11, X14

// The same for the block in X0 alone.
#define PERMUTE1 \
	PXOR X1, X0; \
	AESENC X2, X0; AESENC X3, X0; AESENC X4, X0; AESENC X5, X0; AESENC X6, X0; \
	AESENC X7, X0; AESENC X8, X0; AESENC X9, X0; AESENC X10, X0; \
	AESENCLAST X11, X0

// A block was written as two words of 8 bytes a moment ago: loading it as such
// lets the processor take it from the store buffer.
#define LOAD(at, R, x) MOVQ at(R), x; MOVHPS at+8(R), x

// Between the permutations: p(x) is kept in place of x, the tweak is added.
#define TWEAK(at, x) MOVOU x, at(DI); LOAD(at, SI, X15); PXOR X15, x

// After them: p(p(x) ^ t) ^ p(x).
#define FEED(at, x) MOVOU at(DI), X15; PXOR X15, x; MOVOU x, at(DI)

// func tmmo(keys *roundKeys, x, t *block, n int)
TEXT ·tmmo(SB), NOSPLIT, $0-32
	MOVQ  keys+0(FP), AX
	MOVQ  x+8(FP), DI
	MOVQ  t+16(FP), SI
	MOVQ  n+24(FP), CX
	MOVOU 0(AX), X1
	MOVOU 16(AX), X2
	MOVOU 32(AX), X3
	MOVOU 48(AX), X4
	MOVOU 64(AX), X5
	MOVOU 80(AX), X6
	MOVOU 96(AX), X7
	MOVOU 112(AX), X8
	MOVOU 128(AX), X9
	MOVOU 144(AX), X10
	MOVOU 160(AX), X11

four:
	CMPQ CX, $4
	JLT  single
	LOAD(0, DI, X0)
	LOAD(16, DI, X12)
	LOAD(32, DI, X13)
	LOAD(48, DI, X14)
	PERMUTE
	TWEAK(0, X0)
	TWEAK(16, X12)
	TWEAK(32, X13)
	TWEAK(48, X14)
	PERMUTE
	FEED(0, X0)
	FEED(16, X12)
	FEED(32, X13)
	FEED(48, X14)
	ADDQ $64, DI
	ADDQ $64, SI
	SUBQ $4, CX
	JMP  four

single:
	TESTQ CX, CX
	JZ    done
	LOAD(0, DI, X0)
	PERMUTE1
	TWEAK(0, X0)
	PERMUTE1
	FEED(0, X0)
	ADDQ  $16, DI
	ADDQ  $16, SI
	DECQ  CX
	JMP   single

done:
	RET
