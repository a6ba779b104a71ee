package agreements

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"
)

// ReadYAML decodes YAML that has one reading: unknown and duplicate keys,
// several documents, aliases, tags, merge keys, nulls and numbers in other
// bases are refused. what is called what in errors, such as "draft", and should
// be one of kind, such as "an agreement".
func ReadYAML(what, kind string, b []byte, v any) error {
	var root yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(b))
	switch err := d.Decode(&root); {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the %s is empty", what)
	case err != nil:
		return fmt.Errorf("the %s is not YAML: %w", what, err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the %s has more than one YAML document", what)
	}
	if err := plain(&root); err != nil {
		return err
	}
	d = yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the %s is not %s: %w", what, kind, err)
	}
	return nil
}
