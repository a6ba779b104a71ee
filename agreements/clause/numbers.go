package clause

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// numerals are the English words for numbers, without one, first, second and
// third, which mostly mean something else ("no one", "third party").
var numerals = setOf(strings.Fields(`zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
	seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands
	million millions billion billions trillion dozen dozens twice thrice
	fourth fifth sixth seventh eighth ninth tenth eleventh twelfth twentieth thirtieth fortieth fiftieth hundredth thousandth millionth`))

func setOf(words []string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		m[w] = true
	}
	return m
}

// roman is a number in capitals; single letters are letters.
var roman = regexp.MustCompile(`^M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})$`)

// ideographs of numbers are letters to Unicode.
const ideographs = "〇一二三四五六七八九十百千万萬億兆零壹貳叁參肆伍陸柒捌玖拾佰仟"

// Word is a word of an item's wording, as written, with its place and what
// surrounds it: a placeholder or citation is U+FFFC there.
type Word struct {
	Text          string
	Line, Column  int
	Before, After rune // 0 at the ends
}

// WordsOf splits the wording of an item into words: runs of letters, marks and
// numbers. Emphasis does not part a word.
func WordsOf(item []Span) []Word {
	var out []Word
	var w []rune
	var at Word
	before := rune(0)
	end := func(after rune) {
		if len(w) > 0 {
			at.Text, at.After = string(w), after
			out = append(out, at)
			w = w[:0]
		}
	}
	for _, s := range item {
		if s.Kind != Words {
			end('\uFFFC')
			before = '\uFFFC'
			continue
		}
		for i, r := range []rune(s.Text) {
			if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r) {
				if len(w) == 0 {
					at = Word{Line: s.Line, Column: s.Column + i, Before: before}
				}
				w = append(w, r)
			} else {
				end(r)
			}
			before = r
		}
	}
	end(0)
	return out
}

// numbers refuses wording that says a number: in digits of any script, or in
// English words, however they are dressed up.
func (p *parser) numbers(item []Span) {
	for _, w := range WordsOf(item) {
		plain := Plain(w.Text)
		switch {
		case strings.ContainsFunc(w.Text, func(r rune) bool { return unicode.IsNumber(r) || strings.ContainsRune(ideographs, r) }) ||
			strings.ContainsFunc(plain, unicode.IsNumber):
			p.add(w.Line, w.Column, "%q is a number: put a placeholder for the field that holds it, or a citation such as [[Article 28 GDPR]]", cut(w.Text))
		case numeral(plain):
			p.add(w.Line, w.Column, "%q is a number in words: put a placeholder for the field that holds it", cut(w.Text))
		case len(w.Text) > 1 && roman.MatchString(w.Text):
			p.add(w.Line, w.Column, "%q is a Roman number: put a placeholder, or a citation such as [[Annex II]]", cut(w.Text))
		case mixed(w.Text):
			p.add(w.Line, w.Column, "%q has letters that look like those of another alphabet", cut(w.Text))
		}
	}
}

// tens begin compounds such as twentyfive.
var tens = []string{"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}

func numeral(plain string) bool {
	for _, t := range tens {
		if rest, ok := strings.CutPrefix(plain, t); ok && (rest == "one" || numerals[rest]) {
			return true
		}
	}
	return numerals[plain]
}

// Plain is a word in small letters without accents and compatibility forms.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		if r == 'ı' {
			return 'i'
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}

// mixed reports a word of Latin letters and of others that could pass for
// Latin ones: of another alphabet, or of those that phoneticians use. The
// writing of East Asia stands beside Latin words without a space.
func mixed(s string) bool {
	latin, other := false, false
	for _, r := range s {
		switch {
		case !unicode.IsLetter(r) || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo):
		case r >= 0x1D00 && r <= 0x1DBF, r >= 0xA720 && r <= 0xA7FF, r >= 0x2C60 && r <= 0x2C7F, r >= 0x250 && r <= 0x2AF && !strings.ContainsRune("əɓɖɗɛɔɣɩʋ", r):
			return true
		case unicode.Is(unicode.Latin, r):
			latin = true
		default:
			other = true
		}
	}
	return latin && other
}
