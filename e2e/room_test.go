package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// joinSQL is the question that most tests ask of a room.
const joinSQL = `SELECT v.channel, COUNT(DISTINCT v.email) AS people, SUM(o.amount) AS sales
FROM visits v JOIN orders o ON v.email = o.email GROUP BY v.channel ORDER BY people`

// room is two organisations under one signed agreement: alpha has visits,
// beta has orders.
type room struct {
	dir         string
	alpha, beta *node
	agreement   string // id
}

// writeData writes the two files of a room over `people` people, who are
// numbered: the first 4/5 of them visited, the last 4/5 ordered, so that 3/5
// did both. Three visitors who also ordered came by mail; they are too few to
// be shown. The last order has an unusable address.
func writeData(dir string, people int) error {
	fifth := people / 5
	var visits, orders strings.Builder
	visits.WriteString("email,channel\n")
	orders.WriteString("email,region,amount\n")
	for i := 1; i <= 4*fifth; i++ {
		channel := "web"
		switch {
		case i > 4*fifth-3:
			channel = "mail"
		case i <= 2*fifth:
			channel = "shop"
		}
		fmt.Fprintf(&visits, "person%d@example.org,%s\n", i, channel)
	}
	for i := fifth + 1; i <= people; i++ {
		fmt.Fprintf(&orders, " Person%d@Example.org,%s,%d.25\n", i, [...]string{"north", "south"}[i%2], i%50)
	}
	orders.WriteString("nobody,north,1.00\n")
	return errors.Join(os.WriteFile(filepath.Join(dir, "visits.csv"), []byte(visits.String()), 0o600),
		os.WriteFile(filepath.Join(dir, "orders.csv"), []byte(orders.String()), 0o600))
}

// writeContracts copies the contracts of testdata/room.
func writeContracts(dir string) error {
	return os.CopyFS(dir, os.DirFS(contractsDir))
}

var contractsDir = func() string {
	dir, err := filepath.Abs(filepath.Join("testdata", "room"))
	if err != nil {
		return ""
	}
	return dir
}()

// openRoom makes homes, imports the data, and has the agreement signed by and
// given to both, all by commands. No node is running yet. The folder also
// holds the documents on the way: alpha.card.yaml, beta.card.yaml,
// draft.yaml, half.json, signed.json.
func openRoom(dir string, people int, draftFlags ...string) (*room, error) {
	r := &room{dir: dir}
	var err error
	if err = errors.Join(writeData(dir, people), writeContracts(dir)); err != nil {
		return nil, err
	}
	if r.alpha, err = newNode(dir, "alpha"); err != nil {
		return nil, err
	}
	if r.beta, err = newNode(dir, "beta"); err != nil {
		return nil, err
	}
	return r, r.agree(draftFlags...)
}

// step is one command whose output goes to a file of the room.
type step struct {
	by   *node
	args []string
	file string
}

func (r *room) agree(draftFlags ...string) error {
	draft := append([]string{"agreement", "new", "--dp", "none", "--with", "beta.card.yaml", "--contract", "visits.contract.yaml",
		"--partner-contract", "orders.contract.yaml", "--min-group-size", "5"}, draftFlags...)
	return r.do(
		step{r.alpha, []string{"card"}, "alpha.card.yaml"},
		step{r.beta, []string{"card"}, "beta.card.yaml"},
		step{r.alpha, []string{"dataset", "add", "--contract", "visits.contract.yaml"}, "visits.txt"},
		step{r.beta, []string{"dataset", "add", "--contract", "orders.contract.yaml"}, "orders.txt"},
		step{r.alpha, draft, "draft.yaml"},
		step{r.alpha, []string{"agreement", "sign", "draft.yaml"}, "half.json"},
		step{r.beta, []string{"agreement", "sign", "half.json"}, "signed.json"},
		step{r.alpha, []string{"agreement", "import", "signed.json"}, "id.txt"},
		step{r.beta, []string{"agreement", "import", "signed.json"}, "id.txt"},
	)
}

func (r *room) do(steps ...step) error {
	for _, s := range steps {
		out, err := s.by.run(s.args...)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(r.dir, s.file), []byte(out), 0o600); err != nil {
			return err
		}
		r.agreement = strings.TrimSpace(out)
	}
	return nil
}

// newRoom opens a room with both nodes running, for a Go test. The folder's
// name is short: a control socket's path must fit in 107 bytes.
func newRoom(t *testing.T, people int) *room {
	t.Helper()
	dir, err := os.MkdirTemp("", "room-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r, err := openRoom(dir, people)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node{r.alpha, r.beta} {
		t.Cleanup(func() { n.end(syscall.SIGKILL) })
		if err := n.start(); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *room) joinQuestion() question {
	return question{Agreement: r.agreement, SQL: joinSQL, Fresh: true}
}

// wantCSV is the answer to joinSQL over a room's data, by plain arithmetic.
func wantCSV(people int) string {
	fifth := people / 5
	count, cents := map[string]int{}, map[string]int{}
	for i := fifth + 1; i <= 4*fifth-3; i++ {
		channel := "web"
		if i <= 2*fifth {
			channel = "shop"
		}
		count[channel]++
		cents[channel] += i%50*100 + 25
	}
	out := "channel,people,sales\n"
	for _, c := range []string{"shop", "web"} {
		out += fmt.Sprintf("%s,%d,%d.%02d\n", c, count[c], cents[c]/100, cents[c]%100)
	}
	return out
}

// mustAnswer asks the room's question anew by the command line.
func (r *room) mustAnswer(t *testing.T, people int) {
	t.Helper()
	out, err := r.alpha.run("run", "--quiet", "--agreement", r.agreement, "--format", "csv", "--sql", joinSQL)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(out, "\r\n", "\n"); got != wantCSV(people) {
		t.Fatalf("the answer is\n%swant\n%s", got, wantCSV(people))
	}
}
