package cmd

import (
	"context"
	"net/url"
	"strings"

	"mailapp/filter"
)

// lane is the account that a mail may be published by: mails of one lane follow
// each other in their order. Each posting of an account sees the site as the last
// has left it, and no site sees one account do two things at once.
type lane string

const (
	noLane  lane = ""  // it publishes nothing
	anyLane lane = "*" // what it is for is known only when it is read and proven
)

// laneOf gives the lane of a mail by what the rules make of its header.
func laneOf(s *filter.Settings, v filter.Verdict) lane {
	if v.Action != filter.Undecided {
		return noLane
	}
	if app := s.App(v.App); app != nil {
		return accountLane(app)
	}
	only := noLane
	for _, app := range s.Apps {
		if only != noLane && only != accountLane(app) {
			return anyLane
		}
		only = accountLane(app)
	}
	return only
}

// accountLane names an account at a site, which several apps may share.
func accountLane(app *filter.App) lane {
	site := app.URL
	if u, err := url.Parse(site); err == nil {
		site = strings.ToLower(u.Host)
	}
	return lane(site + " " + app.Account)
}

// lanes gives mails their turns.
type lanes struct {
	last    map[lane]*turn // of each lane, since all
	barrier *turn          // the last mail that could be for any lane
}

func newLanes() *lanes { return &lanes{last: map[lane]*turn{}} }

// turn is one mail's place in its lane.
type turn struct {
	after []*turn
	over  chan struct{}
}

// enter gives the next mail of a lane its turn. It is called in the mails' order.
func (l *lanes) enter(in lane) *turn {
	t := &turn{over: make(chan struct{})}
	switch in {
	case noLane:
		return t
	case anyLane:
		for _, before := range l.last {
			t.after = append(t.after, before)
		}
		clear(l.last)
	default:
		if before := l.last[in]; before != nil {
			t.after = append(t.after, before)
		}
	}
	if l.barrier != nil {
		t.after = append(t.after, l.barrier)
	}
	if in == anyLane {
		l.barrier = t
	} else {
		l.last[in] = t
	}
	return t
}

// await waits for the mails before; it tells whether there is still something to
// do.
func (t *turn) await(ctx context.Context) bool {
	for _, before := range t.after {
		select {
		case <-before.over:
		case <-ctx.Done():
		}
	}
	t.after = nil // and what they hold
	return ctx.Err() == nil
}

func (t *turn) done() { close(t.over) }
