package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mailapp/poster/browser"
)

// A crew is one worker process that handles many mails, several at once, with
// one ledger and one browser. It is supervised as the worker of run is. When it
// dies, nobody can say which of its mails is to blame; so each that was under way
// is handled again by a worker of its own, and one poisonous mail costs one mail.

// crewCommand is how batch calls the worker; it is not for people.
const crewCommand = "crew"

// order is one mail for the crew, or, without a source, the end of its work.
type order struct {
	ID      int
	Source  source
	Request request
}

// news is what the crew tells of one order.
type news struct {
	ID    int
	Event event
}

func newCrewCommand() *cobra.Command {
	return &cobra.Command{
		Use:    crewCommand,
		Short:  "Handle messages for a parent process (internal)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := beWorker(); err != nil {
				return usageError("%w; it is started by mailapp batch", err)
			}
			return workOff(os.NewFile(fdRequest, "request"), os.NewFile(fdReport, "report"))
		},
	}
}

// workOff takes orders until there are no more. It ends itself and all that it
// started when the parent goes without saying so.
func workOff(orders io.Reader, out io.Writer) error {
	w := &crewWork{enc: json.NewEncoder(out), shop: &shop{}}
	dec := json.NewDecoder(orders)
	for {
		var o order
		if dec.Decode(&o) != nil {
			endGroup()
		}
		if o.Source.Path == "" {
			w.under.Wait()
			return w.shop.close()
		}
		w.under.Go(func() { w.handle(o) })
	}
}

// crewWork is the worker's side.
type crewWork struct {
	mu    sync.Mutex // of enc
	enc   *json.Encoder
	shop  *shop
	under sync.WaitGroup
}

func (w *crewWork) handle(o order) {
	ctx, cancel := context.WithTimeout(context.Background(), o.Request.Deadline-grace(o.Request.Deadline))
	defer cancel()
	r := w.process(ctx, o)
	w.tell(o.ID, event{Report: &r})
}

func (w *crewWork) process(ctx context.Context, o order) (r report) {
	message, size, err := o.Source.open(o.Request.RunDir)
	if err != nil {
		r.fail(err)
		return r
	}
	defer message.Close()
	o.Request.Size, o.Request.shop = size, w.shop
	return process(ctx, message, o.Request, func(e event) { w.tell(o.ID, e) })
}

func (w *crewWork) tell(id int, e event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.enc.Encode(news{id, e}) // a parent that is gone ends us anyway
}

// crew is the parent's side. The zero crew has no worker yet; it gets one with
// the first mail, and another when that has died.
type crew struct {
	mu    sync.Mutex
	shift *shift
}

// shift is one worker process and the mails that are under way in it.
type shift struct {
	*worker
	runDir string
	orders *json.Encoder
	ended  chan struct{} // nothing of its process group is alive

	mu    sync.Mutex
	last  int
	under map[int]*duty
	over  bool // it has died, or is dying
}

// duty is a mail that is under way.
type duty struct {
	partial *report      // what is known so far, should it die
	done    chan *report // closed without a report if the worker dies
}

// errDied tells that the worker died with the mail under way.
var errDied = errors.New("the worker died")

// handle has the crew handle a mail; r is what is known of it before. The error
// is errDied, the context's, or that the worker could not be started; what is
// known is then r's.
func (c *crew) handle(ctx context.Context, o order, r report) (report, error) {
	s, err := c.atWork(o.Request.RunDir)
	if err != nil {
		return r, fmt.Errorf("starting the worker: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.Request.Deadline)
	defer cancel()
	began := r.Time
	d := s.give(o, &r)
	var last *report
	select {
	case last = <-d.done:
	case <-ctx.Done():
		s.end() // the others are done again
		if last = <-d.done; last == nil {
			err = context.Cause(ctx)
		}
	}
	switch {
	case last != nil:
		r = *last
	case err == nil:
		err = errDied
	}
	r.Time = began
	return r, err
}

// atWork gives the worker that takes mails now.
func (c *crew) atWork(runDir string) (*shift, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shift != nil && !c.shift.isOver() {
		return c.shift, nil
	}
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer nothing.Close()
	w, err := startWorker(crewCommand, nothing, nil)
	if err != nil {
		return nil, err
	}
	c.shift = &shift{
		worker: w, runDir: runDir, orders: json.NewEncoder(w.request),
		under: map[int]*duty{}, ended: make(chan struct{}),
	}
	go c.shift.listen()
	return c.shift, nil
}

// closeLimit is how long a worker may take to put its things away.
const closeLimit = 10 * time.Second

// close lets the worker end, if there is one, and removes what it could not.
func (c *crew) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shift == nil {
		return nil
	}
	_ = c.shift.orders.Encode(order{})
	select {
	case <-c.shift.ended:
	case <-time.After(closeLimit):
		c.shift.end()
		<-c.shift.ended
	}
	return browser.Sweep(c.shift.runDir)
}

// give sends an order.
func (s *shift) give(o order, partial *report) *duty {
	d := &duty{partial, make(chan *report, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		close(d.done)
		return d
	}
	s.last++
	o.ID = s.last
	s.under[o.ID] = d
	_ = s.orders.Encode(o) // one that has died closes d.done
	return d
}

// listen hands on what the worker tells until it closes its end, which is when
// it dies at the latest.
func (s *shift) listen() {
	defer close(s.ended)
	dec := json.NewDecoder(s.report)
	for {
		var n news
		if dec.Decode(&n) != nil {
			break
		}
		s.hear(n)
	}
	s.end()
	_ = s.wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.under {
		close(d.done)
	}
}

func (s *shift) hear(n news) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.under[n.ID]
	switch {
	case d == nil:
	case n.Event.Report != nil:
		delete(s.under, n.ID)
		d.done <- n.Event.Report
	case n.Event.Partial != nil:
		*d.partial = *n.Event.Partial
	}
}

// end kills the worker's whole process group, once: later its number may be
// another's.
func (s *shift) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.over = true
		s.kill()
	}
}

func (s *shift) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}
