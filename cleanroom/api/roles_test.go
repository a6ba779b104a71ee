package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/cleanroom/api"
	"parley/cleanroom/audit"
	"parley/cleanroom/cleanroomtest"
	"parley/cleanroom/people"
)

// allowedTo is what R66 expects of every route: the roles that may make the
// call, "all" for everybody who signed in, "open" for everybody. It is written
// down once more here, and not derived from people.Rights, so that a slip in
// that table is seen.
var allowedTo = map[string]string{
	"GET /status": "open",
	"GET /card":   "all",

	"GET /datasets":               "owner legal analyst auditor",
	"POST /datasets":              "owner",
	"GET /datasets/:name":         "owner legal analyst auditor",
	"GET /datasets/:name/profile": "owner",
	"POST /datasets/:name/offers": "owner",

	"GET /invitations":              "admin owner legal auditor",
	"POST /invitations":             "admin",
	"DELETE /invitations/:id":       "admin",
	"GET /partners":                 "admin owner legal auditor",
	"POST /partners":                "admin",
	"GET /partners/:name":           "admin owner legal auditor",
	"DELETE /partners/:name":        "admin",
	"POST /partners/:name/confirm":  "admin",
	"GET /partners/:name/contracts": "admin owner legal auditor",

	"GET /agreements":       "owner legal analyst auditor",
	"POST /agreements":      "legal",
	"POST /agreements/sign": "legal",
	"GET /agreements/:id":   "owner legal analyst auditor",

	"GET /agreements/:id/history":    "owner legal analyst auditor",
	"GET /agreements/:id/amendment":  "owner legal analyst auditor",
	"POST /agreements/:id/suspend":   "owner legal",
	"POST /agreements/:id/resume":    "legal",
	"POST /agreements/:id/revoke":    "legal",
	"GET /negotiations":              "owner legal analyst auditor",
	"POST /negotiations":             "legal",
	"GET /negotiations/:id":          "owner legal analyst auditor",
	"POST /negotiations/:id/counter": "legal",
	"POST /negotiations/:id/accept":  "legal",
	"POST /negotiations/:id/reject":  "legal",
	"POST /agreements/draft":         "legal",

	"GET /templates":                                "owner legal analyst auditor",
	"POST /templates":                               "legal",
	"GET /templates/:ref":                           "owner legal analyst auditor",
	"PUT /templates/:ref":                           "legal",
	"POST /templates/:ref/review":                   "legal",
	"POST /templates/:ref/comments":                 "legal",
	"POST /templates/:ref/comments/:number/resolve": "legal",
	"POST /templates/:ref/approve":                  "legal",
	"POST /templates/:ref/retire":                   "legal",
	"GET /template-hashes/:hash":                    "owner legal analyst auditor",

	"POST /explain":        "analyst",
	"POST /explain/:stage": "analyst",

	"POST /runs":           "analyst",
	"GET /runs":            "owner analyst auditor",
	"GET /runs/:id":        "owner analyst auditor",
	"GET /runs/:id/events": "owner analyst auditor",
	"DELETE /runs/:id":     "owner analyst",

	"GET /approvals":      "owner auditor",
	"POST /approvals/:id": "owner",
	"GET /budget":         "owner analyst auditor",

	"POST /session":          "open",
	"DELETE /session":        "all",
	"GET /me":                "all",
	"POST /me/password":      "all",
	"POST /me/codes":         "all",
	"POST /me/codes/confirm": "all",
	"GET /me/tokens":         "all",
	"POST /me/tokens":        "all",
	"DELETE /me/tokens/:id":  "all",

	"GET /people":                 "admin auditor",
	"POST /people":                "admin",
	"POST /people/:name/roles":    "admin",
	"POST /people/:name/disable":  "admin",
	"POST /people/:name/enable":   "admin",
	"POST /people/:name/password": "admin",
	"DELETE /people/:name/codes":  "admin",

	"GET /records":           "auditor",
	"GET /records/fsck":      "auditor",
	"GET /records/export":    "auditor",
	"POST /records/exchange": "admin auditor",
	"POST /records/accept":   "admin",
}

// visitor is a node's door to somebody who shows a token.
type visitor struct {
	door
	token string
}

func (v visitor) call(method, path, body string) (status int, detail string) {
	v.t.Helper()
	r := httptest.NewRequest(method, "http://parley/v1"+path, strings.NewReader(body))
	if v.token != "" {
		r.Header.Set("Authorization", "Bearer "+v.token)
	}
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	var p api.Problem
	if w.Code >= 400 {
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			v.t.Errorf("%s %s: not a problem: %s", method, path, w.Body)
		}
		return w.Code, p.Detail
	}
	return w.Code, w.Body.String()
}

