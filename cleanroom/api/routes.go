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
		{http.MethodPost, "/datasets/:name/offers", people.DatasetManage, server.offerDataset},

		{http.MethodGet, "/invitations", people.PartnerSee, server.invitations},
		{http.MethodPost, "/invitations", people.PartnerManage, server.invite},
		{http.MethodDelete, "/invitations/:id", people.PartnerManage, server.withdrawInvitation},
		{http.MethodGet, "/partners", people.PartnerSee, server.partners},
		{http.MethodPost, "/partners", people.PartnerManage, server.join},
		{http.MethodGet, "/partners/:name", people.PartnerSee, server.partner},
		{http.MethodDelete, "/partners/:name", people.PartnerManage, server.removePartner},
		{http.MethodPost, "/partners/:name/confirm", people.PartnerManage, server.confirmPartner},
		{http.MethodGet, "/partners/:name/contracts", people.PartnerSee, server.partnerContracts},

		{http.MethodGet, "/agreements", people.AgreementSee, server.agreements},
		{http.MethodPost, "/agreements", people.AgreementTalk, server.importAgreement},
		{http.MethodPost, "/agreements/sign", people.AgreementSign, server.signAgreement},
		{http.MethodGet, "/agreements/:id", people.AgreementSee, server.agreement},
		{http.MethodGet, "/agreements/:id/history", people.AgreementSee, server.history},
		{http.MethodGet, "/agreements/:id/amendment", people.AgreementSee, server.amendment},
		{http.MethodPost, "/agreements/:id/suspend", people.AgreementHalt, server.suspend},
		{http.MethodPost, "/agreements/:id/resume", people.AgreementBack, server.resume},
		{http.MethodPost, "/agreements/:id/revoke", people.AgreementEnd, server.revoke},
		{http.MethodGet, "/negotiations", people.AgreementSee, server.talks},
		{http.MethodPost, "/negotiations", people.AgreementTalk, server.propose},
		{http.MethodGet, "/negotiations/:id", people.AgreementSee, server.talk},
		{http.MethodPost, "/negotiations/:id/counter", people.AgreementTalk, server.counter},
		{http.MethodPost, "/negotiations/:id/accept", people.AgreementSign, server.accept},
		{http.MethodPost, "/negotiations/:id/reject", people.AgreementTalk, server.reject},

		{http.MethodGet, "/templates", people.TemplateSee, server.templates},
		{http.MethodPost, "/templates", people.TemplateWrite, server.newTemplate},
		{http.MethodGet, "/templates/:ref", people.TemplateSee, server.template},
		{http.MethodPut, "/templates/:ref", people.TemplateWrite, server.editTemplate},
		{http.MethodPost, "/templates/:ref/review", people.TemplateWrite, server.reviewTemplate},
		{http.MethodPost, "/templates/:ref/comments", people.TemplateWrite, server.commentTemplate},
		{http.MethodPost, "/templates/:ref/comments/:number/resolve", people.TemplateWrite, server.resolveComment},
		{http.MethodPost, "/templates/:ref/approve", people.TemplateAllow, server.approveTemplate},
		{http.MethodPost, "/templates/:ref/retire", people.TemplateAllow, server.retireTemplate},
		{http.MethodGet, "/template-hashes/:hash", people.TemplateSee, server.templateByHash},
		{http.MethodPost, "/agreements/draft", people.AgreementTalk, server.fillTemplate},

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

		{http.MethodGet, "/records", people.RecordSee, server.records},
		{http.MethodGet, "/records/fsck", people.RecordSee, server.fsck},
		{http.MethodGet, "/records/export", people.RecordSee, server.exportRecords},
		{http.MethodPost, "/records/exchange", people.RecordSwap, server.exchangeRecords},
		{http.MethodPost, "/records/accept", people.RecordAccept, server.acceptHead},

		{http.MethodPost, "/session", people.SessionBegin, server.beginSession},
		{http.MethodDelete, "/session", people.SessionEnd, server.endSession},
		{http.MethodGet, "/me", people.MeSee, server.me},
		{http.MethodPost, "/me/password", people.MeManage, server.changePassword},
		{http.MethodPost, "/me/codes", people.MeManage, server.beginCodes},
		{http.MethodPost, "/me/codes/confirm", people.MeManage, server.confirmCodes},
		{http.MethodGet, "/me/tokens", people.MeSee, server.tokens},
		{http.MethodPost, "/me/tokens", people.MeManage, server.addToken},
		{http.MethodDelete, "/me/tokens/:id", people.MeManage, server.revokeToken},

		{http.MethodGet, "/people", people.PeopleSee, server.people},
		{http.MethodPost, "/people", people.PeopleManage, server.addPerson},
		{http.MethodPost, "/people/:name/roles", people.PeopleManage, server.setRoles},
		{http.MethodPost, "/people/:name/disable", people.PeopleManage, server.disable},
		{http.MethodPost, "/people/:name/enable", people.PeopleManage, server.enable},
		{http.MethodPost, "/people/:name/password", people.PeopleManage, server.resetPassword},
		{http.MethodDelete, "/people/:name/codes", people.PeopleManage, server.resetCodes},
	}
}

// callKey is where a request keeps the call that was allowed.
const callKey = "call"

// guarded asks whether the call is allowed before anything else of it is read.
func guarded(s server, r Route) echo.HandlerFunc {
	return func(c echo.Context) error {
		req := c.Request()
		call := cleanroom.Call{Action: r.Action, Token: bearer(req)}
		ctx, err := s.node.Authorise(req.Context(), call)
		if err != nil {
			return err
		}
		c.SetRequest(req.WithContext(ctx))
		c.Set(callKey, call)
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
