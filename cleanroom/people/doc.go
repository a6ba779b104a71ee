// Package people says who of an organisation may do what at its node: local
// accounts with roles, passwords and codes, tokens for programs, and the one
// table of roles and actions.
//
// A node without accounts belongs to whoever may open its control socket. From
// the first account on, every call names a session or token:
//
//	token ──hash──▶ state.db ──▶ person, roles, scope ──Rights()──▶ allowed or refused, recorded
//
// The package reads no clock and draws no random numbers of its own.
package people
