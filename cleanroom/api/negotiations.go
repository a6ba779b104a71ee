package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"parley/agreements"
	"parley/cleanroom"
)

// Laid is the body of POST /v1/negotiations and of …/counter.
type Laid struct {
	Draft   string `json:"draft"` // YAML
	Message string `json:"message,omitempty"`
}

// Reason is the body of calls that end or change something for a reason.
type Reason struct {
	Reason string `json:"reason"`
}

func (s server) talks(c echo.Context) error {
	all, err := s.node.Talks(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, all)
}

func (s server) talk(c echo.Context) error {
	t, err := s.node.Talk(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, t)
}

func (s server) propose(c echo.Context) error {
	a, in, err := laid(c)
	if err != nil {
		return err
	}
	t, err := s.node.Propose(c.Request().Context(), a, in.Message)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, t)
}

func (s server) counter(c echo.Context) error {
	a, in, err := laid(c)
	if err != nil {
		return err
	}
	t, err := s.node.Counter(c.Request().Context(), c.Param("id"), a, in.Message)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, t)
}

func laid(c echo.Context) (*agreements.Agreement, *Laid, error) {
	var in Laid
	if err := read(c, &in); err != nil {
		return nil, nil, err
	}
	a, err := agreements.ParseDraft([]byte(in.Draft))
	return a, &in, err
}

func (s server) accept(c echo.Context) error {
	a, err := s.node.Accept(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

func (s server) reject(c echo.Context) error {
	var in Reason
	if err := read(c, &in); err != nil {
		return err
	}
	t, err := s.node.Reject(c.Request().Context(), c.Param("id"), in.Reason)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, t)
}

func (s server) history(c echo.Context) error {
	h, err := s.node.History(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, h)
}

func (s server) amendment(c echo.Context) error {
	a, err := s.node.Amendment(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

func (s server) suspend(c echo.Context) error { return s.noticed(c, (*cleanroom.Node).Suspend) }
func (s server) resume(c echo.Context) error  { return s.noticed(c, (*cleanroom.Node).Resume) }
func (s server) revoke(c echo.Context) error  { return s.noticed(c, (*cleanroom.Node).Revoke) }

func (s server) noticed(c echo.Context, give noticeCall) error {
	var in Reason
	if err := read(c, &in); err != nil {
		return err
	}
	a, err := give(s.node, c.Request().Context(), c.Param("id"), in.Reason)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

type noticeCall func(n *cleanroom.Node, ctx context.Context, id, reason string) (*cleanroom.Collaboration, error)
