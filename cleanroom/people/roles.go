package people

import "slices"

// Role is what a person is for their organisation. One person may have several.
type Role string

// The roles.
const (
	Admin   Role = "admin"
	Owner   Role = "owner" // data owner
	Legal   Role = "legal"
	Analyst Role = "analyst"
	Auditor Role = "auditor"
)

// Roles lists the roles, with what each is for in a few words.
func Roles() []RoleText {
	return []RoleText{
		{Admin, "adds and removes people, invites partners, looks after the node"},
		{Owner, "brings datasets, watches budgets, approves and stops runs"},
		{Legal, "draws up, negotiates, signs, suspends and revokes agreements"},
		{Analyst, "asks questions and sees the answers"},
		{Auditor, "reads and checks everything that is recorded"},
	}
}

// RoleText is a role and what it is for.
type RoleText struct {
	Role Role   `json:"role"`
	Text string `json:"text"`
}

// Known reports whether there is such a role.
func (r Role) Known() bool {
	return slices.ContainsFunc(Roles(), func(t RoleText) bool { return t.Role == r })
}

// Action is something that can be done through the node's own door. Its name
// stands in the audit log behind "call.".
type Action string

// Right says who may do an action.
type Right struct {
	Action Action `json:"action"`
	// For names the roles that may. Everybody: whoever signed in. Nobody has to
	// sign in for an Open one.
	For       []Role `json:"roles,omitempty"`
	Everybody bool   `json:"everybody,omitempty"`
	Open      bool   `json:"open,omitempty"`
	// Text says what it is, for people.
	Text string `json:"text"`
}

// Actions, in the order in which they are shown.
const (
	StatusSee     Action = "status.see"
	SessionBegin  Action = "session.begin"
	MeSee         Action = "me.see"
	MeManage      Action = "me.manage"
	SessionEnd    Action = "session.end"
	CardSee       Action = "card.see"
	PeopleSee     Action = "people.see"
	PeopleManage  Action = "people.manage"
	PartnerSee    Action = "partner.see"
	PartnerManage Action = "partner.manage"
	DatasetSee    Action = "dataset.see"
	DatasetManage Action = "dataset.manage"
	DatasetData   Action = "dataset.profile"
	BudgetSee     Action = "budget.see"
	ApprovalSee   Action = "approval.see"
	ApprovalGive  Action = "approval.decide"
	TemplateSee   Action = "template.see"
	TemplateWrite Action = "template.write"
	TemplateAllow Action = "template.approve"
	AgreementSee  Action = "agreement.see"
	AgreementTalk Action = "agreement.negotiate"
	AgreementSign Action = "agreement.sign"
	AgreementHalt Action = "agreement.suspend"
	AgreementBack Action = "agreement.resume"
	AgreementEnd  Action = "agreement.revoke"
	QuestionAsk   Action = "question.explain"
	RunAsk        Action = "run.ask"
	RunSee        Action = "run.see"
	RunStop       Action = "run.cancel"
	AnswerSee     Action = "answer.see"
	RecordSee     Action = "record.see"
	RecordSwap    Action = "record.exchange"
	RecordAccept  Action = "record.accept"
)

// Rights is the one place that says who may do what. What is not here nobody
// may do; an action that is not here cannot be given to a route.
func Rights() []Right {
	return []Right{
		{Action: StatusSee, Open: true, Text: "see that the node is up and whose it is"},
		{Action: SessionBegin, Open: true, Text: "sign in"},
		{Action: MeSee, Everybody: true, Text: "see who one is here, and one's own tokens"},
		{Action: MeManage, Everybody: true, Text: "change one's own password, codes and tokens"},
		{Action: SessionEnd, Everybody: true, Text: "sign out"},
		{Action: CardSee, Everybody: true, Text: "see the node's public keys and address"},
		{Action: PeopleSee, For: []Role{Admin, Auditor}, Text: "list people and their roles"},
		{Action: PeopleManage, For: []Role{Admin}, Text: "add people, change roles, disable, reset"},
		{Action: PartnerSee, For: []Role{Admin, Owner, Legal, Auditor}, Text: "list partners and their contracts"},
		{Action: PartnerManage, For: []Role{Admin}, Text: "invite, confirm and remove partners"},
		{Action: DatasetSee, For: []Role{Owner, Legal, Analyst, Auditor}, Text: "list datasets, read their contracts"},
		{Action: DatasetManage, For: []Role{Owner}, Text: "add and replace datasets"},
		{Action: DatasetData, For: []Role{Owner}, Text: "see figures and values of a dataset"},
		{Action: BudgetSee, For: []Role{Owner, Analyst, Auditor}, Text: "see what was spent of budgets, and what is left"},
		{Action: ApprovalSee, For: []Role{Owner, Auditor}, Text: "list runs that wait for approval"},
		{Action: ApprovalGive, For: []Role{Owner}, Text: "approve or deny single runs"},
		{Action: TemplateSee, For: []Role{Owner, Legal, Analyst, Auditor}, Text: "read templates and their comments"},
		{Action: TemplateWrite, For: []Role{Legal}, Text: "write templates, comment on them, send them to review"},
		{Action: TemplateAllow, For: []Role{Legal}, Text: "approve and retire templates"},
		{Action: AgreementSee, For: []Role{Owner, Legal, Analyst, Auditor}, Text: "read agreements and their history"},
		{Action: AgreementTalk, For: []Role{Legal}, Text: "propose, counter, reject and take in agreements"},
		{Action: AgreementSign, For: []Role{Legal}, Text: "sign agreements"},
		{Action: AgreementHalt, For: []Role{Owner, Legal}, Text: "suspend agreements"},
		{Action: AgreementBack, For: []Role{Legal}, Text: "resume suspended agreements"},
		{Action: AgreementEnd, For: []Role{Legal}, Text: "revoke agreements"},
		{Action: QuestionAsk, For: []Role{Analyst}, Text: "see what a question would do"},
		{Action: RunAsk, For: []Role{Analyst}, Text: "ask a question"},
		{Action: RunSee, For: []Role{Owner, Analyst, Auditor}, Text: "list runs and questions, without answers"},
		{Action: RunStop, For: []Role{Owner, Analyst}, Text: "cancel a run"},
		{Action: AnswerSee, For: []Role{Analyst}, Text: "see answers and receipts"},
		{Action: RecordSee, For: []Role{Auditor}, Text: "read, verify and export the audit log"},
		{Action: RecordSwap, For: []Role{Admin, Auditor}, Text: "exchange checkpoints with partners"},
		{Action: RecordAccept, For: []Role{Admin}, Text: "decide about a log that does not fit what was countersigned"},
	}
}

// right finds an action; false for one that is not in the table.
func right(a Action) (Right, bool) {
	for _, r := range Rights() {
		if r.Action == a {
			return r, true
		}
	}
	return Right{}, false
}

// Known reports whether the action is in the table.
func (a Action) Known() bool {
	_, ok := right(a)
	return ok
}

// Open reports whether nobody has to sign in for it.
func (a Action) Open() bool {
	r, ok := right(a)
	return ok && r.Open
}

// May reports whether one of these roles may do the action.
func May(roles []Role, a Action) bool {
	r, ok := right(a)
	if !ok {
		return false
	}
	return r.Open || r.Everybody || slices.ContainsFunc(r.For, func(have Role) bool { return slices.Contains(roles, have) })
}
