package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Pace is how often an account may publish; a zero field sets no limit.
type Pace struct {
	Every     time.Duration // the least time between two ads
	PerDay    int           // the most ads in 24 hours
	SameTitle time.Duration // the least time between two ads of one title
}

// Wait is until when an account must wait, and why; the zero Wait means not at
// all.
type Wait struct {
	Until time.Time
	Why   string // such as "30 ads in 24 hours", for people
}

// Pace tells whether the account may publish an ad of this title now, by what
// all processes on all hosts that share the ledger have published. Whoever acts
// on the answer must hold the account's [Ledger.Lock]. What a clock that was
// set back calls the future counts as just now.
func (l *Ledger) Pace(ctx context.Context, account, title string, p Pace, now time.Time) (Wait, error) {
	var longest Wait
	later := func(at int64, span time.Duration, why string) {
		last := time.UnixMilli(min(at, now.UnixMilli()))
		if until := last.Add(span); at != 0 && until.After(now) && until.After(longest.Until) {
			longest = Wait{until, why}
		}
	}
	var last, nth, same int64
	err := l.db.QueryRowContext(ctx, `
		SELECT COALESCE((SELECT MAX(published) FROM job WHERE account = ?), 0),
			COALESCE((SELECT published FROM job WHERE account = ? AND published <> 0 ORDER BY published DESC LIMIT 1 OFFSET ?), 0),
			COALESCE((SELECT MAX(published) FROM job WHERE account = ? AND title = ?), 0)`,
		account, account, max(p.PerDay, 1)-1, account, title).Scan(&last, &nth, &same)
	if err != nil {
		return Wait{}, fmt.Errorf("ledger: %w", err)
	}
	later(last, p.Every, "one ad in "+short(p.Every))
	if p.PerDay > 0 {
		later(nth, 24*time.Hour, fmt.Sprintf("%d ads in 24 hours", p.PerDay))
	}
	later(same, p.SameTitle, "the same title once in "+short(p.SameTitle))
	return longest, nil
}

// short writes a time as people write it in rules.yaml: 48h, not 48h0m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// millis is a time as the ledger stores it.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
