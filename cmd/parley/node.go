package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"parley/cleanroom"
	"parley/cleanroom/api"
	"parley/cleanroom/engine"
	"parley/cleanroom/engine/duckdb"
	"parley/crypto/keys"
)

// openNode unlocks the keys and opens the home.
func openNode(ctx context.Context, h home, log *slog.Logger) (*cleanroom.Node, error) {
	where := cleanroom.Home(h.dir)
	cfg, err := where.Config()
	if err != nil {
		return nil, err
	}
	pass, err := passphrase(h.passphraseFile, false)
	if err != nil {
		return nil, err
	}
	file, err := os.ReadFile(where.KeyFile())
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	ring, err := keys.Unlock(file, pass)
	clear(pass)
	if err != nil {
		return nil, err
	}
	return cleanroom.Open(ctx, cleanroom.Options{Home: where, Keys: ring, Log: log, Now: time.Now,
		Engine: duckdb.New(duckdb.Options{Run: engine.Limits{Memory: cfg.EngineMemoryMiB << 20},
			Import: engine.Limits{Memory: cfg.ImportMemoryMiB << 20}})})
}

// serveControl answers whoever the node belongs to on HOME/control.sock.
func serveControl(n *cleanroom.Node, h home) (*http.Server, net.Listener, error) {
	return controlSocket(cleanroom.Home(h.dir).Socket(), 0o600, api.Handler(n))
}

// servePeople answers people with accounts on the socket that the
// configuration names; nil: it names none.
func servePeople(n *cleanroom.Node) (*http.Server, net.Listener, error) {
	if n.Config().PeopleSocket == "" {
		return nil, nil, nil
	}
	return controlSocket(n.Config().PeopleSocket, 0o660, api.PeopleHandler(n))
}

func controlSocket(path string, mode os.FileMode, handler http.Handler) (*http.Server, net.Listener, error) {
	// The home is locked by the open node, so a socket left here is nobody's.
	if i, err := os.Lstat(path); err == nil && i.Mode().Type() != os.ModeSocket {
		return nil, nil, fmt.Errorf("open the control socket: %s is there already and is no socket", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, nil, fmt.Errorf("open the control socket: %w", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	return &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}, l, nil
}

func initCommand() *cobra.Command {
	var h home
	var o cleanroom.InitOptions
	cfg := cleanroom.DefaultConfig("")
	var dialOnly bool
	c := &cobra.Command{
		Use:   "init --home DIR --org NAME",
		Short: "Make a node's folder, keys and configuration",
		Example: `  parley init --home ~/acme --org "Acme Ltd" --address parley.acme.example:7460
  parley card --home ~/acme > acme.card.yaml     # give this to your partner`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dialOnly {
				if cfg.Address != "" || cmd.Flags().Changed("listen") {
					return withCode(exitUsage, errors.New("--dial-only is for a node that nobody can dial; leave out --address and --listen"))
				}
				cfg.Listen = ""
			}
			pass, err := passphrase(h.passphraseFile, true)
			if err != nil {
				return err
			}
			o.Config, o.Passphrase = cfg, pass
			if err := cleanroom.Init(cleanroom.Home(h.dir), o); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Made %s for %s.\n\nNext:\n", h.dir, cfg.Org)
			next := []string{"parley serve --home %s", "run the node",
				"parley dataset example > mydata.contract.yaml", "describe a dataset",
				"parley dataset add --home %s --contract mydata.contract.yaml", "import it",
				"parley invite --home %s", "meet a partner; or, with the line that a partner sent you:",
				"parley join 'parley-invite:1:…' --home %s", "become a partner"}
			if dialOnly {
				next = append(next[:6], next[8:]...)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 3, ' ', 0)
			for i := 0; i < len(next); i += 2 {
				fmt.Fprintf(w, "  %s\t%s\n", strings.ReplaceAll(next[i], "%s", shellWord(h.dir)), next[i+1])
			}
			return w.Flush()
		},
	}
	h.flags(c)
	c.Flags().StringVar(&cfg.Org, "org", "", "name of the organisation, as it stands in agreements")
	c.Flags().StringVar(&cfg.Listen, "listen", cfg.Listen, "where the peer door listens")
	c.Flags().StringVar(&cfg.Address, "address", "", "host:port that partners dial; without it the node dials out only")
	c.Flags().BoolVar(&dialOnly, "dial-only", false, "open no port at all: the node keeps connections open to its partners instead")
	c.Flags().BoolVar(&cfg.AllowLoopbackPeers, "allow-loopback-peers", false, "let partners be on this machine (rehearsals)")
	c.Flags().DurationVar(&cfg.PeerPatience, "peer-patience", cfg.PeerPatience, "how long a silent partner is waited for")
	c.Flags().IntVar(&o.WorkFactor, "work-factor", 18, "scrypt work factor of the key file, log2 of the rounds")
	if err := c.MarkFlagRequired("org"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

func serveCommand() *cobra.Command {
	var h home
	var jsonLog bool
	var profile string
	c := &cobra.Command{
		Use:        "serve --home DIR",
		SuggestFor: []string{"start", "run-node", "up"},
		Short:      "Run the node until Ctrl-C",
		Args:       cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stop, err := startProfile(profile)
			if err != nil {
				return err
			}
			return errors.Join(serve(cmd.Context(), h, logger(jsonLog)), stop())
		},
	}
	h.flags(c)
	c.Flags().BoolVar(&jsonLog, "json", false, "log as JSON lines")
	c.Flags().StringVar(&profile, "cpu-profile", "", "file to write a CPU profile to, for `go tool pprof`")
	return c
}

// startProfile profiles the process until the returned function is called.
func startProfile(file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, nil
}

func logger(asJSON bool) *slog.Logger {
	if asJSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

func serve(ctx context.Context, h home, log *slog.Logger) error {
	n, err := openNode(ctx, h, log)
	if err != nil {
		return err
	}
	control, socket, err := serveControl(n, h)
	if err != nil {
		return errors.Join(err, n.Close())
	}
	staff, staffSocket, err := servePeople(n)
	if err != nil {
		return errors.Join(err, socket.Close(), n.Close())
	}
	door, err := n.Listen()
	if err != nil {
		if staff != nil {
			err = errors.Join(err, staffSocket.Close())
		}
		return errors.Join(err, socket.Close(), n.Close())
	}
	listen := "nothing: it dials out only"
	if door != nil {
		listen = door.Addr().String()
	}
	log.Info("node is up", "org", n.Org(), "listen", listen, "tls", tls.VersionName(tls.VersionTLS13))
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.Serve(door) })
	g.Go(func() error {
		if err := control.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	if staff != nil {
		g.Go(func() error {
			if err := staff.Serve(staffSocket); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	g.Go(func() error {
		<-gctx.Done()
		log.Info("stopping; runs that are going on are ended")
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err := n.Close()
		if staff != nil {
			err = errors.Join(err, staff.Shutdown(stop))
		}
		return errors.Join(err, control.Shutdown(stop))
	})
	err = g.Wait()
	log.Info("node is down")
	return err
}
