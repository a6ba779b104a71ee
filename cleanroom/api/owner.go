package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"parley/cleanroom/store"
)

// waiting lists the requests for approval of runs.
func (s server) waiting(c echo.Context) error {
	all, err := s.node.Waiting(c.Request().Context())
	if err != nil {
		return err
	}
	if all == nil {
		all = []store.Approval{}
	}
	return c.JSON(http.StatusOK, all)
}

// Decision is the body of POST /v1/approvals/ID.
type Decision struct {
	Approve bool `json:"approve"`
	// Reason is kept for this node's own people.
	Reason string `json:"reason,omitempty"`
}

func (s server) decide(c echo.Context) error {
	var in Decision
	if err := read(c, &in); err != nil {
		return err
	}
	a, err := s.node.Decide(c.Request().Context(), c.Param("id"), in.Approve, in.Reason)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

// budget shows what was spent of the dataset that the query names, or of all.
func (s server) budget(c echo.Context) error {
	all, err := s.node.Spendings(c.Request().Context(), c.QueryParam("dataset"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, all)
}
