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
	kept     *keptMail   // what is known already of a kept mail; else nil
	retry    string      // see mail.retry
	progress func(event) // nil: nobody watches
	out      io.Writer   // the message goes on to here with its result (passon.go); nil: it ends here
}

// handle takes one message from its first byte to its end. It is the parent's
// half: what the header and the environment decide ends here; all else goes to
// a worker process. It reads the message to its end whatever comes (C5), never
// panics, and writes the log's line. expire is called when the message's time
// is up (C6).
func (d delivery) handle(ctx context.Context, expire func()) (r report) {
	r.Time = time.Now()
	var log *os.File
	defer func() {
		if p := recover(); p != nil {
			r.fail(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
		r.Millis = time.Since(r.Time).Milliseconds()
		if log != nil {
			r.logTo(log)
			log.Close()
		}
	}()
	defer func() { drain(d.in) }()

	settings, err := loadSettings(d.rules)
	var state stateDir
	if err == nil {
		state, err = openState(settings)
	}
	if err == nil {
		log, err = state.openLog()
	}
	if err == nil {
		err = refuseRoot(settings)
	}
	if err != nil {
		r.end(ending{exitLater, "4.3.5", "This service is not set up correctly at the moment; the message will be tried again."}, err)
		return r
	}
	defer time.AfterFunc(settings.Deadline, expire).Stop()
	if d.out != nil {
		d.passOn(ctx, settings, state, &r)
	} else {
		d.decide(ctx, settings, state, &r)
	}
	return r
}

// drain reads a message to its end (C5). Nobody waits for a file to be read; its
// end is only gone to.
func drain(in io.Reader) {
	if f, ok := in.(*os.File); ok && isRegular(f) {
		_, _ = f.Seek(0, io.SeekEnd)
		return
	}
	discard := struct{ io.Writer }{io.Discard} // which by itself would read 8 kB at a time
	_, _ = io.CopyBuffer(discard, in, make([]byte, 128<<10))
}

func isRegular(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// decide reads the header and ends what it decides; it hands on the rest.
func (d delivery) decide(ctx context.Context, settings *filter.Settings, state stateDir, r *report) {
	d.in = interruptible{ctx, d.in}
	var seen bytes.Buffer // all that has been read so far, for the spool
	msg, err := filter.Read(bufio.NewReader(io.TeeReader(d.in, &seen)))
	env := d.readEnvelope(settings, msg)
	r.Recipient = withoutSecret(env)
	// A machine gets no bounce, whatever is wrong with its mail (C18).
	defer func() {
		if automatic(msg, env) && (r.Exit == exitData || r.Exit == exitDenied) {
			r.Decision, r.Exit, r.Status = string(filter.Drop), exitDone, ""
		}
	}()
	if err != nil {
		r.fail(err)
		return
	}
	r.MessageID = oneLine(msg.MessageID(), 300)
	verdict, err := settings.Decide(msg, env, nil)
	if err != nil {
		r.fail(err)
		return
	}
	if endsHere(settings, verdict) {
		r.Rule, r.Decision = verdict.Rule, string(verdict.Action)
		r.fail(verdictError(verdict))
		return
	}
	spool, size, err := spoolMessage(state.run(), io.MultiReader(&seen, d.in), settings.SizeLimit)
	if err != nil {
		r.fail(err)
		return
	}
	defer spool.Close()
	if size > settings.SizeLimit {
		r.fail(tooLarge(settings.SizeLimit))
		return
	}
	*r = d.supervise(ctx, spool, request{
		Rules: settings.File, RunDir: state.run(), Size: size, Mail: d.known(env),
		Deadline: settings.Deadline - time.Since(r.Time), Retry: d.retry, Unbounced: d.retry != "",
	}, *r)
}

// interruptible reads a message until somebody ends us, who may have cut it short
// as well: an end that comes after that is none.
type interruptible struct {
	ctx context.Context
	in  io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	n, err := i.in.Read(p)
	if cause := i.ctx.Err(); cause != nil {
		return 0, cause
	}
	return n, err
}

// automatic tells whether no person waits for an answer to the message, as far
// as the envelope tells where the header could not be read (m is nil).
func automatic(m *filter.Message, e filter.Envelope) bool {
	return e.Automatic() != "" || m != nil && (m.Automatic() != "" || m.OwnLoop())
}

func (d delivery) readEnvelope(s *filter.Settings, m *filter.Message) filter.Envelope {
	if d.kept != nil {
		return d.kept.Envelope
	}
	return readEnvelope(d.env, d.flags, s.MTA, m)
}

// known is what a worker need not find out.
func (d delivery) known(env filter.Envelope) keptMail {
	if d.kept != nil {
		return *d.kept
	}
	return keptMail{Envelope: env}
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

// newSpool makes a file that has no name, so that nothing is left of it however
// we end.
func newSpool(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "spool-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// spoolMessage copies the message to a spool file in dir and gives its size. Of
// one that is larger than the limit it copies a byte too many and reads the rest.
func spoolMessage(dir string, in io.Reader, limit int64) (*os.File, int64, error) {
	f, err := newSpool(dir)
	if err != nil {
		return nil, 0, err
	}
	size, err := io.Copy(f, io.LimitReader(in, limit+1))
	if err == nil && size > limit {
		drain(in)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, size, nil
}

func tooLarge(limit int64) error {
	most := fmt.Sprintf("%d MB", limit>>20)
	if limit < 1<<20 {
		most = fmt.Sprintf("%d kB", limit>>10)
	}
	return unpostable{"The message is larger than " + most + ", the most that is taken here."}
}
