package people

import (
	"fmt"
	"slices"
	"strings"
)

// Matrix is the table of roles and actions as text, for people.
func Matrix() string {
	var b strings.Builder
	for _, r := range Roles() {
		fmt.Fprintf(&b, "%-8s %s\n", r.Role, r.Text)
	}
	fmt.Fprintf(&b, "\n%-22s", "ACTION")
	for _, r := range Roles() {
		fmt.Fprintf(&b, " %-7s", r.Role)
	}
	b.WriteString("  WHAT\n")
	for _, r := range Rights() {
		fmt.Fprintf(&b, "%-22s", r.Action)
		for _, t := range Roles() {
			mark := "-"
			if May([]Role{t.Role}, r.Action) {
				mark = "yes"
			}
			fmt.Fprintf(&b, " %-7s", mark)
		}
		text := r.Text
		if r.Open {
			text += " (no sign-in needed)"
		}
		b.WriteString("  " + text + "\n")
	}
	return b.String()
}

// MatrixMarkdown is the same for documents.
func MatrixMarkdown() string {
	var b strings.Builder
	b.WriteString("| action |")
	for _, r := range Roles() {
		fmt.Fprintf(&b, " %s |", r.Role)
	}
	b.WriteString(" what |\n|---|" + strings.Repeat("---|", len(Roles())) + "---|\n")
	for _, r := range Rights() {
		if r.Open || r.Everybody {
			continue // the text around the table says so once
		}
		fmt.Fprintf(&b, "| `%s` |", r.Action)
		for _, t := range Roles() {
			mark := ""
			if slices.Contains(r.For, t.Role) {
				mark = "yes"
			}
			fmt.Fprintf(&b, " %s |", mark)
		}
		b.WriteString(" " + r.Text + " |\n")
	}
	return b.String()
}
