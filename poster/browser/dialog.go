package browser

import (
	"errors"
	"fmt"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// replies are what native dialogs get. The zero replies fail the step: nothing
// is confirmed, and the page is not left.
type replies struct {
	alert, confirm flow.Reply
	prompts        bool // are answered, by text
	text           string
	leave          bool
}

// changed gives the replies after an answer step.
func (r replies) changed(new flow.Answers, text string) replies {
	if new.Alert != "" {
		r.alert = new.Alert
	}
	if new.Confirm != "" {
		r.confirm = new.Confirm
	}
	if new.HasPrompt {
		r.prompts, r.text = true, text
	}
	if new.Leaving != "" {
		r.leave = new.Leaving == flow.Leave
	}
	return r
}

// to gives the reply to a dialog; false if it fails the step.
func (r replies) to(kind proto.PageDialogType) (accept, ok bool) {
	switch kind {
	case proto.PageDialogTypeAlert:
		return true, r.alert == flow.Accept
	case proto.PageDialogTypeConfirm:
		return r.confirm == flow.Accept, r.confirm == flow.Accept || r.confirm == flow.Dismiss
	case proto.PageDialogTypePrompt:
		return true, r.prompts
	}
	return true, r.leave
}

// dialogue answers a native dialog, which freezes the page until then.
func (t *tab) dialogue(e proto.PageJavascriptDialogOpening) {
	t.mu.Lock()
	replies := t.replies
	t.mu.Unlock()
	accept, ok := replies.to(e.Type)
	if !ok {
		text := fmt.Sprintf("the page raised a dialog: %q", clean(e.Message))
		if e.Type == proto.PageDialogTypeBeforeunload {
			text = "the page asked whether to leave it and lose what was entered"
		}
		t.breakOff(&trouble{fault: flow.Owner, said: e.Message, dialog: true, err: errors.New(text)})
	}
	reply := proto.PageHandleJavaScriptDialog{Accept: accept && ok}
	if e.Type == proto.PageDialogTypePrompt {
		reply.PromptText = replies.text
	}
	t.call(func(p target) error { return reply.Call(p) })
}

// sorted gives a dialog's trouble to whom a fails-when that fits its text names.
func (r *run) sorted(err error) error {
	var t *trouble
	if !errors.As(err, &t) || !t.dialog || t.said == "" {
		return err
	}
	for i, c := range r.fails {
		if c.mentions(t.said) {
			f := r.task.Flow.FailsWhen[i]
			return &trouble{fault: f.Fault, said: r.instead(f, t.said), err: t.err}
		}
	}
	return err
}
