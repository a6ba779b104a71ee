package cleanroom

import (
	"errors"
	"slices"
	"strconv"

	"parley/analysis/plan"
	"parley/crypto/inner"
)

// space is what a session is for: a parameter set and, in a join on time, the
// days of its vectors, 0 for a vector over slots alone. A vector over days has
// the number of slot u on day d at d · slots + u. Sessions of different spaces
// have different public elements and secrets.
type space struct {
	set  *inner.Set
	days int
}

// name tells the messages of a space from others'.
func (s space) name() string {
	if s.days == 0 {
		return s.set.Name()
	}
	return s.set.Name() + "-" + strconv.Itoa(s.days) + "-days"
}

func (s space) seed(transcript [32]byte) [32]byte {
	if s.days == 0 {
		return inner.Seed(s.set, transcript)
	}
	return inner.DaysSeed(s.set, transcript, s.days)
}

// space is that of a product.
func (p *products) space(product int) space {
	if p.plan.Weights[p.plan.Products[product].Weight].Day == "" {
		return space{set: p.sets[product]}
	}
	return space{p.sets[product], p.plan.Days}
}

// slotsIn is the number of numbers in a vector of a space.
func (p *products) slotsIn(s space) int { return p.total * max(s.days, 1) }

// job is one kind of value vector in one space, the products that
// use it, and how many vectors that makes: one per group of V, or one in all
// over any group.
type job struct {
	space
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
	var order []space
	bySet := map[space][]*job{}
	classes := map[space]map[int]int{}
	if p.groupsV > maxVectors {
		return nil, errTooManyGroups
	}
	for i, prod := range p.plan.Products {
		if p.plan.OwnOf(i) >= 0 { // nothing is sent for it
			continue
		}
		set, weights := p.space(i), p.plan.Weights[prod.Weight]
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
			j := &job{space: set, value: prod.Value, index: class<<24 | n<<12, vectors: p.groupsV}
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
