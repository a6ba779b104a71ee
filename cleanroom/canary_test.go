package cleanroom_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/crypto/wire"
)

// width is how many bytes of a form are looked for. Every form is longer.
const width = 12

// canaries finds units in bytes, in any form in which they could be read back
// or looked up: raw as in the owner's file, normalised, their SHA-256 and the
// node's own short key, each of them as bytes, hex, base64 or in a URL.
type canaries struct {
	forms map[[width]byte]string // first bytes of a form -> what it is
}

func (c *canaries) add(what string, values ...string) {
	if c.forms == nil {
		c.forms = map[[width]byte]string{}
	}
	for _, v := range values {
		plain := sha256.Sum256([]byte(v))
		key := sha256.Sum256(append([]byte(wire.LabelUnit), v...))
		for form, b := range map[string][]byte{"text": []byte(v), "SHA-256": plain[:], "unit key": key[:16]} {
			c.form(what+", "+form, b)
			c.form(what+", hex of "+form, []byte(hex.EncodeToString(b)))
			c.form(what+", upper-case hex of "+form, []byte(strings.ToUpper(hex.EncodeToString(b))))
			c.form(what+", URL form of "+form, []byte(url.QueryEscape(string(b))))
			for shift := range 3 {
				for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
					c.form(fmt.Sprintf("%s, base64 of %s, shift %d", what, form, shift), shifted(enc, b, shift))
				}
			}
		}
	}
}

// shifted is the part of base64(x ‖ b ‖ y) that depends on b alone, when x has
// shift bytes more than a multiple of three.
func shifted(enc *base64.Encoding, b []byte, shift int) []byte {
	whole := enc.EncodeToString(append(make([]byte, shift), b...))
	first := []int{0, 2, 3}[shift] // characters that hold bits of x
	return []byte(whole[first : len(whole)-1])
}

func (c *canaries) form(what string, b []byte) {
	if len(b) < width {
		panic("a canary is too short to be looked for: " + what)
	}
	c.forms[[width]byte(b)] = what
}

// find returns what stands in b, or in what base64 within it decodes to (a
// receipt in a body is base64 within base64), or "".
func (c *canaries) find(b []byte) string {
	for i := 0; i+width <= len(b); i++ {
		if what, ok := c.forms[[width]byte(b[i:])]; ok {
			return what
		}
	}
	for _, run := range base64Run.FindAll(b, -1) {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if inner, err := enc.DecodeString(string(run[:len(run)-len(run)%4])); err == nil {
				if what := c.find(inner); what != "" {
					return what + ", within base64"
				}
			}
		}
	}
	return ""
}

var base64Run = regexp.MustCompile(`[A-Za-z0-9+/_-]{16,}`)

// TestCanariesAreFound shows that the search can fail.
func TestCanariesAreFound(t *testing.T) {
	t.Parallel()
	var c canaries
	unit := "canary-0017@example.com"
	c.add("unit", unit)
	sum := sha256.Sum256([]byte(unit))
	for _, hidden := range []string{
		unit, hex.EncodeToString([]byte(unit)), string(sum[:]), hex.EncodeToString(sum[:]), url.QueryEscape(unit),
		base64.StdEncoding.EncodeToString([]byte(unit)), base64.StdEncoding.EncodeToString([]byte("x" + unit + "yy")),
		base64.URLEncoding.EncodeToString([]byte("xx" + unit)), base64.StdEncoding.EncodeToString(sum[:]),
		base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(sum[:]))),
		base64.StdEncoding.EncodeToString([]byte(`{"payload":"` + base64.StdEncoding.EncodeToString([]byte("xx"+unit)) + `"}`)),
	} {
		if c.find([]byte("before "+hidden+" after")) == "" {
			t.Errorf("not found: %q", hidden)
		}
	}
	if what := c.find([]byte("canary-0018@example.com")); what != "" {
		t.Errorf("found %s where it is not", what)
	}
}

// watched are two nodes with 1,100 units each, 60 canaries a side of which 30
// are shared, whose traffic and logs are read.
type watched struct {
	agency, shop *cleanroomtest.Member
	logs         [2]*journal
	tap          *tap
	agreement    string
	canaries     canaries
}

// hiddenGroup is a group of the shop below k. Nobody else may learn its name.
const hiddenGroup = "hidden-group-of-the-shop"

