package cmd

import (
	"sync"

	"mailapp/poster"
	"mailapp/poster/browser"
	"mailapp/poster/ledger"
)

// shop is what the mails share that one worker handles: the ledger, which a
// process opens once, and a browser that stays. A nil shop serves a worker for
// one mail, which has both to itself.
type shop struct {
	mu     sync.Mutex
	ledger *ledger.Ledger
	kept   *browser.Kept
}

// enter gives the ledger, which is opened for the first.
func (s *shop) enter(open func() (*ledger.Ledger, error)) (*ledger.Ledger, error) {
	if s == nil {
		return observed(open())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.ledger == nil {
		s.ledger, err = observed(open())
	}
	return s.ledger, err
}

func observed(l *ledger.Ledger, err error) (*ledger.Ledger, error) {
	if err != nil {
		return nil, err
	}
	l.Observe = observe
	return l, nil
}

// leave is called when a mail needs the ledger no more.
func (s *shop) leave(l *ledger.Ledger) {
	if s == nil {
		l.Close()
	}
}

// site gives where flows run: b itself, or the browser that stays, which is then
// as b.
func (s *shop) site(b *browser.Browser) poster.Site {
	if s == nil {
		return b
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = b.Keep()
	}
	return s.kept
}

// close ends the browser and closes the ledger.
func (s *shop) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.kept != nil {
		err = s.kept.Close()
	}
	if s.ledger != nil {
		s.ledger.Close()
	}
	return err
}
