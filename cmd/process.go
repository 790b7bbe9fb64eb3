package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"mailapp/filter"
	"mailapp/filter/auth"
	"mailapp/poster"
	"mailapp/poster/ledger"
)

// process is the program's story: one mail, from its bytes to its receipt. It
// runs in the worker; its parent has put the message into a file and given the
// envelope. Whatever goes wrong comes back as an error, and exit.go alone
// decides what the mail server hears of it.
func process(ctx context.Context, message *os.File, req request, tell func(event)) (r report) {
	m := &mail{file: message, size: req.Size, keptMail: req.Mail, retry: req.Retry, unbounced: req.Unbounced, shop: req.shop, tell: tell, report: &r}
	defer m.close()
	err := m.open(ctx, req.Rules)
	if err == nil {
		defer m.shop.leave(m.ledger)
		if req.Unbounced {
			m.settings.Refusals = filter.ByMail
		}
		err = m.handle(ctx)
	}
	if req.Unbounced {
		err = m.tellRefusal(ctx, err)
	}
	r.fail(err)
	return r
}

// handle takes the mail, once all is at hand, from its sender to its end.
func (m *mail) handle(ctx context.Context) error {
	err := m.read()
	if err == nil {
		err = m.prove(ctx)
	}
	if err == nil {
		err = m.decide()
	}
	if err == nil {
		err = m.act(ctx)
	}
	return err
}

// mail is one message on its way through, and what is known of it so far.
type mail struct {
	file  *os.File
	size  int64
	album *os.File // its photos as they are published; nil until they are asked for
	keptMail
	retry     string // the key of its job that a person has said is to be done; "" if nobody has
	released  bool   // its sender has said that it is theirs
	unbounced bool   // no mail server waits for it to end
	shop      *shop
	tell      func(event)
	report    *report

	settings *filter.Settings
	state    stateDir
	ledger   *ledger.Ledger
	message  *filter.Message // what is written
	evidence auth.Evidence   // what is proven
	verdict  filter.Verdict  // what is to be done
}

// open opens all that is there before the message: the rules, the ledger, and
// the people who have registered.
func (m *mail) open(ctx context.Context, rules string) (err error) {
	if m.settings, err = loadSettings(rules); err != nil {
		return err
	}
	if m.state, err = openState(m.settings); err != nil {
		return err
	}
	if m.ledger, err = m.shop.enter(func() (*ledger.Ledger, error) { return openLedger(ctx, m.settings, m.state) }); err != nil {
		return err
	}
	people, err := m.ledger.People(ctx)
	if err != nil {
		m.shop.leave(m.ledger)
		return err
	}
	m.settings = withPeople(m.settings, people)
	return nil
}

// read opens the message.
func (m *mail) read() (err error) {
	if m.message, err = filter.Open(m.file, m.size); err != nil {
		return err
	}
	m.report.MessageID = oneLine(m.message.MessageID(), 300)
	m.report.Recipient = withoutSecret(m.Envelope)
	return nil
}

// prove finds out who really sent the message. What was proven when a mail was
// put aside stays so: signatures and addresses expire while it waits.
func (m *mail) prove(ctx context.Context) error {
	if m.Evidence != nil && m.stillCounts(*m.Evidence) {
		m.evidence = *m.Evidence
	} else if err := m.ask(ctx); err != nil {
		return err
	}
	if m.evidence.Proven() {
		m.report.Sender = m.evidence.Address
		m.say("proof", "%s is %s, by %s", m.evidence.Address, m.evidence.Person, m.evidence.Method)
	}
	return nil
}

// ask tries every proof, and says why none counts where that matters.
func (m *mail) ask(ctx context.Context) error {
	// What the rules make of the mail before anything is proven tells whom its
	// recipient names.
	asked, err := m.settings.Decide(m.message, m.Envelope, nil)
	if err != nil {
		return err
	}
	request := proofRequest(ctx, m.settings, m.message, m.Envelope, asked)
	if !m.proofDecides(asked) {
		request.Message = nil // nobody need ask the DNS
	}
	m.evidence, err = auth.Check(ctx, request)
	if m.proofDecides(asked) && !m.evidence.Proven() {
		for _, c := range m.evidence.Checks {
			m.say("proof", "not by %s: %s", c.Method, c.Why)
		}
	}
	return err
}