// TestR66RolesByEndpoints makes every call of the door as somebody of every
// role, as somebody with a token for another action, as a disabled person and
// as nobody, and looks whether each was allowed or refused, and recorded.
func TestR66RolesByEndpoints(t *testing.T) {
	t.Parallel()
	shop := cleanroomtest.Start(t, "shop")
	d := door{t, api.Handler(shop.Node)}
	tokens := map[string]string{}
	for _, r := range people.Roles() {
		tokens[string(r.Role)] = shop.Person(t, "the-"+string(r.Role), r.Role)
	}
	seen := map[string]bool{}
	// Of calls by strangers a node records a hundred in a quarter of an hour.
	var guarded *cleanroomtest.Member
	for i, route := range api.Routes() {
		if i%40 == 0 {
			guarded = cleanroomtest.Start(t, "shop")
			guarded.Person(t, "anna", people.Admin)
		}
		name := route.Method + " " + route.Path
		seen[name] = true
		want, ok := allowedTo[name]
		if !ok {
			t.Errorf("%s: nobody has said here who may call it; put it into allowedTo", name)
			continue
		}
		if !route.Action.Known() {
			t.Errorf("%s: its action %q is not in people.Rights", name, route.Action)
		}
		path := strings.NewReplacer(":id", "none", ":name", "none", ":stage", "none").Replace(route.Path)
		for _, r := range people.Roles() {
			role := string(r.Role)
			allowed := want == "open" || want == "all" || strings.Contains(" "+want+" ", " "+role+" ")
			before := logged(t, shop)
			// A body that no call takes: what is allowed fails there, and has no effect.
			status, detail := visitor{d, tokens[role]}.call(route.Method, path, "{")
			if refused := status == http.StatusForbidden; refused == allowed || status == http.StatusUnauthorized {
				t.Errorf("%s as %s: %d %s", name, role, status, detail)
			}
			outcome := audit.OK
			if !allowed {
				outcome = audit.Refused
				if !strings.HasPrefix(detail, "the-"+role+" may not do this (") || !strings.Contains(detail, "it needs the role ") {
					t.Errorf("%s as %s: says %q", name, role, detail)
				}
			}
			if want != "open" {
				recorded(t, shop, before, name, string(route.Action), outcome, "the-"+role)
			}
			if name == "DELETE /session" {
				tokens[role] = shop.SignIn(t, "the-"+role)
			}
		}
		strangers(t, guarded, route, path, want)
	}
	for name := range allowedTo {
		if !seen[name] {
			t.Errorf("%s: there is no such call", name)
		}
	}
}

// strangers makes a call with no token, and with one that nobody was given.
func strangers(t *testing.T, shop *cleanroomtest.Member, route api.Route, path, want string) {
	t.Helper()
	d := door{t, api.Handler(shop.Node)}
	for token, text := range map[string]string{
		"": "this node has accounts, so it must know who asks: sign in with `parley login`, or set PARLEY_TOKEN",
		"parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA": "this session or token has ended, was revoked, or never was: sign in with `parley login`",
	} {
		before := logged(t, shop)
		status, detail := visitor{d, token}.call(route.Method, path, "{")
		switch {
		case want == "open" && status == http.StatusUnauthorized:
			t.Errorf("%s %s as nobody: %s", route.Method, path, detail)
		case want != "open" && (status != http.StatusUnauthorized || detail != text):
			t.Errorf("%s %s as nobody: %d %s", route.Method, path, status, detail)
		case want != "open":
			recorded(t, shop, before, path, string(route.Action), audit.Refused, "")
		}
	}
}

// logged is the number of entries in a node's log.
func logged(t *testing.T, m *cleanroomtest.Member) int {
	t.Helper()
	_, total := m.Log(t, 1<<30)
	return total
}

// recorded demands an entry, among those after the first so many, of a call.
func recorded(t *testing.T, m *cleanroomtest.Member, before int, name, action, outcome, caller string) {
	t.Helper()
	entries, _ := m.Log(t, before)
	for _, e := range entries {
		actor := caller
		if caller == "" {
			actor = "nobody"
		}
		if e.Action == "call."+action && e.Outcome == outcome && e.Detail["caller"] == caller && e.Actor == actor+"@shop" {
			return
		}
	}
	t.Errorf("%s by %q: no entry call.%s %s", name, caller, action, outcome)
}

// TestR66StrangersFillNoDisk: calls by nobody are all refused, and of many only
// a hundred are recorded.
func TestR66StrangersFillNoDisk(t *testing.T) {
	t.Parallel()
	shop := cleanroomtest.Start(t, "shop")
	anna := shop.Person(t, "anna", people.Admin)
	d := door{t, api.Handler(shop.Node)}
	before := logged(t, shop)
	for range 130 {
		if status, _ := (visitor{d, ""}).call("GET", "/people", ""); status != http.StatusUnauthorized {
			t.Fatal(status)
		}
	}
	if got := logged(t, shop) - before; got != 100 {
		t.Errorf("%d entries", got)
	}
	if status, body := (visitor{d, anna}).call("GET", "/people", ""); status != http.StatusOK {
		t.Errorf("who has a session is held up by that: %d %s", status, body)
	}
}
