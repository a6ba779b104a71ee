package cleanroom

import (
	"errors"
	"slices"

	"parley/analysis/plan"
	"parley/crypto/inner"
)

// job is one kind of value vector under one parameter set, the products that
// use it, and how many vectors that makes: one per group of V, or one in all
// over any group.
type job struct {
	set      *inner.Set
	value    int
	products []int
	index    int // of its first vector under the set
	vectors  int
}

// maxVectors bounds groups of V, and kinds of values in one class.
const maxVectors = 1 << 12

// jobs lists what is to be sent, set by set in order of first use. Both sides
// arrive at the same list.
//
// A vector's index is class · 2^24 + n · 2^12 + group of V: the n-th kind of
// values that is multiplied first with weights of its class. Hints belong to
// weights and an index, whatever the values are; numbered like this, another
// measure in the next question meets the same weights under the same index.
func (p *products) jobs() ([]*job, error) {
	var order []*inner.Set
	bySet := map[*inner.Set][]*job{}
	classes := map[*inner.Set]map[int]int{}
	if p.groupsV > maxVectors {
		return nil, errTooManyGroups
	}
	for i, prod := range p.plan.Products {
		set, weights := p.sets[i], p.plan.Weights[prod.Weight]
		if bySet[set] == nil {
			order, classes[set] = append(order, set), map[int]int{}
		}
		at := slices.IndexFunc(bySet[set], func(j *job) bool { return j.value == prod.Value })
		if at < 0 {
			class := classOf(weights)
			n := classes[set][class]
			if classes[set][class]++; n >= maxVectors {
				return nil, errors.New("the question needs more sums than one run takes")
			}
			j := &job{set: set, value: prod.Value, index: class<<24 | n<<12, vectors: p.groupsV}
			if p.plan.Values[prod.Value].Any {
				j.vectors = 1
			}
			at, bySet[set] = len(bySet[set]), append(bySet[set], j)
		}
		j := bySet[set][at]
		j.products = append(j.products, i)
		p.todo += int64(j.vectors)
	}
	var jobs []*job
	for _, set := range order {
		jobs = append(jobs, bySet[set]...)
	}
	return jobs, nil
}

func classOf(v plan.Vector) int {
	switch v.Of {
	case plan.Units:
		return 0
	case plan.Rows:
		return 1
	}
	return 2
}

// ask is one product with one vector: what hints are made for.
type ask struct {
	job     *job
	group   int // of V
	product int
	index   int
	cells   int // one per group of W, or one in all over any group
}

// asks lists them in the order in which they are worked on.
func (p *products) asks(jobs []*job) []ask {
	var all []ask
	for _, j := range jobs {
		for g := range j.vectors {
			for _, i := range j.products {
				all = append(all, ask{job: j, group: g, product: i, index: j.index + g, cells: p.cellsOf(p.plan.Products[i].Weight)})
			}
		}
	}
	return all
}

// cellsOf is the number of cells of a list of weights.
func (p *products) cellsOf(weight int) int {
	if p.plan.Weights[weight].Any {
		return 1
	}
	return p.groupsW
}
