package browser

import (
	"context"
	"errors"
	"fmt"

	"mailapp/poster/flow"
)

// listed does the section list before the steps, on the same page and so with
// the same login, and hands over what it has found. The steps then begin as if
// nothing had been before them, with all their time.
func (r *run) listed(ctx context.Context) error {
	replies := r.tab.replies
	r.item = 0
	err := r.list(ctx, r.task.Flow.Sections[flow.List], false)
	if err == nil {
		err = r.last(ctx)
	}
	if err != nil {
		return notTheSenders(err)
	}
	if err := r.task.Listed(r.rows); err != nil {
		return &trouble{fault: flow.Owner, err: fmt.Errorf("listing the account's ads: %w", err)}
	}
	for name := range r.values {
		r.plan.values[name] = ""
	}
	r.rows, r.values, r.item = nil, map[string]string{}, 1
	r.tab.update(func() { r.tab.replies = replies })
	r.end = r.deadline(ctx)
	return r.watchFails()
}

// notTheSenders makes what the site refuses on a page that only lists something
// for the owner to see: it is not about the mail.
func notTheSenders(err error) error {
	var t *trouble
	if errors.As(err, &t) && t.fault == flow.Sender {
		t.fault = flow.Owner
	}
	return err
}
