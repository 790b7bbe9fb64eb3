package filter

import (
	"strconv"
	"time"

	"mailapp/filter/strictyaml"
)

// minGiveUp is the least time for which a job is tried: every mail server comes
// back within that.
const minGiveUp = time.Hour

func (p *parser) giveUp(n strictyaml.Node) {
	p.s.GiveUp = DefaultGiveUp
	if !n.IsSet() {
		return
	}
	if p.s.GiveUp = n.Duration(); p.s.GiveUp != 0 && p.s.GiveUp < minGiveUp {
		n.Mistake("mail servers wait longer than that before they try again; the least is 1h")
	}
}

// pace reads how often an app's account may publish.
func pace(n strictyaml.Node) Pace {
	n = n.In("pace")
	keys := mapping(n, n, thePace)
	if n.IsMapping() && countSet(keys["every"], keys["per-day"], keys["same-title"]) == 0 {
		n.Mistake("here belongs at least one of every, per-day and same-title")
	}
	return Pace{Every: keys["every"].Duration(), PerDay: countPerDay(keys["per-day"]), SameTitle: keys["same-title"].Duration()}
}

func countPerDay(n strictyaml.Node) int {
	if !n.IsSet() {
		return 0
	}
	count, err := strconv.Atoi(n.Text())
	if n.IsText() && (err != nil || count < 1) {
		n.Mistake("here belongs a number of ads such as 30, not %q", n.Text())
	}
	return count
}
