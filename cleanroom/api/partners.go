package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Invite is the body of POST /v1/invitations.
type Invite struct {
	// For is how long the invitation is good; 0: three days.
	For  time.Duration `json:"forNanoseconds,omitempty"`
	Note string        `json:"note,omitempty"`
}

func (s server) invite(c echo.Context) error {
	var in Invite
	if err := read(c, &in); err != nil {
		return err
	}
	i, err := s.node.Invite(c.Request().Context(), in.For, in.Note)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, i)
}

func (s server) invitations(c echo.Context) error {
	all, err := s.node.Invitations(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, all)
}

func (s server) withdrawInvitation(c echo.Context) error {
	if err := s.node.WithdrawInvitation(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// Join is the body of POST /v1/partners.
type Join struct {
	Line string `json:"line"`
}

func (s server) join(c echo.Context) error {
	var in Join
	if err := read(c, &in); err != nil {
		return err
	}
	p, err := s.node.Join(c.Request().Context(), in.Line)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, p)
}

func (s server) partners(c echo.Context) error {
	all, err := s.node.Partners(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, all)
}

func (s server) partner(c echo.Context) error {
	p, err := s.node.PartnerNamed(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

// Confirm is the body of POST /v1/partners/NAME/confirm: the words that people
// compared.
type Confirm struct {
	Words string `json:"words"`
}

func (s server) confirmPartner(c echo.Context) error {
	var in Confirm
	if err := read(c, &in); err != nil {
		return err
	}
	p, err := s.node.ConfirmPartner(c.Request().Context(), c.Param("name"), in.Words)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

func (s server) removePartner(c echo.Context) error {
	if err := s.node.RemovePartner(c.Request().Context(), c.Param("name")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// partnerContracts asks the partner's node what it offers to this one.
func (s server) partnerContracts(c echo.Context) error {
	all, err := s.node.PartnerContracts(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, all)
}

// Offering is the body of POST /v1/datasets/NAME/offers.
type Offering struct {
	To       string `json:"to"`
	Withdraw bool   `json:"withdraw,omitempty"`
}

func (s server) offerDataset(c echo.Context) error {
	var in Offering
	if err := read(c, &in); err != nil {
		return err
	}
	if err := s.node.OfferDataset(c.Request().Context(), c.Param("name"), in.To, !in.Withdraw); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
