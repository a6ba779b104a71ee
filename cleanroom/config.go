package cleanroom

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gopkg.in/yaml.v3"
)

// Config is HOME/parley.yaml. Every field has a default; unknown fields are
// refused, so that a misspelt limit is not silently ignored.
type Config struct {
	// Org is the member name this node signs as.
	Org string `yaml:"org"`
	// Listen is where the peer door listens; Address is what partners dial. A
	// node without Address can only dial out: it keeps connections open to its
	// partners, over which they call it. Without Listen it has no open port.
	Listen  string `yaml:"listen"`
	Address string `yaml:"address"`
	// AllowLoopbackPeers lets a partner's address be this machine. It is for
	// rehearsals: on a real node it would let an agreement point the node at
	// its own services.
	AllowLoopbackPeers bool `yaml:"allowLoopbackPeers"`
	// EngineMemoryMiB bounds the memory of one engine child that runs a plan,
	// ImportMemoryMiB that of one that imports a file.
	EngineMemoryMiB int64 `yaml:"engineMemoryMiB"`
	ImportMemoryMiB int64 `yaml:"importMemoryMiB"`
	// AlignmentMemoryMiB bounds the buffers of one alignment; what does not fit
	// is sorted and kept in sealed files. Four bytes for every own unit come on
	// top.
	AlignmentMemoryMiB int64 `yaml:"alignmentMemoryMiB"`
	// AlignmentsPerDay bounds how often a dataset is aligned anew with one
	// partner in a day (UTC): each alignment shows the number of shared units
	// once more, under new noise.
	AlignmentsPerDay int `yaml:"alignmentsPerDay"`
	// SpoolMiB bounds the unread messages of one run on disk, and all received
	// messages of one alignment: about 50 bytes for every unit of either side.
	SpoolMiB int64 `yaml:"spoolMiB"`
	// KeptMiB bounds what is kept in memory of past joins to make later ones
	// faster: 10 KiB for each group and count, 40 KiB for each group and large
	// sum, at the node whose column is not grouped by. 0 keeps nothing.
	KeptMiB int64 `yaml:"keptMiB"`
	// PeerPatience is how long a silent partner is waited for.
	PeerPatience time.Duration `yaml:"peerPatience"`
	// RunTimeout ends a run that takes longer.
	RunTimeout time.Duration `yaml:"runTimeout"`
	// MaxRuns bounds the runs going on at once.
	MaxRuns int `yaml:"maxRuns"`
	// ResultDays is how many days of 24 hours an answer and its receipt are kept
	// for the receiver. The record of the run, with the receipt's hash, stays.
	ResultDays int `yaml:"resultDays"`
	// RecordsEvery is how often the audit log is compared with partners' while
	// nothing is run with them.
	RecordsEvery time.Duration `yaml:"recordsEvery"`
	// Signers is how many different people with the role legal must say yes to
	// an agreement before this node signs it. More than 1 needs accounts.
	Signers int `yaml:"signers"`
	// PeopleSocket is the path of a second control socket, for people who are
	// not the user that the node runs as: its group may open it (0660), and it
	// lets nobody in before the node has accounts. "": there is none.
	PeopleSocket string `yaml:"peopleSocket,omitempty"`
}

// DefaultConfig is what init writes for an organisation.
func DefaultConfig(org string) Config {
	return Config{
		Org:                org,
		Listen:             "0.0.0.0:7460",
		EngineMemoryMiB:    2048,
		ImportMemoryMiB:    4096,
		AlignmentMemoryMiB: 128,
		AlignmentsPerDay:   8,
		SpoolMiB:           8192,
		KeptMiB:            512,
		PeerPatience:       15 * time.Second,
		RunTimeout:         time.Hour,
		MaxRuns:            4,
		ResultDays:         30,
		RecordsEvery:       30 * time.Minute,
		Signers:            1,
	}
}

func (c *Config) check() error {
	switch {
	case c.Org == "":
		return errors.New("org is missing")
	case c.Listen == "" && c.Address != "":
		return errors.New("a node with an address must listen: set listen, or leave address empty for a node that can only dial out")
	case c.EngineMemoryMiB < 256 || c.ImportMemoryMiB < 256:
		return errors.New("engineMemoryMiB and importMemoryMiB must be at least 256")
	case c.AlignmentMemoryMiB < 8:
		return errors.New("alignmentMemoryMiB must be at least 8")
	case c.AlignmentsPerDay < 1:
		return errors.New("alignmentsPerDay must be at least 1")
	case c.SpoolMiB < 64:
		return errors.New("spoolMiB must be at least 64")
	case c.KeptMiB < 0:
		return errors.New("keptMiB must not be negative")
	case c.PeerPatience < time.Second:
		return errors.New("peerPatience must be at least 1s")
	case c.RunTimeout < time.Second:
		return errors.New("runTimeout must be at least 1s")
	case c.MaxRuns < 1:
		return errors.New("maxRuns must be at least 1")
	case c.ResultDays < 1 || c.ResultDays > 36500:
		return errors.New("resultDays must be between 1 and 36500")
	case c.RecordsEvery < time.Minute:
		return errors.New("recordsEvery must be at least 1m")
	case c.Signers < 1 || c.Signers > 16:
		return errors.New("signers must be between 1 and 16")
	case c.PeopleSocket != "" && !filepath.IsAbs(c.PeopleSocket):
		return errors.New("peopleSocket must be an absolute path")
	}
	return nil
}

// Home is the folder of one node.
//
//	parley.yaml     configuration
//	keys.age        private keys, encrypted under the passphrase
//	state.db        agreements, datasets, runs (SQLite); locked by the one
//	                process that has the home open
//	audit/          append-only log of every decision
//	snapshots/      encrypted datasets
//	alignments/     encrypted slots of past joins; in ID.work, what an unfinished
//	                one needs to be taken up
//	spool/          unread messages of runs, encrypted under a key in memory
//	control.sock    the door of the command line (0600)
type Home string

// ErrNoHome is returned for a folder that `parley init` has not prepared.
var ErrNoHome = errors.New("not a Parley home: run `parley init` first")

func (h Home) path(parts ...string) string {
	return filepath.Join(append([]string{string(h)}, parts...)...)
}

// Socket is the path of the control socket.
func (h Home) Socket() string { return h.path("control.sock") }

// KeyFile is the path of the encrypted key file.
func (h Home) KeyFile() string { return h.path("keys.age") }

// AuditDir is the folder of the audit log.
func (h Home) AuditDir() string { return h.path("audit") }

// Config reads the configuration.
func (h Home) Config() (Config, error) {
	b, err := os.ReadFile(h.path("parley.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("%s: %w", h, ErrNoHome)
	}
	if err != nil {
		return Config{}, err
	}
	c := DefaultConfig("")
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", h.path("parley.yaml"), err)
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("%s: %w", h.path("parley.yaml"), err)
	}
	return c, nil
}

// writeFile writes a file whole or not at all.
func writeFile(path string, b []byte, mode fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(b); err != nil {
		tmp.Close()
		return err
	}
	if err := errors.Join(tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
