package cleanroom_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/cleanroom/cleanroomtest"
)

// A receipt says which columns its receiver learned, however many and however
// long a question's names are. It took sentences of 500 characters at most, and
// the run failed after it was charged.
func TestLongNames(t *testing.T) {
	t.Parallel()
	shop := start(t, "shop", nil)
	smallOrders.add(t, shop)
	id := cleanroomtest.Agree(t, 2, shop)
	var items []string
	for i := range 20 {
		items = append(items, fmt.Sprintf(`AVG(amount) AS "%s %d"`, strings.Repeat("n", 50), i))
	}
	if v := ask(t, shop, id, "SELECT "+strings.Join(items, ", ")+" FROM orders"); !cleanroomtest.Succeeded(v) {
		t.Errorf("%s: %s", v.State, v.Error)
	}
}
