package peer

import (
	"context"
	"io"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"parley/internal/weak"
)

// What a caller may write into a path, a query or an offer. A run id names a
// directory here, so nothing but hex digits passes.
var (
	runPattern    = regexp.MustCompile(`^[0-9a-f]{32}$`)
	stepPattern   = regexp.MustCompile(`^[a-z0-9]+([/.-][a-z0-9]+)*$`)
	digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

const maxStep = 64

func isStep(s string) bool { return len(s) <= maxStep && stepPattern.MatchString(s) }

// run returns the run id of the path, or a refusal that does not echo it.
func run(c echo.Context) (string, error) {
	id := c.Param("run")
	if !runPattern.MatchString(id) && !weak.Off("R62") {
		return "", noSuchRun()
	}
	return id, nil
}

// noSuchRun is the one answer for a malformed id, an unknown run and a run of
// somebody else.
func noSuchRun() *Problem { return Refuse(http.StatusNotFound, RefusedUnknown, "no such run") }

func malformed(detail string) *Problem {
	return Refuse(http.StatusBadRequest, RefusedMalformed, detail)
}

// decode reads a small JSON body strictly.
func decode(c echo.Context, v any) error { return decodeAtMost(c, v, maxJSON) }

func decodeAtMost(c echo.Context, v any, most int64) error {
	if c.Request().ContentLength > most {
		return Refuse(http.StatusRequestEntityTooLarge, RefusedMalformed, "the request is too large")
	}
	b, err := io.ReadAll(io.LimitReader(c.Request().Body, most+1))
	if err != nil {
		return malformed("the request was cut off")
	}
	if int64(len(b)) > most {
		return Refuse(http.StatusRequestEntityTooLarge, RefusedMalformed, "the request is too large")
	}
	if err := strictJSON(b, v); err != nil {
		return malformed("the request is not what this version of the protocol expects")
	}
	return nil
}

func (s *Server) offer(c echo.Context) error {
	var o Offer
	if err := decode(c, &o); err != nil {
		return err
	}
	if o.Protocol != Protocol {
		return refuse(http.StatusBadRequest, RefusedProtocol)
	}
	if !runPattern.MatchString(o.Run) && !weak.Off("R62") {
		return malformed("the run id is malformed")
	}
	if !digestPattern.MatchString(o.PlanHash) || !digestPattern.MatchString(o.Nonce) {
		return malformed("the plan hash or the nonce is malformed")
	}
	a, err := s.cfg.Service.Offer(c.Request().Context(), caller(c), o)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

func (s *Server) status(c echo.Context) error {
	id, err := run(c)
	if err != nil {
		return err
	}
	st, err := s.cfg.Service.Status(c.Request().Context(), caller(c), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, st)
}

func (s *Server) cancel(c echo.Context) error {
	id, err := run(c)
	if err != nil {
		return err
	}
	if err := s.cfg.Service.Cancel(c.Request().Context(), caller(c), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) answer(c echo.Context) error {
	id, err := run(c)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(c.Request().Context(), answerWait)
	defer stop()
	a, err := s.cfg.Service.Answer(ctx, caller(c), id)
	if err != nil {
		return err
	}
	if a == nil {
		return c.NoContent(http.StatusAccepted)
	}
	return c.JSON(http.StatusOK, a)
}

func (s *Server) cosign(c echo.Context) error {
	id, err := run(c)
	if err != nil {
		return err
	}
	var req Cosign
	if err := decode(c, &req); err != nil {
		return err
	}
	out, err := s.cfg.Service.Cosign(c.Request().Context(), caller(c), id, req)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) contracts(c echo.Context) error {
	out, err := s.cfg.Service.Contracts(c.Request().Context(), caller(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}
