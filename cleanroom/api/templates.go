package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"parley/agreements"
	"parley/agreements/templates"
	"parley/cleanroom"
)

func (s server) templates(c echo.Context) error {
	all, err := s.node.Templates(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, all)
}

func (s server) template(c echo.Context) error {
	v, err := s.node.Template(c.Request().Context(), c.Param("ref"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// templateByHash serves the template that an agreement names, for comparing.
func (s server) templateByHash(c echo.Context) error {
	t, err := s.node.TemplateByHash(c.Request().Context(), c.Param("hash"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, t)
}

// NewTemplate is the body of POST /v1/templates: either From, the template to
// copy, or Text, the Markdown form to import.
type NewTemplate struct {
	Name string `json:"name,omitempty"`
	From string `json:"from,omitempty"`
	Text string `json:"text,omitempty"`
}

func (s server) newTemplate(c echo.Context) error {
	var in NewTemplate
	if err := read(c, &in); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if in.From != "" {
		v, err := s.node.NewTemplate(ctx, in.Name, in.From)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusCreated, v)
	}
	t, err := templates.Parse([]byte(in.Text))
	if err != nil {
		return err
	}
	v, err := s.node.ImportTemplate(ctx, t, in.Name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, v)
}

// EditTemplate is the body of PUT /v1/templates/REF. Hash is that of the text
// that was edited.
type EditTemplate struct {
	Hash string `json:"hash"`
	Text string `json:"text"`
}

func (s server) editTemplate(c echo.Context) error {
	var in EditTemplate
	if err := read(c, &in); err != nil {
		return err
	}
	t, err := templates.Parse([]byte(in.Text))
	if err != nil {
		return err
	}
	v, err := s.node.EditTemplate(c.Request().Context(), c.Param("ref"), in.Hash, t)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

func (s server) reviewTemplate(c echo.Context) error {
	v, err := s.node.ReviewTemplate(c.Request().Context(), c.Param("ref"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// Comment is the body of POST /v1/templates/REF/comments.
type Comment struct {
	Clause string `json:"clause,omitempty"` // empty: on the whole
	Text   string `json:"text"`
}

func (s server) commentTemplate(c echo.Context) error {
	var in Comment
	if err := read(c, &in); err != nil {
		return err
	}
	out, err := s.node.CommentTemplate(c.Request().Context(), c.Param("ref"), in.Clause, in.Text)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, out)
}

func (s server) resolveComment(c echo.Context) error {
	number, err := strconv.Atoi(c.Param("number"))
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "a comment is named by its number")
	}
	if err := s.node.ResolveComment(c.Request().Context(), c.Param("ref"), number); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// ApproveTemplate is the body of POST /v1/templates/REF/approve: the hash of
// the text that was read.
type ApproveTemplate struct {
	Hash string `json:"hash"`
}

func (s server) approveTemplate(c echo.Context) error {
	var in ApproveTemplate
	if err := read(c, &in); err != nil {
		return err
	}
	v, err := s.node.ApproveTemplate(c.Request().Context(), c.Param("ref"), in.Hash)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// RetireTemplate is the body of POST /v1/templates/REF/retire.
type RetireTemplate struct {
	Reason string `json:"reason,omitempty"`
}

func (s server) retireTemplate(c echo.Context) error {
	var in RetireTemplate
	if err := read(c, &in); err != nil {
		return err
	}
	v, err := s.node.RetireTemplate(c.Request().Context(), c.Param("ref"), in.Reason)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// FillTemplate is the body of POST /v1/agreements/draft: what an agreement is
// made with from an approved template.
type FillTemplate struct {
	Template  string              `json:"template"`
	Title     string              `json:"title,omitempty"`
	Members   []agreements.Member `json:"members"`
	Contracts []OwnedContract     `json:"contracts"`
	// Datasets are those that partners offer, as they described them.
	Datasets  []agreements.Dataset `json:"datasets,omitempty"`
	Values    map[string]string    `json:"values,omitempty"`
	Tables    map[string]string    `json:"tables,omitempty"`
	Columns   map[string]string    `json:"columns,omitempty"`
	Only      []string             `json:"only,omitempty"`
	NotBefore time.Time            `json:"notBefore"`
	Change    templates.Change     `json:"change"`
}

// OwnedContract is one member's data contract.
type OwnedContract struct {
	Owner    string `json:"owner"`
	Contract string `json:"contract"`
}

// FilledTemplate is the answer: a draft, or what is still missing.
type FilledTemplate struct {
	Agreement *agreements.Agreement `json:"agreement,omitempty"`
	Missing   *templates.Missing    `json:"missing,omitempty"`
}

func (s server) fillTemplate(c echo.Context) error {
	var in FillTemplate
	if err := read(c, &in); err != nil {
		return err
	}
	f := cleanroom.TemplateFilling{Template: in.Template, Title: in.Title, Members: in.Members, Datasets: in.Datasets, Values: in.Values, Tables: in.Tables,
		Columns: in.Columns, Only: in.Only, NotBefore: in.NotBefore, Change: in.Change}
	for _, o := range in.Contracts {
		f.Contracts = append(f.Contracts, cleanroom.OwnedContract{Owner: o.Owner, Contract: []byte(o.Contract)})
	}
	a, err := s.node.DraftFromTemplate(c.Request().Context(), f)
	if missing, ok := cleanroom.IsMissing(err); ok {
		return c.JSON(http.StatusOK, FilledTemplate{Missing: missing})
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, FilledTemplate{Agreement: a})
}
