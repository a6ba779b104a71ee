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
	"golang.org/x/sync/errgroup"
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
	Host        Host // takes in those who were invited; nil: nobody
	Mail        *Mail
	Log         *slog.Logger
	Now         func() time.Time
}

// Server is the peer door of a node.
type Server struct {
	http     *http.Server // calls on connections to this node
	back     *http.Server // calls on connections that this node dialled
	callsIn  *callsIn
	reversed *reversed
	tls      *tls.Config
	cfg      ServerConfig
	limit    doorLimits
	calls    *gate
	chunks   *gate
}

// NewServer returns a server that is not listening yet.
func NewServer(cfg ServerConfig) *Server {
	s := &Server{cfg: cfg, limit: defaultDoor, calls: newGate(callsPerKey), chunks: newGate(chunksPerKey),
		tls: doorTLS(cfg), callsIn: newCallsIn(), reversed: newReversed()}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.Use(calm)
	s.agreementRoutes(e)
	e.POST(headsPath, s.queued(s.calls, s.heads))
	e.POST(countersignedPath, s.queued(s.calls, s.countersigned))
	g := e.Group("/peer/v1/runs")
	g.POST("", s.queued(s.calls, s.offer))
	g.GET("/:run", s.queued(s.calls, s.status))
	g.DELETE("/:run", s.queued(s.calls, s.cancel))
	g.GET("/:run/answer", s.queued(s.calls, s.answer))
	g.POST("/:run/receipt", s.queued(s.calls, s.cosign))
	g.PUT("/:run/messages", s.queued(s.chunks, s.post))
	g.GET("/:run/messages", s.queued(s.calls, s.stored))
	e.GET("/peer/v1/contracts", s.queued(s.calls, s.contracts))
	s.http = serverOf(e, pingAfter, pingWait)
	// A copy that names h2, which makes Serve speak it. Serve changes what it is
	// given; handshakes, made in door.go, must not see that.
	s.http.TLSConfig = serverTLS(cfg.Certificate, cfg.Service.Known, cfg.Now)
	s.back = serverOf(e, reversePing, reversePingWait)
	s.back.IdleTimeout = 24 * time.Hour // waiting for calls is what these connections are for
	s.back.Protocols = new(http.Protocols)
	s.back.Protocols.SetUnencryptedHTTP2(true) // see reversed
	return s
}

func serverOf(h http.Handler, ping, pingWait time.Duration) *http.Server {
	return &http.Server{
		Handler:           h,
		ConnContext:       withCaller,
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
			SendPingTimeout:               ping,
			PingTimeout:                   pingWait,
			WriteByteTimeout:              30 * time.Second,
		},
	}
}

// Serve answers on l until Shutdown, and closes l. With nil nobody can call
// this node but on connections that it dialled (ServeReverse), which are
// answered in either case.
func (s *Server) Serve(l net.Listener) error {
	var g errgroup.Group
	g.Go(func() error { return served(s.back.Serve(s.callsIn)) })
	if l != nil {
		g.Go(func() error {
			d := newDoor(l, s)
			defer d.Close()
			defer s.back.Close()
			return served(s.http.Serve(d))
		})
	}
	return g.Wait()
}

func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Shutdown stops accepting and waits for calls in flight, or closes them when
// ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	// These end by being closed: who dialled dials again, or is told by the cut.
	s.callsIn.Close()
	s.reversed.close()
	return errors.Join(err, s.back.Close())
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
	key, _ := c.Request().Context().Value(callerKey{}).(string)
	return key // "" is nobody's
}
