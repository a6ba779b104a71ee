package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"parley/agreements"
	"parley/analysis"
	"parley/cleanroom"
	"parley/cleanroom/audit"
	"parley/cleanroom/peer"
	"parley/cleanroom/people"
	"parley/cleanroom/store"
)

// maxBody bounds every request: an agreement or a contract is far smaller.
const maxBody = 4 << 20

// Handler serves a node's own API.
func Handler(n *cleanroom.Node) http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = problem
	e.Use(calm)
	s := server{n}
	g := e.Group("/v1")
	for _, r := range Routes() {
		g.Add(r.Method, r.Path, guarded(s, r))
	}
	return e
}

// PeopleHandler serves the same to people who are not whoever the node belongs
// to: it lets nobody in before there are accounts.
func PeopleHandler(n *cleanroom.Node) http.Handler {
	h := Handler(n)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.People().Closed() {
			h.ServeHTTP(w, r)
			return
		}
		p := Problem{Type: "about:blank", Title: http.StatusText(http.StatusForbidden), Status: http.StatusForbidden,
			Detail: "this node has no accounts yet, so nobody is let in here: its operator adds the first by `parley people add`"}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(p) // the caller has gone; there is nobody to tell
	})
}

type server struct{ node *cleanroom.Node }

// Problem is an error on the wire (RFC 9457). Refusal is set when a question
// was refused, so that a program can point at the place.
type Problem struct {
	Type    string            `json:"type"`
	Title   string            `json:"title"`
	Status  int               `json:"status"`
	Detail  string            `json:"detail"`
	Refusal *analysis.Refusal `json:"refusal,omitempty"`
}

func (p *Problem) Error() string { return p.Detail }

func problem(err error, c echo.Context) {
	p := &Problem{Type: "about:blank", Status: http.StatusUnprocessableEntity, Detail: err.Error()}
	var he *echo.HTTPError
	var forbidden *people.Forbidden
	var second *cleanroom.SecondPerson
	var silent *peer.Unreachable
	switch {
	case errors.As(err, &silent):
		p.Type, p.Status = "urn:parley:problem:unreachable", http.StatusBadGateway
	case errors.As(err, &p.Refusal):
		p.Type = "urn:parley:problem:refused"
	case errors.As(err, &he):
		p.Status = he.Code
	case errors.Is(err, cleanroom.ErrNoRun), errors.Is(err, cleanroom.ErrNoRequest), errors.Is(err, cleanroom.ErrNoAgreement), errors.Is(err, cleanroom.ErrShortID), errors.Is(err, cleanroom.ErrNoTalk), errors.Is(err, cleanroom.ErrNoTemplate), errors.Is(err, store.ErrNotFound):
		p.Status = http.StatusNotFound
	case errors.As(err, &forbidden), errors.Is(err, people.ErrSession), errors.Is(err, cleanroom.ErrNeedsPerson):
		p.Status = http.StatusForbidden
	case errors.Is(err, people.ErrNobody), errors.Is(err, people.ErrToken), errors.Is(err, people.ErrSignIn):
		p.Type, p.Status = "urn:parley:problem:sign-in", http.StatusUnauthorized
	case errors.As(err, &second):
		p.Type, p.Status = "urn:parley:problem:second-person", http.StatusConflict
	case errors.Is(err, people.ErrNoPerson), errors.Is(err, people.ErrNoToken):
		p.Status = http.StatusNotFound
	case errors.Is(err, people.ErrSlow):
		p.Status = http.StatusTooManyRequests
	case errors.Is(err, cleanroom.ErrBusy):
		p.Status = http.StatusTooManyRequests
	case errors.Is(err, audit.ErrPoisoned), errors.Is(err, store.ErrClosed):
		p.Status = http.StatusInternalServerError
	}
	p.Title = http.StatusText(p.Status)
	c.Response().Header().Set("Content-Type", "application/problem+json")
	_ = c.JSON(p.Status, p) // the caller has gone; there is nobody to tell
}

// calm turns a panic into an error. Left to the HTTP library, its value would
// be written to the log, and it may hold data.
func calm(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if recover() != nil {
				err = echo.NewHTTPError(http.StatusInternalServerError)
			}
		}()
		return next(c)
	}
}

func body(c echo.Context) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(c.Request().Body, maxBody+1))
	if err == nil && len(b) > maxBody {
		err = echo.NewHTTPError(http.StatusRequestEntityTooLarge)
	}
	return b, err
}

// Status is the answer of GET /v1/status.
type Status struct {
	Org     string `json:"org"`
	Address string `json:"address"`
	// Accounts: calls need somebody to sign in.
	Accounts bool `json:"accounts"`
}

