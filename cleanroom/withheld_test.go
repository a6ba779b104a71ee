package cleanroom_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley/cleanroom/cleanroomtest"
)

// traits is what an observer between or behind two nodes can tell one call
// from another by, when it cannot read what is encrypted: who called whom, the
// message's name, all sizes, and the status. Names and sizes of headers are in.
func traits(t *testing.T, calls []*call, from string) []string {
	t.Helper()
	var out []string
	for _, c := range calls {
		body, answer := c.body, c.answer
		head, answerHead := headSize(c.header), headSize(c.answerHead)
		if strings.Contains(c.url, "/records/") || strings.HasSuffix(c.url, "/receipt") {
			body, answer = withoutLengths(t, body), withoutLengths(t, answer)
			head -= headSize(map[string][]string{"": c.header["Content-Length"]})
			answerHead -= headSize(map[string][]string{"": c.answerHead["Content-Length"]})
		}
		if c.from == from {
			out = append(out, fmt.Sprintf("%s ──▶ %s %s: head %d body %d, status %d head %d answer %d", c.from, c.to, c.step(),
				head, len(body), c.status, answerHead, len(answer)))
		}
	}
	return out
}

// withoutLengths takes out of a message what follows from the lengths of the two
// audit logs, which each node tells the other, and from the clock: proofs, the
// numbers of entries, and the times. All else of it stays to be compared.
func withoutLengths(t *testing.T, b []byte) []byte {
	t.Helper()
	if len(b) == 0 {
		return b
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	var settle func(v any) any
	settle = func(v any) any {
		switch v := v.(type) {
		case []any:
			for i := range v {
				v[i] = settle(v[i])
			}
		case map[string]any:
			for k, x := range v {
				_, list := x.([]any)
				text, isText := x.(string)
				raw, err := base64.StdEncoding.DecodeString(text)
				switch {
				case k == "proof" || k == "entry" && list:
					delete(v, k) // as many hashes as the log is deep
				case k == "since" || k == "size" || k == "sizes" || k == "index" || k == "entry" && !isText:
					v[k] = 0
				case k == "time":
					v[k] = ""
				case err == nil && (k == "checkpoint" || k == "yours"):
					lines := strings.Split(string(raw), "\n")
					lines[1] = "" // the number of entries
					v[k] = strings.Join(lines, "\n")
				case err == nil && k == "entry":
					v[k] = string(withoutLengths(t, raw))
				default:
					v[k] = settle(x)
				}
			}
		}
		return v
	}
	out, err := json.Marshal(settle(v))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func headSize(h map[string][]string) int {
	n := 0
	for k, values := range h {
		for _, v := range values {
			n += len(k) + len(v)
		}
	}
	return n
}

// TestWithheldLooksEmpty asks one question of three waves of people. In wave 1
// the group north has k−1 shared units, in wave 2 none, in wave 3 k. What the
// nodes send each other has the same names, sizes, statuses and order in all
// three, and the answers of waves 1 and 2 are the same bytes. Wave 3 shows that
// they could differ. (R23)
func TestWithheldLooksEmpty(t *testing.T) {
	t.Parallel()
	const k = 10
	var ads, orders []string
	row := func(list *[]string, who, group string, wave int) {
		*list = append(*list, fmt.Sprintf("%s@example.com,%s,%d,2", who, group, wave))
	}
	for wave, shared := range map[int]int{1: k - 1, 2: 0, 3: k} {
		for i := range 40 { // north
			who := fmt.Sprintf("n%d-%d", wave, i)
			row(&ads, who, "north", wave)
			if i < shared {
				row(&orders, who, "new", 1)
			}
		}
		for i := range 300 { // south, of whom 20 are not shared
			who := fmt.Sprintf("s%d-%d", wave, i)
			row(&ads, who, "south", wave)
			if i < 280 {
				row(&orders, who, "new", 1)
			}
		}
	}
	for i := range 200 {
		row(&orders, fmt.Sprintf("o%d", i), "new", 1)
	}
	agency, shop := cleanroomtest.Start(t, "agency"), cleanroomtest.Start(t, "shop")
	table{name: "ads", rows: ads}.add(t, agency)
	table{name: "orders", rows: orders}.add(t, shop)
	p := newTap(t, agency, shop)
	id := p.agree(k, agency, shop)
	question := func(wave int) string {
		return fmt.Sprintf(`SELECT ads.grp, COUNT(*) AS n, SUM(orders.amount) AS total FROM ads JOIN orders ON ads.email = orders.email WHERE ads.wave = %d GROUP BY ads.grp`, wave)
	}
	for _, asker := range []*cleanroomtest.Member{agency, shop} {
		t.Run(asker.Org()+" asks", func(t *testing.T) {
			// The alignment's size has noise of its own, and the first release
			// to an asker makes base transfers; from here on both are kept.
			ask(t, asker, id, question(4))
			var results [4][]byte
			var seen [4][2][]string
			for wave := 1; wave <= 3; wave++ {
				p.take()
				results[wave] = ask(t, asker, id, question(wave)).Result
				lastRun(t, agency)
				lastRun(t, shop)
				calls := p.take()
				seen[wave] = [2][]string{traits(t, calls, "agency"), traits(t, calls, "shop")}
			}
			for i, who := range []string{"agency", "shop"} {
				if len(seen[1][i]) < 3 {
					t.Fatalf("only %d calls of %s were seen", len(seen[1][i]), who)
				}
				for wave := 2; wave <= 3; wave++ {
					if !slices.Equal(seen[1][i], seen[wave][i]) {
						t.Errorf("%s's calls tell wave 1 from wave %d:\n%q\n%q", who, wave, seen[1][i], seen[wave][i])
					}
				}
			}
			if !bytes.Equal(results[1], results[2]) {
				t.Errorf("the answers tell k−1 units from none:\n%s\n%s", results[1], results[2])
			}
			if bytes.Equal(results[1], results[3]) || !bytes.Contains(results[3], []byte("north")) {
				t.Errorf("the group of k units is missing: %s", results[3])
			}
		})
	}
}
