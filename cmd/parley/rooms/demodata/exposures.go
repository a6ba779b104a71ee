package demodata

import (
	"bufio"
	"math/rand/v2"
)

// pilotCampaign is shown to people chosen by inPilot only; the weights of the
// others are skewed as budgets are.
const pilotCampaign = "reactivation_pilot"

var (
	campaigns = [...]string{
		"winter_sale", "brand_film", "spring_collection", "loyalty_club", "new_year_fitness",
		"garden_launch", "school_holidays", "store_opening", "autumn_clearance",
	}
	campaignWeights = [...]uint32{30, 22, 15, 11, 8, 6, 4, 3, 1}

	channels       = [...]string{"display", "social", "search", "video"}
	channelWeights = [...]uint32{50, 25, 15, 10}
	// channelPrice is what one exposure costs, in 1/10,000 of a euro.
	channelPrice = [...]uint64{20, 60, 350, 180}
)

func (p *population) writeExposures(w *bufio.Writer) error {
	if _, err := w.WriteString("email,campaign,channel,day,cost\n"); err != nil {
		return err
	}
	r := newRand(2)
	seen := make([]bool, p.agency)
	var line []byte
	for _, who := range rowOwners(r, p.exposures, p.agency, 0) {
		line = p.appendExposure(line[:0], r, int(who), seen)
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// appendExposure appends one line. seen marks the people who have had one
// already: a pilot person's first is the pilot's.
func (p *population) appendExposure(b []byte, r *rand.Rand, who int, seen []bool) []byte {
	campaign := campaigns[pick(r, campaignWeights[:])]
	if who == nobody {
		b = append(b, malformed[r.IntN(len(malformed))]...)
	} else {
		b = appendMessyEmail(b, r, who)
		if r.Uint32N(10) < 6 {
			campaign = campaigns[p.home[who]]
		}
		if !seen[who] && p.inPilot(who) {
			campaign = pilotCampaign
		}
		seen[who] = true
	}
	channel := pick(r, channelWeights[:])
	b = append(append(b, ','), campaign...)
	b = append(append(b, ','), channels[channel]...)
	b = append(append(b, ','), quarterDays[r.IntN(len(quarterDays))]...)
	b = append(b, ',')
	// Half to one and a half times the price; one in 200 was not billed.
	cost := channelPrice[channel] * (50 + r.Uint64N(101)) / 100
	if r.Uint32N(200) != 0 {
		b = appendFixed(b, cost, 4)
	}
	return append(b, '\n')
}
