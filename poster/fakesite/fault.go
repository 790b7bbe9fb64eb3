package fakesite

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The ways in which the site can misbehave, as SetFault takes them.
const (
	faultSlow          = "slow"           // every page takes Site.Delay more
	faultError500      = "error-500"      // publish is answered 500, nothing is stored
	faultAnswerLost    = "answer-lost"    // publish stores the ad, then the connection closes unanswered
	faultLoggedOut     = "logged-out"     // Continue drops the session and leads to the login page
	faultMarkupChanged = "markup-changed" // the posting form has other labels, ids, names and button
	faultPriceRequired = "price-required" // a form without a price is refused, status 200
	faultCaptcha       = "captcha"        // the posting form gives way to "Are you human?"
)

// Faults returns the names that SetFault takes.
func Faults() []string {
	return []string{
		faultSlow, faultError500, faultAnswerLost, faultLoggedOut,
		faultMarkupChanged, faultPriceRequired, faultCaptcha,
	}
}

// SetFault makes the site misbehave in the named way, from the next request
// until another call; the empty name ends it. A name that Faults does not
// return is an error and changes nothing.
func (s *Site) SetFault(name string) error {
	if name != "" && !slices.Contains(Faults(), name) {
		return fmt.Errorf("unknown fault %q; there are %s", name, strings.Join(Faults(), ", "))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = name
	return nil
}

func (s *Site) has(fault string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault == fault
}

// linger waits as the fault "slow" asks. It reports whether somebody still
// waits for the answer.
func (s *Site) linger(ctx context.Context) bool {
	if !s.has(faultSlow) {
		return true
	}
	timer := time.NewTimer(s.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// loseAnswer closes the connection with nothing written to it. Under HTTP/2
// there is no connection to take over, and the stream is reset instead.
func loseAnswer(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	conn.Close()
}
