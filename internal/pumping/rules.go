package pumping

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Unit is one message, or where messages have prices one of the money: costs and budgets are kept in
// millionths, so that sums are exact.
const Unit int64 = 1_000_000

// DefaultBudget is what a company may send a day, in messages: a thousand people who choose texts on
// one morning, and each has another sent.
const DefaultBudget int64 = 2000

// Rules are what the operator has set.
type Rules struct {
	// RegionOf is the country of a number in E.164, "" where it has none; nil knows none.
	RegionOf func(e164 string) string
	// Record lets through what is only guessed from counts: it is noted and told.
	Record bool
	// Budget is what a company may spend a day, in Unit, where it has none of its own; 0:
	// DefaultBudget messages.
	Budget int64
	// Prices of messages; none: each costs one Unit.
	Prices []Price
}

// Region is the country of a number.
func (r Rules) Region(e164 string) string {
	if r.RegionOf == nil {
		return ""
	}
	return r.RegionOf(e164)
}

// Price is what a message to numbers that begin with Prefix costs, in Unit.
type Price struct {
	Prefix string // "+1503"
	Cost   int64
}

// Cost is what a message to a number costs: the price of the longest prefix. One that no prefix
// fits costs as much as the dearest.
func (r Rules) Cost(e164 string) int64 {
	if len(r.Prices) == 0 {
		return Unit
	}
	var best Price
	var dearest int64
	for _, p := range r.Prices {
		dearest = max(dearest, p.Cost)
		if strings.HasPrefix(e164, p.Prefix) && len(p.Prefix) > len(best.Prefix) {
			best = p
		}
	}
	if best.Prefix == "" {
		return dearest
	}
	return best.Cost
}

var priced = regexp.MustCompile(`^(\+[1-9][0-9]{0,14})\s*=\s*(\S+)$`)

// ParsePrice reads "+1=0.0079".
func ParsePrice(s string) (Price, error) {
	m := priced.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return Price{}, fmt.Errorf(`%q: want a prefix and a price, such as "+1=0.0079"`, s)
	}
	cost, err := ParseAmount(m[2])
	if err != nil {
		return Price{}, err
	}
	if cost == 0 {
		return Price{}, fmt.Errorf("%q: a message that costs nothing would never use a budget up", s)
	}
	return Price{Prefix: m[1], Cost: cost}, nil
}

// most is the largest amount, in whole units: sums of it stay far from what an int64 holds.
const most = 1_000_000_000

var decimal = regexp.MustCompile(`^[0-9]{1,10}(\.[0-9]{1,6})?$`)

// ParseAmount reads a number of messages, or an amount of money: "2000", "12.50". In Unit.
func ParseAmount(s string) (int64, error) {
	if !decimal.MatchString(s) {
		return 0, fmt.Errorf(`%q: want a number such as 200 or 12.50, with at most six places`, s)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f > most {
		return 0, errors.New("amount is too large")
	}
	return int64(math.Round(f * float64(Unit))), nil
}

// Amount writes what ParseAmount reads.
func Amount(n int64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%06d", n/Unit, n%Unit), "0"), ".")
}
