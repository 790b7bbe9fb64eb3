package browser

import (
	"context"
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
	for {
		if err := r.glance(ctx); err != nil {
			return err
		}
		if r.isTrue(ctx, a.here(), expression) {
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

// isTrue tells whether an expression is true now in the document that at means;
// one that fails is not.
func (r *run) isTrue(ctx context.Context, at *at, expression string) bool {
	ctx, cancel := context.WithDeadline(ctx, r.stepEnd)
	defer cancel()
	got, err := r.tab.ask(ctx, question{Op: "inside", At: at, until: time.Now()})
	if err != nil || !got.Done {
		return false
	}
	document, err := r.tab.mainWorld(ctx)
	if err != nil {
		return false
	}
	is, err := proto.RuntimeCallFunctionOn{
		ObjectID: document, AwaitPromise: true, ReturnByValue: true,
		FunctionDeclaration: "async function() { return !!(await (" + expression + ")) }",
	}.Call(r.tab.page.Context(ctx))
	return err == nil && is.ExceptionDetails == nil && is.Result.Value.Bool()
}

// mainWorld gives the element that the engine has found last as the page's own
// scripts have it.
func (t *tab) mainWorld(ctx context.Context) (proto.RuntimeRemoteObjectID, error) {
	held, err := t.held(ctx)
	if err != nil {
		return "", err
	}
	node, err := proto.DOMDescribeNode{ObjectID: held}.Call(t.page.Context(ctx))
	if err != nil {
		return "", err
	}
	own, err := proto.DOMResolveNode{BackendNodeID: node.Node.BackendNodeID}.Call(t.page.Context(ctx))
	if err != nil {
		return "", err
	}
	return own.Object.ObjectID, nil
}
