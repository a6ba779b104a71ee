package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"parley/cleanroom"
	"parley/cleanroom/people"
)

func (s server) desk() *people.Desk { return s.node.People() }

// beginSession signs somebody in and shows the session's token, once.
func (s server) beginSession(c echo.Context) error {
	var in people.SignIn
	if err := read(c, &in); err != nil {
		return err
	}
	out, err := s.desk().Begin(c.Request().Context(), in)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, out)
}

// endSession ends the session or token that was shown.
func (s server) endSession(c echo.Context) error {
	ctx := c.Request().Context()
	w := people.From(ctx)
	if w == nil || w.IsOperator() {
		return people.ErrNoAccount
	}
	return nothing(c, s.desk().RevokeToken(ctx, w.Token))
}

// Me is the answer of GET /v1/me.
type Me struct {
	Org string `json:"org"`
	// Accounts is false on a node that has none, where nobody is known.
	Accounts bool        `json:"accounts"`
	Who      *people.Who `json:"who"`
	// May are the actions that this caller may do now.
	May []people.Action `json:"may"`
}

func (s server) me(c echo.Context) error {
	w := people.From(c.Request().Context())
	out := Me{Org: s.node.Org(), Accounts: s.desk().Closed(), Who: w}
	for _, r := range people.Rights() {
		if r.Open || w.May(r.Action) {
			out.May = append(out.May, r.Action)
		}
	}
	return c.JSON(http.StatusOK, out)
}

// ChangePassword is the body of POST /v1/me/password.
type ChangePassword struct {
	Old string `json:"old"`
	New string `json:"new"`
}

func (s server) changePassword(c echo.Context) error {
	var in ChangePassword
	if err := read(c, &in); err != nil {
		return err
	}
	return nothing(c, s.desk().ChangePassword(c.Request().Context(), in.Old, in.New))
}

// Password is the body of calls that give or ask for one.
type Password struct {
	Password string `json:"password"`
}

func (s server) beginCodes(c echo.Context) error {
	var in Password
	if err := read(c, &in); err != nil {
		return err
	}
	return answer(c, http.StatusCreated)(s.desk().BeginCodes(c.Request().Context(), in.Password))
}

// Code is the body of POST /v1/me/codes/confirm.
type Code struct {
	Code string `json:"code"`
}

func (s server) confirmCodes(c echo.Context) error {
	var in Code
	if err := read(c, &in); err != nil {
		return err
	}
	return nothing(c, s.desk().ConfirmCodes(c.Request().Context(), in.Code))
}

func (s server) tokens(c echo.Context) error {
	return answer(c, http.StatusOK)(s.desk().Tokens(c.Request().Context()))
}

func (s server) addToken(c echo.Context) error {
	var in people.NewToken
	if err := read(c, &in); err != nil {
		return err
	}
	return answer(c, http.StatusCreated)(s.desk().AddToken(c.Request().Context(), in))
}

func (s server) revokeToken(c echo.Context) error {
	return nothing(c, s.desk().RevokeToken(c.Request().Context(), c.Param("id")))
}

func (s server) people(c echo.Context) error {
	return answer(c, http.StatusOK)(s.desk().List(c.Request().Context()))
}

func (s server) addPerson(c echo.Context) error {
	var in people.NewPerson
	if err := read(c, &in); err != nil {
		return err
	}
	return answer(c, http.StatusCreated)(s.desk().Add(c.Request().Context(), in))
}

// SetRoles is the body of POST /v1/people/NAME/roles.
type SetRoles struct {
	Roles []people.Role `json:"roles"`
}

func (s server) setRoles(c echo.Context) error {
	var in SetRoles
	if err := read(c, &in); err != nil {
		return err
	}
	return answer(c, http.StatusOK)(s.desk().SetRoles(c.Request().Context(), c.Param("name"), in.Roles))
}

func (s server) disable(c echo.Context) error {
	return answer(c, http.StatusOK)(s.desk().Disable(c.Request().Context(), c.Param("name")))
}

func (s server) enable(c echo.Context) error {
	return answer(c, http.StatusOK)(s.desk().Enable(c.Request().Context(), c.Param("name")))
}

func (s server) resetPassword(c echo.Context) error {
	var in Password
	if err := read(c, &in); err != nil {
		return err
	}
	return answer(c, http.StatusOK)(s.desk().ResetPassword(c.Request().Context(), c.Param("name"), in.Password))
}

func (s server) resetCodes(c echo.Context) error {
	return answer(c, http.StatusOK)(s.desk().ResetCodes(c.Request().Context(), c.Param("name")))
}

// answer sends what a call returned.
func answer(c echo.Context, status int) func(any, error) error {
	return func(out any, err error) error {
		if err != nil {
			return err
		}
		return c.JSON(status, out)
	}
}

// nothing answers a call that returns nothing.
func nothing(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// shown is a run as its caller may see it: answers are for those with the
// role, though others may see that there was a run.
func (s server) shown(c echo.Context, v *cleanroom.View) *cleanroom.View {
	if v.Result == nil && v.Receipt == nil || s.node.MaySee(c.Request().Context(), people.AnswerSee) {
		return v
	}
	hidden := *v
	hidden.Result, hidden.Receipt, hidden.Hidden = nil, nil, true
	return &hidden
}
