package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
)

// Limits of the server. A peer is one of a few organisations, so they are low.
// Those of connections are in door.go, those of a mailbox in mailbox.go.
const (
	maxJSON    = 1 << 20
	maxHeader  = 16 << 10
	maxStreams = 64
	// Calls of one caller that are worked on at a time.
	callsPerKey  = 16
	chunksPerKey = 8 // each holds one chunk in memory
	// answerWait is how long a call for an answer is held open.
	answerWait = 20 * time.Second
	// callTime ends any call, however slowly its bytes come or go; for a chunk
	// see patient.
	callTime = 2 * time.Minute
	// Silence after which a connection is asked for a sign of life, and then
	// the wait for it.
	pingAfter = 10 * time.Second
	pingWait  = 15 * time.Second
)

// ServerConfig is what a Server needs from its node.
type ServerConfig struct {
	Certificate tls.Certificate
	Service     Service
	Mail        *Mail
	Log         *slog.Logger
	Now         func() time.Time
}

// Server is the peer door of a node.
type Server struct {
	http   *http.Server
	tls    *tls.Config
	cfg    ServerConfig
	limit  doorLimits
	calls  *gate
	chunks *gate
}

// NewServer returns a server that is not listening yet.
func NewServer(cfg ServerConfig) *Server {
	s := &Server{cfg: cfg, limit: defaultDoor, calls: newGate(callsPerKey), chunks: newGate(chunksPerKey),
		tls: serverTLS(cfg.Certificate, cfg.Service.Known, cfg.Now)}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.Use(calm)
	s.agreementRoutes(e)
	g := e.Group("/peer/v1/runs")
	g.POST("", s.queued(s.calls, s.offer))
	g.GET("/:run", s.queued(s.calls, s.status))
	g.DELETE("/:run", s.queued(s.calls, s.cancel))
	g.GET("/:run/answer", s.queued(s.calls, s.answer))
	g.POST("/:run/receipt", s.queued(s.calls, s.cosign))
	g.PUT("/:run/messages", s.queued(s.chunks, s.post))
	g.GET("/:run/messages", s.queued(s.calls, s.stored))
	s.http = &http.Server{
		Handler: e,
		// A copy that names h2, which makes Serve speak it. Serve changes what
		// it is given; handshakes, made in door.go, must not see that.
		TLSConfig:         s.tls.Clone(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       callTime,
		WriteTimeout:      callTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // its lines quote callers' bytes
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          maxStreams,
			MaxReceiveBufferPerConnection: 1 << 20,
			MaxReceiveBufferPerStream:     1 << 20,
			SendPingTimeout:               pingAfter,
			PingTimeout:                   pingWait,
			WriteByteTimeout:              30 * time.Second,
		},
	}
	return s
}

// Serve answers on l until Shutdown, and closes l.
func (s *Server) Serve(l net.Listener) error {
	d := newDoor(l, s.tls, s.cfg.Log, s.limit)
	defer d.Close()
	if err := s.http.Serve(d); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown stops accepting and waits for calls in flight, or closes them when
// ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close()
	}
	return nil
}

// fail answers with a Problem and nothing that was not meant for the caller.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := &Problem{}
	if !errors.As(err, &p) {
		s.cfg.Log.Warn("peer call failed", "method", c.Request().Method, "route", c.Path(), "error", err)
		p = refuse(http.StatusInternalServerError, Failed)
		var he *echo.HTTPError
		if errors.As(err, &he) {
			p.Status = he.Code
		}
	}
	c.Response().Header().Set("Content-Type", "application/problem+json")
	if err := c.JSON(p.Status, p); err != nil {
		s.cfg.Log.Debug("write problem", "error", err)
	}
}

// calm turns a panic into an error. The panic's value stays out of it: it may
// hold data.
func calm(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("panic (%T) in a peer call: %s", v, debug.Stack())
			}
		}()
		return next(c)
	}
}

// queued has a call wait for its place in the caller's lane.
func (s *Server) queued(g *gate, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		leave, err := g.enter(c.Request().Context(), caller(c))
		if err != nil {
			return refuse(http.StatusServiceUnavailable, RefusedBusy)
		}
		defer leave()
		return next(c)
	}
}

// caller is the fingerprint of the key the caller proved to hold.
func caller(c echo.Context) string {
	return fingerprint(c.Request().TLS.PeerCertificates[0])
}
