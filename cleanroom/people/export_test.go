package people

import "time"

// CodeAt is what an authenticator shows.
func CodeAt(secret []byte, t time.Time) string { return code(secret, stepAt(t), codeDigits) }
