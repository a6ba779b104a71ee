package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/api"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/store"
)

const contract = `apiVersion: v3.1.0
kind: DataContract
id: test-orders
name: orders
version: 1.0.0
status: active
servers: [{server: file, type: local, path: orders.csv, format: csv}]
schema:
  - name: orders
    properties:
      - name: email
        logicalType: string
        customProperties: [{property: roomRole, value: joinKey}, {property: normalisation, value: email/v1}]
      - name: grp
        logicalType: string
        required: true
        customProperties: [{property: roomRole, value: dimension}]
customProperties: [{property: adHoc, value: true}, {property: publicData, value: true}]
`

// door is a node's own API in front of a real node.
type door struct {
	t *testing.T
	h http.Handler
}

// call sends a request and demands a status; it returns the body.
func (d door) call(method, path, body string, want int) string {
	d.t.Helper()
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, httptest.NewRequest(method, "http://parley/v1"+path, strings.NewReader(body)))
	if w.Code != want {
		d.t.Errorf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	if w.Code >= 400 {
		var p api.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Detail == "" ||
			w.Header().Get("Content-Type") != "application/problem+json" {
			d.t.Errorf("%s %s: not a problem: %s", method, path, w.Body)
		}
	}
	return w.Body.String()
}

func open(t *testing.T) (door, *cleanroomtest.Member, string) {
	t.Helper()
	shop, agency := cleanroomtest.Start(t, "shop"), cleanroomtest.Start(t, "agency")
	d := door{t, api.Handler(shop.Node)}
	dir := t.TempDir()
	rows := "email,grp\n"
	for i := range 20 {
		rows += fmt.Sprintf("p%d@example.com,new\n", i)
	}
	if err := os.WriteFile(filepath.Join(dir, "orders.csv"), []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(api.AddDataset{Contract: contract, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	d.call("POST", "/datasets", string(in), http.StatusCreated)
	shop.Contracts = []cleanroom.OwnedContract{{Owner: "shop", Contract: []byte(contract)}}
	e := cleanroomtest.Draft(t, 2, shop, agency)
	if err := agency.SignAgreement(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	half, err := e.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	signed := d.call("POST", "/agreements/sign", string(half), http.StatusOK)
	var c cleanroom.Collaboration
	if err := json.Unmarshal([]byte(d.call("POST", "/agreements", signed, http.StatusOK)), &c); err != nil || c.State != store.AgreementActive {
		t.Fatalf("%+v %v", c.State, err)
	}
	return d, shop, c.ID
}

// TestDoor goes through every call once as it is meant.
func TestDoor(t *testing.T) {
	t.Parallel()
	d, shop, id := open(t)
	for path, want := range map[string]string{
		"/status": `"org":"shop"`, "/card": `"identityKey":"`, "/datasets": `"name":"orders"`, "/datasets/orders": "kind: DataContract",
		"/datasets/orders/profile": `"units":20`, "/agreements": id, "/agreements/" + id[7:17]: id,
	} {
		if got := d.call("GET", path, "", http.StatusOK); !strings.Contains(got, want) {
			t.Errorf("%s: %s", path, got)
		}
	}
	q := fmt.Sprintf(`{"agreement":%q,"sql":"SELECT grp, COUNT(*) AS n FROM orders GROUP BY grp"}`, id)
	d.call("POST", "/explain", q, http.StatusOK)
	for _, stage := range []string{"parse", "check", "plan"} {
		d.call("POST", "/explain/"+stage, q, http.StatusOK)
	}
	d.call("POST", "/explain/else", q, http.StatusNotFound)
	var r api.Submitted
	if err := json.Unmarshal([]byte(d.call("POST", "/runs", q, http.StatusAccepted)), &r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(d.call("GET", "/runs/"+r.ID+"/events", "", http.StatusOK)), "\n")
	var last cleanroom.View
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || !last.Ended || !strings.Contains(string(last.Result), `["new","20"]`) {
		t.Errorf("the last event: %s %v", lines[len(lines)-1], err)
	}
	if v, err := shop.Look(t.Context(), r.ID); err != nil || v.State != store.Success {
		t.Errorf("%+v %v", v, err)
	}
	if got := d.call("GET", "/runs?limit=5", "", http.StatusOK); !strings.Contains(got, r.ID) || strings.Contains(got, `["new"`) {
		t.Errorf("the list of runs: %s", got)
	}
	d.call("GET", "/runs/"+r.ID, "", http.StatusOK)
	d.call("DELETE", "/runs/"+r.ID, "", http.StatusNoContent) // too late, and no harm
}

// TestDoorRefuses sends what the door must not take.
func TestDoorRefuses(t *testing.T) {
	t.Parallel()
	d, _, id := open(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/runs/nothing", "", http.StatusNotFound, "no such run here"},
		{"DELETE", "/runs/nothing", "", http.StatusNotFound, "no such run here"},
		{"GET", "/agreements/none", "", http.StatusNotFound, "an id is given whole or by its first six digits or more, as `parley agreement list` shows it"},
		{"GET", "/agreements/abcdef012345", "", http.StatusNotFound, "no such agreement here; `parley agreement list` shows those this node has"},
		{"GET", "/datasets/none", "", http.StatusNotFound, `dataset \"none\": not found`},
		{"GET", "/datasets/none/profile", "", http.StatusNotFound, `dataset \"none\": not found`},
		{"POST", "/runs", `{"agreement":"x","sql":"SELECT 1","spl":"typo"}`, http.StatusBadRequest, "not valid JSON for this call"},
		{"POST", "/runs", `{"agreement":"x"} {}`, http.StatusBadRequest, "not valid JSON for this call"},
		{"POST", "/runs", strings.Repeat(" ", 4<<20+1), http.StatusRequestEntityTooLarge, "Request Entity Too Large"},
		{"POST", "/runs", fmt.Sprintf(`{"agreement":%q,"sql":"SELECT email FROM orders"}`, id), http.StatusUnprocessableEntity, `"refusal":{"code":"`},
		{"POST", "/explain", fmt.Sprintf(`{"agreement":%q,"sql":"DROP TABLE orders"}`, id), http.StatusUnprocessableEntity, "urn:parley:problem:refused"},
		{"POST", "/agreements", "{}", http.StatusUnprocessableEntity, "this is not a Parley agreement"},
		{"POST", "/agreements/sign", "title: [", http.StatusUnprocessableEntity, ""},
		{"POST", "/datasets", `{"contract":"","dir":"/"}`, http.StatusUnprocessableEntity, "the contract is empty"},
		{"PATCH", "/runs", "", http.StatusMethodNotAllowed, ""},
		{"GET", "/../runs", "", http.StatusNotFound, ""},
	} {
		if got := d.call(c.method, c.path, c.body, c.status); !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %s", c.method, c.path, got)
		}
	}
}
