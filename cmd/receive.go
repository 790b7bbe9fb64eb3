package cmd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"mailapp/filter"
)

// delivery is one message that is handed to us, and how.
type delivery struct {
	in       io.Reader
	rules    string // the flag --rules
	env      environment
	flags    flagEnvelope
	envelope *filter.Envelope // known already, of a kept mail; else nil
	progress func(event)      // nil: nobody watches
}

// handle takes one message from its first byte to its end. It is the parent's
// half: what the header and the environment decide ends here; all else goes to
// a worker process. It reads the message to its end whatever comes (C5), never
// panics, and writes the log's line.
func (d delivery) handle(ctx context.Context) (r report) {
	r.Time = time.Now()
	state := stateDir("")
	defer func() {
		if p := recover(); p != nil {
			r.fail(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
		r.Millis = time.Since(r.Time).Milliseconds()
		if state != "" {
			if err := state.appendLog(r); err != nil && r.Exit == exitDone && r.Outcome == "" {
				r.fail(fmt.Errorf("writing the log: %w", err))
			}
		}
	}()
	defer func() { _, _ = io.Copy(io.Discard, d.in) }()

	settings, err := loadSettings(d.rules)
	if err == nil {
		state, err = openState(settings)
	}
	if err != nil {
		r.end(ending{exitLater, "4.3.5", "This service is not set up correctly at the moment; the message will be tried again."}, err)
		return r
	}
	var seen bytes.Buffer // all that has been read so far, for the spool
	msg, err := filter.Read(bufio.NewReader(io.TeeReader(d.in, &seen)))
	if err != nil {
		r.fail(err)
		return r
	}
	env := d.readEnvelope(settings, msg)
	r.MessageID, r.Recipient = oneLine(msg.MessageID(), 300), withoutSecret(env.Recipient)
	verdict, err := settings.Decide(msg, env, nil)
	if err != nil {
		r.fail(err)
		return r
	}
	if endsHere(settings, verdict) {
		r.Rule, r.Decision = verdict.Rule, string(verdict.Action)
		r.fail(verdictError(verdict))
		return r
	}
	spool, size, err := spoolMessage(state.run(), io.MultiReader(&seen, d.in), settings.SizeLimit)
	if err != nil {
		r.fail(err)
		return r
	}
	defer spool.Close()
	return d.supervise(ctx, spool, request{Rules: settings.File, Size: size, Envelope: env, Deadline: settings.Deadline}, r)
}

func (d delivery) readEnvelope(s *filter.Settings, m *filter.Message) filter.Envelope {
	if d.envelope != nil {
		return *d.envelope
	}
	return readEnvelope(d.env, d.flags, s.MTA, m)
}

// endsHere tells whether a verdict on the header alone is carried out by
// saying so: no body, no ledger, no proof is needed.
func endsHere(s *filter.Settings, v filter.Verdict) bool {
	return v.Action == filter.Drop || v.Action == filter.Reject && s.Refusals == filter.ByBounce
}

// verdictError is the error as which a verdict reaches the mail server.
func verdictError(v filter.Verdict) error {
	if v.Action == filter.Reject {
		return refused{v.Reason}
	}
	return nil
}

// spoolMessage copies the message to a file that has no name, so that nothing
// is left of it however we end, and gives its size.
func spoolMessage(dir string, in io.Reader, limit int64) (*os.File, int64, error) {
	f, err := os.CreateTemp(dir, "spool-")
	if err != nil {
		return nil, 0, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	size, err := io.Copy(f, io.LimitReader(in, limit+1))
	if err == nil && size > limit {
		err = tooLarge(limit)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, size, nil
}

func tooLarge(limit int64) error {
	return unpostable{fmt.Sprintf("The message is larger than %d MB, the most that is taken here.", limit>>20)}
}