func (s server) status(c echo.Context) error {
	return c.JSON(http.StatusOK, Status{Org: s.node.Org(), Address: s.node.Config().Address, Accounts: s.desk().Closed()})
}

func (s server) card(c echo.Context) error { return c.JSON(http.StatusOK, s.node.Card()) }

func (s server) datasets(c echo.Context) error {
	all, err := s.node.Datasets(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, all)
}

// AddDataset is the body of POST /v1/datasets. Dir is what relative paths in
// the contract are relative to.
type AddDataset struct {
	Contract string `json:"contract"`
	Dir      string `json:"dir"`
}

func (s server) addDataset(c echo.Context) error {
	var in AddDataset
	if err := read(c, &in); err != nil {
		return err
	}
	d, err := s.node.AddDataset(c.Request().Context(), []byte(in.Contract), in.Dir)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, d)
}

func (s server) contract(c echo.Context) error {
	b, err := s.node.Contract(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "application/yaml", b)
}

func (s server) profile(c echo.Context) error {
	p, err := s.node.Profile(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

func (s server) agreements(c echo.Context) error {
	all, err := s.node.Collaborations(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, all)
}

func (s server) agreement(c echo.Context) error {
	a, err := s.node.Collaboration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

func (s server) importAgreement(c echo.Context) error {
	b, err := body(c)
	if err != nil {
		return err
	}
	e, err := agreements.Open(b)
	if err != nil {
		return err
	}
	a, err := s.node.ImportAgreement(c.Request().Context(), e)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

// signAgreement takes a YAML draft or an envelope and returns the envelope
// with this node's signature added.
func (s server) signAgreement(c echo.Context) error {
	b, err := body(c)
	if err != nil {
		return err
	}
	e, err := agreements.Open(b)
	if err != nil && !looksSigned(b) {
		var a *agreements.Agreement
		if a, err = agreements.ParseDraft(b); err == nil {
			e, err = agreements.NewEnvelope(a)
		}
	}
	if err != nil {
		return err
	}
	if err := s.node.SignAgreement(c.Request().Context(), e); err != nil {
		return err
	}
	out, err := e.Bytes()
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "application/json", out)
}

// looksSigned tells an envelope (a JSON object) from a YAML draft.
func looksSigned(b []byte) bool { return json.Valid(b) }

func (s server) explain(c echo.Context) error {
	var q cleanroom.Question
	if err := read(c, &q); err != nil {
		return err
	}
	e, err := s.node.Explain(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, e)
}

func (s server) pass(c echo.Context) error {
	var q cleanroom.Question
	if err := read(c, &q); err != nil {
		return err
	}
	p, err := s.node.Pass(c.Request().Context(), q, c.Param("stage"))
	if err != nil {
		return err
	}
	if p == nil {
		return echo.ErrNotFound
	}
	return c.JSON(http.StatusOK, p)
}

// Submitted is the answer of POST /v1/runs.
type Submitted struct {
	ID string `json:"id"`
}

func (s server) submit(c echo.Context) error {
	var q cleanroom.Question
	if err := read(c, &q); err != nil {
		return err
	}
	r, err := s.node.Submit(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, Submitted{ID: r.ID})
}

func (s server) runs(c echo.Context) error {
	limit, err := strconv.Atoi(c.QueryParam("limit"))
	if err != nil || limit < 1 || limit > 1000 {
		limit = 50
	}
	all, err := s.node.Runs(c.Request().Context(), limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, all)
}

func (s server) run(c echo.Context) error {
	v, err := s.node.Look(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s.shown(c, v))
}

// events writes the run once for every change until it has ended, or until
// the caller may not see it any more.
func (s server) events(c echo.Context) error {
	ctx := c.Request().Context()
	v, changed, err := s.node.Wait(ctx, c.Param("id"), nil)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(c.Response())
	for {
		if call, ok := c.Get(callKey).(cleanroom.Call); !ok || !s.node.StillAllowed(ctx, call) {
			return nil
		}
		if err := out.Encode(s.shown(c, &v)); err != nil {
			return nil
		}
		c.Response().Flush()
		if changed == nil || v.Ended {
			return nil
		}
		if v, changed, err = s.node.Wait(ctx, c.Param("id"), changed); err != nil {
			return nil
		}
	}
}

func (s server) cancel(c echo.Context) error {
	if err := s.node.CancelRun(c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// read decodes a JSON body, refusing fields that are not there.
func read(c echo.Context, v any) error {
	b, err := body(c)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err = d.Decode(v)
	if err == nil && d.More() {
		err = errors.New("something follows it")
	}
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "the request is not valid JSON for this call: "+err.Error())
	}
	return nil
}
