package cleanroom_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/cleanroom"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/engine/duckdb"
	"parley/crypto/keys"
)

// table is one dataset of a test: a contract over a CSV file. Columns are
// email (the unit), grp (dimension and filter), wave (filter), amount.
type table struct {
	name   string
	public bool     // lowers the floors, so that a handful of units will do
	domain []string // of grp; nil: not declared
	rows   []string // CSV lines
	terms  string   // changes the contract's hash and nothing else
}

func (d table) contract() string {
	domain := ""
	if d.domain != nil {
		domain = fmt.Sprintf("\n          - {property: domain, value: [%s]}", strings.Join(d.domain, ", "))
	}
	return fmt.Sprintf(`apiVersion: v3.1.0
kind: DataContract
id: test-%[1]s
name: %[1]s
version: 1.0.0
status: active
description: {purpose: "Testing. %[4]s"}
servers: [{server: file, type: local, path: %[1]s.csv, format: csv}]
schema:
  - name: %[1]s
    properties:
      - name: email
        logicalType: string
        customProperties:
          - {property: roomRole, value: joinKey}
          - {property: normalisation, value: email/v1}
      - name: grp
        logicalType: string
        required: true
        customProperties:
          - {property: roomRole, value: [dimension, filter]}%[2]s
      - name: wave
        logicalType: integer
        required: true
        customProperties:
          - {property: roomRole, value: filter}
      - name: amount
        logicalType: integer
        required: true
        logicalTypeOptions: {minimum: 0, maximum: 100}
        customProperties:
          - {property: roomRole, value: measure}
customProperties:
  - {property: maxRowsPerUnit, value: 4}
  - {property: adHoc, value: true}
  - {property: publicData, value: %[3]t}
`, d.name, domain, d.public, d.terms)
}

// add imports the table at a node.
func (d table) add(t testing.TB, m *cleanroomtest.Member) *cleanroom.Dataset {
	t.Helper()
	dir := t.TempDir()
	csv := "email,grp,wave,amount\n" + strings.Join(d.rows, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, d.name+".csv"), []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	return m.Add(t, d.contract(), dir)
}

// people makes n rows of units prefix0…, all of one group.
func people(prefix, group string, from, n int) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("%s%d@example.com,%s,1,%d", prefix, from+i, group, (from+i)%7)
	}
	return rows
}

// smallAds and smallOrders share units p0 to p19 and need 2 of a group.
var (
	smallAds    = table{name: "ads", public: true, rows: append(people("p", "north", 0, 12), people("p", "south", 12, 12)...)}
	smallOrders = table{name: "orders", public: true, rows: append(people("p", "new", 0, 20), people("q", "new", 0, 10)...)}
)

// bySegment joins the two small tables.
const bySegment = `SELECT ads.grp, COUNT(*) AS n, SUM(orders.amount) AS total FROM ads JOIN orders ON ads.email = orders.email GROUP BY ads.grp ORDER BY ads.grp`

// ownerOnly asks about orders alone.
const ownerOnly = `SELECT grp, COUNT(DISTINCT email) AS people FROM orders GROUP BY grp`

// pair is two nodes with the small tables under an agreement with k = 2.
func pair(t testing.TB, change ...func(*cleanroom.Config)) (agency, shop *cleanroomtest.Member, agreement string) {
	t.Helper()
	agency = cleanroomtest.Start(t, "agency", change...)
	shop = cleanroomtest.Start(t, "shop", change...)
	smallAds.add(t, agency)
	smallOrders.add(t, shop)
	return agency, shop, cleanroomtest.Agree(t, 2, agency, shop)
}

// journal is a node's log that a test can read.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// start makes a node like cleanroomtest.Start, with options of its own.
func start(t testing.TB, org string, options func(*cleanroom.Options), change ...func(*cleanroom.Config)) *cleanroomtest.Member {
	t.Helper()
	home, l := newHome(t, org, change...)
	m, stop := serve(t, home, l, options)
	t.Cleanup(stop)
	return m
}

// newHome prepares a home for a node that will answer on l.
func newHome(t testing.TB, org string, change ...func(*cleanroom.Config)) (cleanroom.Home, net.Listener) {
	t.Helper()
	home := cleanroom.Home(filepath.Join(t.TempDir(), "home"))
	l := listen(t)
	cfg := cleanroom.DefaultConfig(org)
	cfg.Listen, cfg.Address, cfg.AllowLoopbackPeers = l.Addr().String(), l.Addr().String(), true
	cfg.PeerPatience = 3 * time.Second
	cfg.AlignmentsPerDay = 1000
	for _, c := range change {
		c(&cfg)
	}
	err := cleanroom.Init(home, cleanroom.InitOptions{Config: cfg, Passphrase: []byte(cleanroomtest.Passphrase), WorkFactor: 10})
	if err != nil {
		t.Fatal(err)
	}
	return home, l
}

// serve opens a home and answers on l until stop is called.
func serve(t testing.TB, home cleanroom.Home, l net.Listener, options func(*cleanroom.Options)) (m *cleanroomtest.Member, stop func()) {
	t.Helper()
	o := cleanroom.Options{Home: home, Keys: keyring(t, home), Now: time.Now,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Engine: duckdb.New(duckdb.Options{})}
	if options != nil {
		options(&o)
	}
	n, err := cleanroom.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- n.Serve(l) }()
	stop = sync.OnceFunc(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close %s: %v", n.Org(), err)
		}
		if err := <-done; err != nil {
			t.Errorf("serve %s: %v", n.Org(), err)
		}
	})
	return &cleanroomtest.Member{Node: n, Home: home, Card: n.Card()}, stop
}

// lastAddress numbers the loopback addresses that tests listen on.
var lastAddress atomic.Uint32

// listen opens a port on a loopback address of its own. Tests close listeners
// and open them again; on an address that is shared, somebody else could have
// taken the port in between.
func listen(t testing.TB) net.Listener {
	t.Helper()
	n := lastAddress.Add(1)
	l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+os.Getpid()%250, 1+n/250, 1+n%250))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func keyring(t testing.TB, home cleanroom.Home) *keys.File {
	t.Helper()
	file, err := os.ReadFile(home.KeyFile())
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Unlock(file, []byte(cleanroomtest.Passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// ask runs a question to its end and demands an answer.
func ask(t testing.TB, m *cleanroomtest.Member, agreement, sql string) *cleanroom.View {
	t.Helper()
	v, err := m.Ask(t.Context(), agreement, sql)
	if err != nil {
		t.Fatal(err)
	}
	if !cleanroomtest.Succeeded(v) {
		t.Fatalf("%s's run is %s: %s", m.Org(), v.State, v.Error)
	}
	return v
}

// lastRun is the newest run at a node, once it has ended.
func lastRun(t testing.TB, m *cleanroomtest.Member) *cleanroom.View {
	t.Helper()
	runs, err := m.Runs(t.Context(), 1)
	if err != nil || len(runs) == 0 {
		t.Fatalf("%s has no run: %v", m.Org(), err)
	}
	v, err := m.Finish(t.Context(), runs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
