package cleanroom

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"gopkg.in/yaml.v3"

	"parley/crypto/keys"
)

// InitOptions are the choices of `parley init`.
type InitOptions struct {
	Config     Config
	Passphrase []byte
	// WorkFactor is age's scrypt work factor, log2 of the rounds; 0 is 18,
	// about two seconds to unlock.
	WorkFactor int
}

// Init prepares a home: folder, configuration and encrypted keys. It refuses
// a folder that already holds keys, so that none are ever overwritten.
func Init(h Home, o InitOptions) error {
	if err := o.Config.check(); err != nil {
		return err
	}
	if len(o.Passphrase) < 8 {
		return errors.New("the passphrase protects the node's keys and must have at least 8 characters")
	}
	if _, err := os.Stat(h.KeyFile()); err == nil {
		return fmt.Errorf("%s already holds keys; choose another folder, or remove it if its keys are no longer needed", h)
	}
	for _, d := range []string{"", "audit", "snapshots", "alignments", "spool"} {
		if err := os.MkdirAll(h.path(d), 0o700); err != nil {
			return err
		}
	}
	if o.WorkFactor == 0 {
		o.WorkFactor = 18
	}
	file, _, err := keys.Create(rand.Reader, time.Now(), o.Config.Org, o.Passphrase, o.WorkFactor)
	if err != nil {
		return err
	}
	conf, err := yaml.Marshal(o.Config)
	if err != nil {
		return err
	}
	if err := writeFile(h.path("parley.yaml"), conf, 0o600); err != nil {
		return err
	}
	return writeFile(h.KeyFile(), file, 0o600)
}
