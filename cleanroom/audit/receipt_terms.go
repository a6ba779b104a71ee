package audit

import (
	"errors"
	"fmt"

	"parley/agreements"
)

// keepsTo compares a receipt with the agreement it claims to be under.
func keepsTo(r *Receipt, a *agreements.Agreement) error {
	id, err := a.ID()
	if err != nil {
		return fmt.Errorf("the agreement has no id: %w", err)
	}
	switch {
	case r.Agreement != id:
		return errors.New("the receipt names another agreement than the one in the file")
	case r.Started.Before(a.Validity.NotBefore):
		return errors.New("the run started before the agreement was in force")
	case !r.Finished.Before(a.Validity.NotAfter):
		return errors.New("the run finished after the agreement had ended")
	case !a.Receives(r.Receiver):
		return errors.New("the agreement does not let this receiver see answers")
	case !keepsDP(r, a):
		return errors.New("the receipt's dp is not the agreement's")
	case r.MinGroupSize < a.MinGroupSize:
		return errors.New("the receipt's minGroupSize is below the agreement's")
	}
	if r.Analysis != "" && a.Analysis(r.Analysis) == nil {
		return errors.New("the agreement has no analysis of this name")
	}
	if r.Analysis == "" && !a.AdHoc {
		return errors.New("the agreement does not allow ad-hoc SQL")
	}
	return keepsToRules(r, a)
}

func keepsToRules(r *Receipt, a *agreements.Agreement) error {
	for _, d := range r.Datasets {
		in := a.Dataset(d.Name)
		switch {
		case in == nil:
			return fmt.Errorf("dataset %s is not in the agreement", d.Name)
		case in.Owner != d.Owner:
			return fmt.Errorf("dataset %s: the owner is not the agreement's", d.Name)
		case in.ContractHash != d.ContractHash:
			return fmt.Errorf("dataset %s: the contract is not the agreement's", d.Name)
		case r.MinGroupSize < in.Rules.MinGroupSize:
			return fmt.Errorf("dataset %s: the receipt's minGroupSize is below the owner's", d.Name)
		case r.PublicData && !in.Rules.PublicData:
			return fmt.Errorf("dataset %s is not public data", d.Name)
		case r.Analysis == "" && !in.Rules.AdHoc:
			return fmt.Errorf("dataset %s: its owner does not allow ad-hoc SQL", d.Name)
		}
	}
	return nil
}
