package api

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"parley/cleanroom"
	"parley/cleanroom/people"
)

// Route is one call of the node's own API and the action that it is: who may
// make it stands in people.Rights.
type Route struct {
	Method string
	Path   string
	Action people.Action
	serve  func(server, echo.Context) error
}

// Routes is the table of all calls. A call that is not here does not exist.
func Routes() []Route {
	return []Route{
		{http.MethodGet, "/status", people.StatusSee, server.status},
		{http.MethodGet, "/card", people.CardSee, server.card},

		{http.MethodGet, "/datasets", people.DatasetSee, server.datasets},
		{http.MethodPost, "/datasets", people.DatasetManage, server.addDataset},
		{http.MethodGet, "/datasets/:name", people.DatasetSee, server.contract},
		{http.MethodGet, "/datasets/:name/profile", people.DatasetData, server.profile},

		{http.MethodGet, "/agreements", people.AgreementSee, server.agreements},
		{http.MethodPost, "/agreements", people.AgreementTalk, server.importAgreement},
		{http.MethodPost, "/agreements/sign", people.AgreementSign, server.signAgreement},
		{http.MethodGet, "/agreements/:id", people.AgreementSee, server.agreement},

		{http.MethodPost, "/explain", people.QuestionAsk, server.explain},
		{http.MethodPost, "/explain/:stage", people.QuestionAsk, server.pass},

		{http.MethodPost, "/runs", people.RunAsk, server.submit},
		{http.MethodGet, "/runs", people.RunSee, server.runs},
		{http.MethodGet, "/runs/:id", people.RunSee, server.run},
		{http.MethodGet, "/runs/:id/events", people.RunSee, server.events},
		{http.MethodDelete, "/runs/:id", people.RunStop, server.cancel},

		{http.MethodGet, "/approvals", people.ApprovalSee, server.waiting},
		{http.MethodPost, "/approvals/:id", people.ApprovalGive, server.decide},
		{http.MethodGet, "/budget", people.BudgetSee, server.budget},
	}
}

// guarded asks whether the call is allowed before anything else of it is read.
func guarded(s server, r Route) echo.HandlerFunc {
	return func(c echo.Context) error {
		req := c.Request()
		ctx, err := s.node.Authorise(req.Context(), cleanroom.Call{Action: r.Action, Token: bearer(req)})
		if err != nil {
			return err
		}
		c.SetRequest(req.WithContext(ctx))
		return r.serve(s, c)
	}
}

// bearer is the token of "Authorization: Bearer TOKEN" (RFC 6750), or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
