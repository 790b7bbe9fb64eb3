package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"mailapp/poster/flow"
)

// trouble is why a step failed, and whose it is to mend (C27).
type trouble struct {
	fault  flow.Fault
	said   string // the site's own words, if it is known which; else the page is asked
	dialog bool   // said is that of a native dialog
	unfit  bool   // said is our own word of the mail
	undone bool   // the page that follows publish proves that nothing was published
	err    error
}

func (t *trouble) Error() string { return t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// judge makes an error of an answer that is not the one hoped for.
func (r *run) judge(got answer) error {
	switch {
	case got.Done:
		return nil
	case got.Failing != nil && *got.Failing < len(r.fails):
		f := r.task.Flow.FailsWhen[*got.Failing]
		return &trouble{
			fault: f.Fault, said: r.instead(f, got.Said), undone: f.Unpublished && r.refuted(),
			err: fmt.Errorf("the page shows %s", f.When),
		}
	case got.Status > 0 || got.Broken:
		return r.unanswered(got.Status)
	case got.Refused != "":
		return &trouble{fault: flow.Fault(got.Fault), said: got.Refused, err: errors.New(got.Refused)}
	case got.Loading:
		return &trouble{fault: flow.Site, err: fmt.Errorf("the page has not finished loading within %v", r.limit)}
	case r.stepEnd.Equal(r.end):
		return &trouble{fault: flow.Site, err: inWords(r.timeUp(), "the time for the whole run is up: %v", r.late(got))}
	}
	return &trouble{fault: flow.Owner, err: r.late(got)}
}

// timeUp is what has used up the time for the whole run, as far as that is known.
func (r *run) timeUp() error {
	if r.photo > 0 || len(r.photos) > 0 && r.current.AsksForPhotos() {
		return flow.ErrPhotos
	}
	return context.DeadlineExceeded
}

// refuted tells whether what is there now may prove that the publish click has
// published nothing: it is a new document, and none before has confirmed the ad.
func (r *run) refuted() bool {
	return r.published && !r.confirmed && r.tab.document() != r.departed
}

// instead gives what the sender reads: the flow's words in place of the site's,
// if it has any.
func (r *run) instead(f flow.Failing, said string) string {
	if text, err := f.Say.Expand(r.plan.values); err == nil && text != "" {
		return text
	}
	return said
}

// unanswered says why there is no page: the server's status, or what the
// proxy met on the way.
func (r *run) unanswered(status int) error {
	err := r.bounds.whatFailed()
	if err != nil && (status == 0 || status == http.StatusBadGateway) {
		return &trouble{fault: flow.Site, err: err}
	}
	if status > 0 {
		return &trouble{fault: flow.Site, err: fmt.Errorf("the server answered with status %d", status)}
	}
	return &trouble{fault: flow.Site, err: errors.New("the page could not be loaded")}
}

// late says what was waited for in vain.
func (r *run) late(got answer) error {
	text := got.Late
	switch {
	case len(got.Candidates) > 0:
		text += "; there are: " + strings.Join(got.Candidates, ", ")
	case len(got.Near) > 0:
		text += "; did you mean " + strings.Join(got.Near, " or ") + "?"
	}
	if got.Locked && r.task.Flow.HTTPLogin == nil {
		text += "; the server answered with status 401, so the site may want an http-login"
	}
	return fmt.Errorf("%s (waited %v)%s", text, r.limit, r.alsoWanted())
}

// alsoWanted names what the page could not have because of the walls, which may
// be why it does not do what it should.
func (r *run) alsoWanted() string {
	walls := r.bounds.walls()
	if len(walls) == 0 {
		return ""
	}
	return "; the page also wanted " + strings.Join(walls, ", ") + ", which the flow does not name under origins"
}

// wall says that the page led to where the flow may not go (C28).
func wall(origin string) error {
	return &trouble{fault: flow.Owner, err: fmt.Errorf("the page wanted %s, which the flow does not name under origins", origin)}
}

// failure makes the error that the caller gets, with the page as evidence
// while the browser still lives. Nothing in it holds a secret.
func (r *run) failure(ctx context.Context, err error) *flow.Failure {
	var t *trouble
	switch {
	case ctx.Err() != nil:
		t = &trouble{fault: flow.Site, err: stopped(context.Cause(ctx))}
	case errors.As(err, &t):
	case errors.Is(err, context.DeadlineExceeded):
		t = &trouble{fault: flow.Site, err: inWords(err, "the page was too busy for this within %v; a heavy page may need a longer step-limit or timeout", r.limit)}
	default:
		t = &trouble{fault: flow.Site, err: err}
	}
	if r.confirmed && t.fault == flow.Sender {
		t.fault = flow.Owner // the ad is online: nobody should send it again
	}
	f := &flow.Failure{Fault: t.fault, Said: t.said, Unfit: t.unfit, Published: r.published && !t.undone, Trace: r.trace, Err: r.blotted(t.err)}
	if r.current != nil {
		f.Step = r.task.Flow.Place(*r.current)
	}
	if r.tab != nil && ctx.Err() == nil {
		r.evidence(ctx, f)
	}
	f.Said = clean(r.blot.Replace(f.Said))
	return f
}

// blotted gives an error with the same cause whose text holds no secret.
func (r *run) blotted(err error) error {
	text := r.blot.Replace(err.Error())
	if text == err.Error() {
		return err
	}
	return &wordedError{text, err}
}

// stopped says that a run has ended because its caller wanted so.
func stopped(cause error) error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return inWords(cause, "the time for the message was up")
	}
	return fmt.Errorf("stopped: %w", cause)
}

// inWords gives an error with the same cause and a text for people.
func inWords(cause error, format string, values ...any) error {
	return &wordedError{fmt.Sprintf(format, values...), cause}
}

type wordedError struct {
	text  string
	cause error
}

func (e *wordedError) Error() string { return e.text }

// Is keeps the cause recognisable without giving it away.
func (e *wordedError) Is(target error) bool { return errors.Is(e.cause, target) }
