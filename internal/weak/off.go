//go:build !weaken

// Package weak switches off a single defence by its red-team id, so that the
// test of the defence can be seen to fail. It does so only in binaries built
// with the tag "weaken"; in every other build Off is the constant false and
// the defence cannot be reached by any setting.
package weak

// Off reports whether the defence with this id is switched off: never.
func Off(string) bool { return false }