// stillCounts tells whether the person who was proven still has the address.
func (m *mail) stillCounts(e auth.Evidence) bool {
	who := m.settings.Person(e.Person)
	return who != nil && who == m.settings.PersonOf(e.Address)
}

// proofDecides tells whether it makes a difference who sent the mail.
func (m *mail) proofDecides(asked filter.Verdict) bool {
	return asked.Action == filter.Undecided || asked.Action == filter.Reject && m.settings.Refusals == filter.ByMail
}

// decide applies the rules; the first that matches wins.
func (m *mail) decide() (err error) {
	m.verdict, err = m.settings.Decide(m.message, m.Envelope, &m.evidence)
	m.report.Rule, m.report.Decision = m.verdict.Rule, string(m.verdict.Action)
	if err == nil {
		m.tell(event{Partial: m.report})
		m.say("rule", "%s: %s", m.verdict.Rule, m.verdict.Action)
	}
	return err
}

// act does what was decided. A verdict that decides nothing is an error, and
// so is tried again: it never swallows a mail.
func (m *mail) act(ctx context.Context) error {
	if m.bringsCode() {
		return m.release(ctx)
	}
	return m.carryOut(ctx)
}

func (m *mail) carryOut(ctx context.Context) error {
	switch m.verdict.Action {
	case filter.Post:
		return m.post(ctx)
	case filter.Register:
		return m.register(ctx)
	case filter.Reject:
		return m.reject(ctx)
	case filter.Drop:
		return nil
	case filter.Keep:
		return m.keep(ctx)
	case filter.Forward:
		return m.forward(ctx)
	case filter.Hold:
		return m.hold(ctx)
	}
	return fmt.Errorf("the rules came to no decision (rule %q)", m.verdict.Rule)
}

// post puts the ad up, at most once, and has the sender told.
func (m *mail) post(ctx context.Context) error {
	p, err := m.poster(ctx)
	if err != nil {
		return err
	}
	defer m.ahead(ctx, p)()
	job, err := m.job(ctx)
	if err != nil {
		return err
	}
	if waits, err := m.waitsAsFirst(ctx, job); err != nil || waits {
		return err
	}
	outcome, err := p.Post(ctx, job)
	job.Job = outcome.Job
	m.report.ID = job.ID()
	m.noteOutcome(outcome)
	m.leaveTrace(job, errors.Join(err, outcome.Cause))
	if err != nil {
		m.noteWait(err)
		m.notifyOwner(job, outcome, err)
		return err
	}
	m.noteUntold(job, outcome)
	switch outcome.State {
	case ledger.Posted, ledger.Answered:
		return m.state.forget(job.ID())
	case ledger.Rejected:
		if outcome.Answered {
			return m.state.forget(job.ID())
		}
		return unpostable{fmt.Sprintf("The site did not take the ad; it said: %s", outcome.Result.Said)}
	case ledger.Held:
		// Whoever has held it earlier may have died before the owner was told.
		m.notifyOwner(job, outcome, cmp.Or(outcome.Cause, errors.New(outcome.Result.Said)))
		return m.keepForOwner(job.ID())
	}
	return errors.New("the poster came to no outcome")
}

// noteOutcome notes what came of a post for the log and for whoever watches.
func (m *mail) noteOutcome(o poster.Outcome) {
	m.report.URL, m.report.Screenshot = o.Result.URL, o.Screenshot
	m.report.Outcome = outcomeWord(o.State, o.Result)
	if o.State == ledger.Held {
		m.report.Why = oneLine(o.Result.Said, 500)
	}
	if o.Earlier && o.State != "" {
		m.report.Outcome += " earlier"
	}
	if o.Answered && !o.Earlier {
		m.say("receipt", "sent to %s", m.evidence.Address)
	}
}

// noteWait notes for the log that nothing was tried, because it is not the
// job's turn.
func (m *mail) noteWait(err error) {
	if errors.As(err, new(poster.Wait)) && m.report.Outcome == "" {
		m.report.Outcome = "waiting"
	}
}

// outcomeWord is the state as people are told it: what published nothing was
// read.
func outcomeWord(state ledger.State, r ledger.Result) string {
	if state == ledger.Posted && r.Answer {
		return "read"
	}
	return string(state)
}

func (m *mail) say(stage, format string, args ...any) {
	m.tell(event{Stage: stage, Text: fmt.Sprintf(format, args...)})
}
