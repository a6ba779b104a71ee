package words

import (
	"testing"
	"time"
)

// A span of a day or more is worded without seconds, and says so.
func TestLasting(t *testing.T) {
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for seconds, want := range map[int]string{
		86_400:                           "1 day",
		365 * 86_400:                     "365 days",
		86_399:                           "23 hours, 59 minutes and 59 seconds",
		86_401:                           "about 1 day",
		86_460:                           "1 day and 1 minute",
		179*86_400 + 2*3600 + 16*60 + 27: "about 179 days, 2 hours and 16 minutes",
		179*86_400 + 2*3600:              "179 days and 2 hours",
	} {
		if got := Lasting(from, from.Add(time.Duration(seconds)*time.Second)); got != want {
			t.Errorf("%d s: got %q, want %q", seconds, got, want)
		}
	}
}
