package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/analysis"
)

// longQuestion is how many characters of a question are printed to the person
// who decides about it.
const longQuestion = 600

var lineBreak = regexp.MustCompile(`\s*[\r\n]\s*`)

// waitingQuestion is a question on one line: SQL, or an analysis and its
// parameters. It is the asker's text, so that nothing in it may turn letters
// round or move a cursor; and what is left out is said, since the rest can
// change what the beginning means.
func waitingQuestion(raw json.RawMessage) string {
	var q analysis.Question
	text := string(raw)
	if err := json.Unmarshal(raw, &q); err == nil && q.Analysis != "" {
		text = q.Analysis + given(q.Params)
	} else if err == nil {
		text = oneLine(q.SQL)
	}
	letters := []rune(printable(text))
	if len(letters) <= longQuestion {
		return string(letters)
	}
	return fmt.Sprintf("%s … [cut: the first %d of %s characters; --json shows all]", string(letters[:longQuestion]), longQuestion, count(int64(len(letters))))
}

// oneLine puts SQL on one line. Where it may hold a comment up to the end of
// its line, the ends of lines stay visible: what follows is none.
func oneLine(sql string) string {
	mark := " "
	if strings.Contains(sql, "--") {
		mark = " ↵ "
	}
	return strings.ReplaceAll(lineBreak.ReplaceAllString(strings.TrimSpace(sql), mark), "\t", " ")
}

// given words the parameters of an analysis: (campaign = "spring", days = "7").
func given(params map[string]string) string {
	if len(params) == 0 {
		return ""
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		list = append(list, name+" = "+strconv.Quote(params[name]))
	}
	return " (" + strings.Join(list, ", ") + ")"
}
