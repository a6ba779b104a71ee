package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"parley/cleanroom"
)

func (s server) records(c echo.Context) error {
	r, err := s.node.Records(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

func (s server) fsck(c echo.Context) error {
	r, err := s.node.Fsck(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

// ExchangeRecords is the body of POST /v1/records/exchange.
type ExchangeRecords struct {
	Member string `json:"member,omitempty"` // "": all
}

func (s server) exchangeRecords(c echo.Context) error {
	var in ExchangeRecords
	if err := read(c, &in); err != nil {
		return err
	}
	all, err := s.node.ExchangeRecords(c.Request().Context(), in.Member)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, all)
}

// AcceptHead is the body of POST /v1/records/accept.
type AcceptHead struct {
	Member string `json:"member"`
	Root   string `json:"root,omitempty"` // the beginning of it, in hex
}

func (s server) acceptHead(c echo.Context) error {
	var in AcceptHead
	if err := read(c, &in); err != nil {
		return err
	}
	done, err := s.node.AcceptHead(c.Request().Context(), in.Member, in.Root)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, done)
}

// exportRecords sends a tar archive; an error in the middle of it cuts it off,
// and its manifest, which comes last, is missing then.
func (s server) exportRecords(c echo.Context) error {
	o := cleanroom.ExportOptions{Run: c.QueryParam("run"), Agreement: c.QueryParam("agreement")}
	if since := c.QueryParam("since"); since != "" {
		var err error
		if o.Since, err = time.Parse(time.RFC3339, since); err != nil {
			return echo.NewHTTPError(http.StatusBadRequest, "since is not a time such as 2026-05-01T00:00:00Z")
		}
	}
	c.Response().Header().Set("Content-Type", "application/x-tar")
	return s.node.Export(c.Request().Context(), c.Response(), o)
}
