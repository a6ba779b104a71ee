// Package words words the values of an agreement: quantities, moments, spans
// of time. Clauses and annexes use the same words, so that a value never reads
// differently in two places.
package words

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Quantity words a number of things: "1 day", "1,000 people".
func Quantity(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Thousands(n) + " " + many
}

// Thousands parts digits by threes.
func Thousands(n int64) string {
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

// Moment words a time; at midnight the day says it all.
func Moment(t time.Time) string {
	t = t.UTC()
	switch {
	case t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0:
		return t.Format("2 January 2006")
	case t.Second() == 0:
		return t.Format("2 January 2006, 15:04 UTC")
	}
	return t.Format("2 January 2006, 15:04:05 UTC")
}

// Lasting words the time between two moments: whole days, and what is left. Of
// a day or more no seconds are said: "about" stands for them, since the two
// moments are said elsewhere to the second.
func Lasting(from, to time.Time) string {
	const day = 86_400
	seconds := to.Unix() - from.Unix() // time.Duration ends at 292 years
	about := ""
	if left := seconds % 60; seconds >= day && left > 0 {
		about, seconds = "about ", seconds-left
	}
	parts := []string{}
	for _, u := range []struct {
		seconds   int64
		one, many string
	}{{day, "day", "days"}, {3600, "hour", "hours"}, {60, "minute", "minutes"}, {1, "second", "seconds"}} {
		if n := seconds / u.seconds; n > 0 {
			parts = append(parts, Quantity(n, u.one, u.many))
		}
		seconds %= u.seconds
	}
	if len(parts) < 2 {
		return about + strings.Join(parts, "")
	}
	return fmt.Sprintf("%s%s and %s", about, strings.Join(parts[:len(parts)-1], ", "), parts[len(parts)-1])
}

// Day words a time of day too, whatever it is.
func Day(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 UTC") }

// Times words how far e^epsilon lets a chance move: "2.72 times". The decimal
// must be positive.
func Times(epsilon string) string {
	x, _ := strconv.ParseFloat(epsilon, 64)
	factor := math.Exp(x)
	if factor >= 100 {
		return Thousands(int64(math.Ceil(factor))) + " times"
	}
	return strconv.FormatFloat(math.Ceil(factor*100)/100, 'f', 2, 64) + " times"
}

// OneIn words a chance: 0.000001 is "1 in 1,000,000", rounded so that the chance
// said is no smaller. "" if it is not below 1 in 2.
func OneIn(chance string) string {
	r, ok := new(big.Rat).SetString(chance)
	if !ok || r.Sign() <= 0 {
		return ""
	}
	n := new(big.Int).Quo(r.Denom(), r.Num())
	if !n.IsInt64() || n.Int64() < 2 {
		return ""
	}
	return "1 in " + Thousands(n.Int64())
}
