//go:build weaken

package weak

import "os"

// Off reports whether the defence with this id is switched off by PARLEY_WEAKEN.
func Off(id string) bool { return os.Getenv("PARLEY_WEAKEN") == id }
