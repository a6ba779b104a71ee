package clause

import (
	"slices"
	"strings"
	"unicode"
)

// maxCitation bounds a citation, in bytes.
const maxCitation = 120

// sources are the words a citation may begin with. A citation is the one place
// where wording may hold digits, so it has to look like nothing else.
var sources = []string{"§", "§§", "Act", "Annex", "Art.", "Article", "Articles", "Chapter", "Clause", "Clauses", "Code", "Convention",
	"Decision", "Directive", "Guidelines", "ISO", "ISO/IEC", "Law", "Module", "NIST", "Opinion", "Part", "Protocol", "Recital", "Recitals",
	"Regulation", "Rule", "Schedule", "Section", "Sections", "Standard", "Title", "Treaty"}

// joining are the words in small letters that may stand in a citation.
var joining = []string{"a", "and", "as", "by", "concerning", "for", "in", "lit.", "no.", "of", "on", "or", "para.", "seq.", "sentence", "the", "to", "with"}

// citation says what is wrong with the text between [[ and ]], or nothing.
func citation(s string) string {
	words := strings.Split(s, " ")
	if len(s) > maxCitation || !slices.Contains(sources, words[0]) || len(words) < 2 {
		return "a citation names a source and a place of at most 120 bytes, such as [[Article 28(3) GDPR]] or [[Section 3 of the Act]]"
	}
	for _, w := range words {
		first := []rune(strings.TrimLeft(w, "("))
		switch {
		case w == "" || strings.ContainsFunc(w, func(r rune) bool { return !citable(r) }):
			return "a citation is of words, plain digits and . , - / § ( ) between single spaces"
		case len(first) == 0:
			return "a citation is of words, plain digits and . , - / § ( ) between single spaces"
		case unicode.IsLower(first[0]) && len(first) > 1 && !strings.Contains(w, ")") && !slices.Contains(joining, strings.TrimRight(w, ",")):
			return "a citation names its source in capitals; \"" + cut(w) + "\" belongs into the wording"
		}
	}
	return ""
}

func citable(r rune) bool {
	return r >= '0' && r <= '9' || unicode.IsLetter(r) || strings.ContainsRune(".,-–/§()&'", r)
}

// cut shortens a hostile word in an error.
func cut(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
