package main

import (
	"fmt"
	"strings"
)

// printer collects lines of assembly. Operands are in the order of Go's
// assembler: sources first, destination last.
type printer struct {
	lines []string
}

func (p *printer) line(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

func (p *printer) String() string { return strings.Join(p.lines, "\n") + "\n" }

// op prints one instruction.
func (p *printer) op(name string, operands ...any) {
	text := make([]string, len(operands))
	for i, o := range operands {
		text[i] = fmt.Sprint(o)
	}
	p.line("\t%s", strings.TrimSpace(name+" "+strings.Join(text, ", ")))
}

// note prints a comment above the instructions that follow.
func (p *printer) note(format string, args ...any) {
	p.line("")
	p.line("\t// "+format, args...)
}

// function prints the head of a function with its declaration in Go, the bytes
// of its arguments and results, and what it promises.
func (p *printer) function(declaration string, bytes int, about ...string) {
	name, _, _ := strings.Cut(strings.TrimPrefix(declaration, "func "), "(")
	p.line("")
	p.line("// %s", declaration)
	p.line("//")
	for _, text := range about {
		p.line("// %s", text)
	}
	p.line("TEXT ·%s(SB), NOSPLIT, $0-%d", name, bytes)
}

func (p *printer) end() {
	p.op("VZEROUPPER")
	p.op("RET")
}

// zreg is one of the registers Z0 to Z31: one limb of eight values.
type zreg int

func (z zreg) String() string { return fmt.Sprintf("Z%d", int(z)) }

// operand is a value of five limbs that an instruction can read.
type operand interface{ limb(i int) string }

// regs is a value in registers.
type regs [limbs]zreg

func (r regs) limb(i int) string { return r[i].String() }

// from returns five registers in a row.
func from(first zreg) (r regs) {
	for i := range r {
		r[i] = first + zreg(i)
	}
	return r
}

// mem is a value in memory: its limb i stands 64·i bytes behind base+offset.
type mem struct {
	base   string
	offset int
}

func (m mem) limb(i int) string { return fmt.Sprintf("%d(%s)", m.offset+64*i, m.base) }

// word is the i-th word of eight bytes.
func (m mem) word(i int) string { return fmt.Sprintf("%d(%s)", m.offset+8*i, m.base) }

func immediate(n int) string { return fmt.Sprintf("$%d", n) }
