package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parley/cleanroom"
	"parley/cleanroom/api"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
)

// TestR66AnswersAreForAnalysts: whoever may see that there was a run, and has
// not the role, sees neither its answer nor its receipt, which holds the answer.
func TestR66AnswersAreForAnalysts(t *testing.T) {
	t.Parallel()
	d, shop, id := open(t)
	tokens := map[people.Role]string{}
	for _, r := range people.Roles() {
		tokens[r.Role] = shop.Person(t, "the-"+string(r.Role), r.Role)
	}
	analyst := visitor{d, tokens[people.Analyst]}
	q := fmt.Sprintf(`{"agreement":%q,"sql":"SELECT grp, COUNT(*) AS n FROM orders GROUP BY grp"}`, id)
	var r api.Submitted
	if status, body := analyst.call("POST", "/runs", q); status != http.StatusAccepted || json.Unmarshal([]byte(body), &r) != nil {
		t.Fatal(status, body)
	}
	if _, err := shop.Finish(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	for _, role := range []people.Role{people.Analyst, people.Owner, people.Auditor} {
		for _, path := range []string{"/runs/" + r.ID, "/runs/" + r.ID + "/events"} {
			_, body := visitor{d, tokens[role]}.call("GET", path, "")
			lines := strings.Split(strings.TrimSpace(body), "\n")
			var v cleanroom.View
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil || v.State != store.Success {
				t.Fatalf("%s %s: %s", role, path, body)
			}
			sees := role == people.Analyst
			if (v.Result != nil) != sees || (v.Receipt != nil) != sees || v.Hidden == sees {
				t.Errorf("%s %s: %s", role, path, body)
			}
			if v.ReceiptHash == "" {
				t.Errorf("%s %s: no hash of the receipt", role, path)
			}
		}
		if _, body := (visitor{d, tokens[role]}).call("GET", "/runs", ""); strings.Contains(body, `"result"`) || strings.Contains(body, `"receipt":`) {
			t.Errorf("%s: the list has answers: %s", role, body)
		}
	}
	// A token of the analyst's for something else shows none either.
	s, err := shop.People().Show(t.Context(), tokens[people.Analyst])
	if err != nil {
		t.Fatal(err)
	}
	tok, err := shop.People().AddToken(people.With(t.Context(), s), people.NewToken{Label: "watch", Scope: []people.Action{people.RunSee}, Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, body := (visitor{d, tok.Text}).call("GET", "/runs/"+r.ID, ""); strings.Contains(body, `"result"`) || !strings.Contains(body, `"hidden":true`) {
		t.Errorf("a token without answer.see: %s", body)
	}
}