func watch(t *testing.T) *watched {
	w := &watched{logs: [2]*journal{{}, {}}}
	for i, org := range []string{"agency", "shop"} {
		log := slog.New(slog.NewTextHandler(w.logs[i], &slog.HandlerOptions{Level: slog.LevelDebug}))
		m := start(t, org, func(o *cleanroom.Options) { o.Log, o.WithoutHistory = log, true })
		if i == 0 {
			w.agency = m
		} else {
			w.shop = m
		}
	}
	unit := func(side string, i int) string { return fmt.Sprintf("Canary-%s-%04d@Example.COM", side, i) }
	var ads, orders []string
	for i := range 60 {
		mine, theirs := unit("ads", i), unit("orders", i)
		if i < 30 {
			mine, theirs = unit("both", i), unit("both", i)
		}
		w.canaries.add("a unit", mine, theirs, strings.ToLower(mine), strings.ToLower(theirs), strings.ToUpper(mine), strings.ToUpper(theirs))
		ads = append(ads, fmt.Sprintf("%s,north,1,3", mine))
		group := "new"
		if i < 5 {
			group = hiddenGroup
		}
		orders = append(orders, fmt.Sprintf("  %s ,%s,1,5", strings.ToUpper(theirs), group))
	}
	w.canaries.add("a group below the threshold", hiddenGroup)
	a := table{name: "ads", rows: append(ads, people("person", "south", 0, 1040)...)}
	o := table{name: "orders", rows: append(orders, people("person", "old", 500, 1040)...)}
	a.add(t, w.agency)
	o.add(t, w.shop)
	w.tap = newTap(t, w.agency, w.shop)
	w.agreement = w.tap.agree(20, w.agency, w.shop)
	return w
}

// TestNoUnitLeavesANode runs a join, alignment included, and a question about
// one owner's data, and looks for every unit in all that crossed the wire, in
// the logs, in the answers and in every file of both homes. (R65)
func TestNoUnitLeavesANode(t *testing.T) {
	t.Parallel()
	w := watch(t)
	views := []*cleanroom.View{
		ask(t, w.agency, w.agreement, `SELECT orders.grp, COUNT(*) AS n, SUM(orders.amount) AS total FROM ads JOIN orders ON ads.email = orders.email GROUP BY orders.grp`),
		ask(t, w.agency, w.agreement, ownerOnly),
		ask(t, w.shop, w.agreement, `SELECT ads.grp, COUNT(DISTINCT ads.email) AS n FROM ads JOIN orders ON ads.email = orders.email GROUP BY ads.grp`),
	}
	if _, err := w.agency.Ask(t.Context(), w.agreement, `SELECT COUNT(*) FROM orders WHERE email = 'Canary-both-0001@Example.COM'`); err == nil {
		t.Fatal("a question about one unit was accepted")
	}
	calls := w.tap.take()
	total := 0
	for _, c := range calls {
		for what, b := range map[string][]byte{"body": c.body, "answer": c.answer,
			"request": fmt.Appendf(nil, "%s %s %v", c.method, c.url, c.header), "answer's head": fmt.Appendf(nil, "%d %v", c.status, c.answerHead)} {
			if found := w.canaries.find(b); found != "" {
				t.Errorf("%s ──▶ %s, %s, %s: %s", c.from, c.to, c.step(), what, found)
			}
			total += len(b)
		}
	}
	if len(calls) < 20 || total < 500_000 {
		t.Fatalf("only %d calls of %d bytes were seen: the tap missed the run", len(calls), total)
	}
	for _, v := range views {
		if found := w.canaries.find(fmt.Appendf(nil, "%+v %s %s", v, v.Result, v.Receipt)); found != "" {
			t.Errorf("the answer of %s holds %s", v.ID, found)
		}
	}
	w.searchNodes(t)
}

// searchNodes looks through logs and files.
func (w *watched) searchNodes(t *testing.T) {
	t.Helper()
	for i, m := range []*cleanroomtest.Member{w.agency, w.shop} {
		log := w.logs[i].String()
		if !strings.Contains(log, "stage done") {
			t.Fatalf("the log of %s was not captured", m.Org())
		}
		if found := w.canaries.find([]byte(log)); found != "" {
			t.Errorf("the log of %s holds %s", m.Org(), found)
		}
		files := 0
		err := filepath.WalkDir(string(m.Home), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if found := w.canaries.find(b); found != "" {
				t.Errorf("%s of %s holds %s", d.Name(), m.Org(), found)
			}
			if found := w.canaries.find([]byte(path)); found != "" {
				t.Errorf("a file name of %s holds %s", m.Org(), found)
			}
			files++
			return err
		})
		if err != nil || files < 6 {
			t.Fatalf("only %d files were searched: %v", files, err)
		}
	}
}
