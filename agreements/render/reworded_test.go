package render

import "testing"

// A change of a field shows as the sentences that quote it; new wording does not.
func TestRewordings(t *testing.T) {
	a := parsed(t)
	for _, c := range []struct {
		edit []string
		want string
	}{
		{nil, ""},
		{[]string{"not to be combined", "never to be combined"}, ""},
		{[]string{"title: Sales by campaign", "title: Sales"}, ""},
		{[]string{"minGroupSize: 50", "minGroupSize: 75"}, "\nSo these sentences read otherwise, in the same words:\n2. Answers\n  - never about fewer than _50 people_, and\n  + never about fewer than _75 people_, and\n"},
		{[]string{"receivers: [client]\ndatasets", "receivers: [client, agency]\ndatasets", `value: "90"`, `value: "30"`},
			"\nSo these sentences read otherwise, in the same words:\n2. Answers\n  - Answers go to _client_ and are kept for 90 days. They are\n  + Answers go to _client and agency_ and are kept for 30 days. They are\n"},
	} {
		all, err := Rewordings(a, parsed(t, c.edit...))
		must(t, err)
		if got := RewordedText(all); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.edit, got, c.want)
		}
	}
}
