package agreements

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Quantity words a number of things: "1 day", "1,000 people".
func quantity(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// thousands parts digits by threes.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// moment words a time; at midnight the day says it all.
func moment(t time.Time) string {
	t = t.UTC()
	switch {
	case t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0:
		return t.Format("2 January 2006")
	case t.Second() == 0:
		return t.Format("2 January 2006, 15:04 UTC")
	}
	return t.Format("2 January 2006, 15:04:05 UTC")
}

// lasting words the time between two moments: whole days, and what is left.
func lasting(from, to time.Time) string {
	seconds := to.Unix() - from.Unix() // time.Duration ends at 292 years
	parts := []string{}
	for _, u := range []struct {
		seconds   int64
		one, many string
	}{{86_400, "day", "days"}, {3600, "hour", "hours"}, {60, "minute", "minutes"}, {1, "second", "seconds"}} {
		if n := seconds / u.seconds; n > 0 {
			parts = append(parts, quantity(n, u.one, u.many))
		}
		seconds %= u.seconds
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return fmt.Sprintf("%s and %s", strings.Join(parts[:len(parts)-1], ", "), parts[len(parts)-1])
}
