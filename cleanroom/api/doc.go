// Package api is the door of a node's own people and programs. Its handlers
// serve HOME/control.sock, where the file's mode (0600) says who may come in.
// Once the node has accounts, every call also needs a token (Authorization:
// Bearer), and Routes says which action each call is.
//
//	GET    /v1/status                 is the node up, who is it
//	GET    /v1/card                   its entry for an agreement
//	GET    /v1/datasets               POST: add one from a contract
//	GET    /v1/datasets/NAME          its contract
//	GET    /v1/datasets/NAME/profile  figures for the owner's eyes
//	GET    /v1/agreements             POST: import a signed one
//	GET    /v1/agreements/ID
//	GET    /v1/agreements/ID/history  how it came to be and what became of it
//	GET    /v1/agreements/ID/amendment  a draft that amends it
//	POST   /v1/agreements/ID/suspend  also resume, revoke: a signed notice
//	GET    /v1/negotiations           POST: propose a draft
//	GET    /v1/negotiations/ID
//	POST   /v1/negotiations/ID/counter  also accept, reject
//	POST   /v1/agreements/sign        draft or envelope in, envelope out
//	GET    /v1/templates              POST: copy or import one
//	GET    /v1/templates/REF          PUT: edit; POST …/review, …/approve, …/retire,
//	                                  …/comments, …/comments/NUMBER/resolve
//	GET    /v1/template-hashes/HASH   the template that an agreement names
//	POST   /v1/agreements/draft       an approved template, filled in
//	POST   /v1/explain                what a question would do
//	POST   /v1/explain/STAGE          its pass parse, check or plan
//	POST   /v1/runs                   202 and the run
//	GET    /v1/runs                   the latest ones
//	GET    /v1/runs/ID
//	GET    /v1/runs/ID/events         one JSON line per change until it ends
//	DELETE /v1/runs/ID                cancel
//	POST   /v1/session                sign in; DELETE: sign out
//	GET    /v1/me                     who calls, and what they may do
//	POST   /v1/me/password, /codes, /codes/confirm
//	GET    /v1/me/tokens              POST: a new one, DELETE /ID: end one
//	GET    /v1/people                 POST: add one
//	POST   /v1/people/NAME/roles, /disable, /enable, /password
//	DELETE /v1/people/NAME/codes
//
// Errors are problem details (RFC 9457). Their texts are for this node's own
// people; what a partner may know is decided in cleanroom/offer.go.
package api
