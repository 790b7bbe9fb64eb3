package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// scriptPause is between two tries of a recording's own JavaScript, of whose
// becoming true the page tells nobody.
const scriptPause = 100 * time.Millisecond

// expectScript waits until an expression of a recording comes true. It runs
// among the page's own scripts, as it did where it was recorded, in the frame
// that the recording names.
func (r *run) expectScript(ctx context.Context, a *act, t *test) error {
	expression := strings.TrimRight(t.expression, "; \n")
	if rec := a.step.Recorded; rec != nil && len(rec.Frame) > 0 {
		source, err := json.Marshal(expression)
		if err != nil {
			return err
		}
		expression = "window"
		for _, i := range rec.Frame {
			expression += fmt.Sprintf(".frames[%d]", i)
		}
		expression += fmt.Sprintf(".eval(%s)", source)
	}
	for {
		if err := r.glance(ctx); err != nil {
			return err
		}
		if r.isTrue(ctx, expression) {
			return nil
		}
		if time.Now().After(r.stepEnd) {
			return &trouble{fault: flow.Owner, err: fmt.Errorf("the expression of the recording does not come true (waited %v)", r.limit)}
		}
		if err := wait(ctx, scriptPause); err != nil {
			return err
		}
	}
}

// isTrue tells whether an expression is true now; one that fails is not.
func (r *run) isTrue(ctx context.Context, expression string) bool {
	ctx, cancel := context.WithDeadline(ctx, r.stepEnd)
	defer cancel()
	got, err := proto.RuntimeEvaluate{
		Expression: "(async () => !!(await (" + expression + ")))()", AwaitPromise: true, ReturnByValue: true,
	}.Call(r.tab.page.Context(ctx))
	return err == nil && got.ExceptionDetails == nil && got.Result.Value.Bool()
}
