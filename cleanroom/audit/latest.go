package audit

import "time"

// Latest is the time of the newest entry, zero for an empty log. It never goes
// back, whatever the clock does.
func (l *Log) Latest() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Last returns the newest entry that fits, and whether there is one. It reads
// backwards, so that a recent entry is found soon in a long log.
func (l *Log) Last(fits func(*Entry) bool) (Entry, bool, error) {
	size, _ := l.Tree()
	for end := size; end > 0; {
		from := (end - 1) / width * width
		entries, err := l.Read(from, int(end-from))
		if err != nil {
			return Entry{}, false, err
		}
		for i := len(entries) - 1; i >= 0; i-- {
			if fits(&entries[i]) {
				return entries[i], true, nil
			}
		}
		end = from
	}
	return Entry{}, false, nil
}
