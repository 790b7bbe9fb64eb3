package browser

import (
	"context"
	"fmt"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// httpLogin is what a site gets that asks for a name and password by HTTP (RFC
// 9110 §11.6) before it shows anything. Whether the password itself goes over the
// line, as with Basic, or only a digest of it, the site and the browser agree.
type httpLogin struct {
	origin         flow.Origin // of whoever may ask: the flow's first, and no other (C29)
	user, password string
	told           map[proto.FetchRequestID]bool // who asks again has refused it
}

// offerLogin has the browser ask for the flow's login where a site asks for one.
// Without one in the flow nothing is answered.
func (r *run) offerLogin(ctx context.Context) error {
	offered := r.task.Flow.HTTPLogin
	if offered == nil || r.tab == nil {
		return nil
	}
	user, err := offered.User.Expand(r.plan.values)
	if err != nil {
		return err
	}
	password, err := offered.Password.Expand(r.plan.values)
	if err != nil {
		return err
	}
	l := &httpLogin{origin: r.plan.origins[0], user: user, password: password, told: map[proto.FetchRequestID]bool{}}
	return r.pauseFrom(ctx, func(w *windows) { w.login = l })
}

// identify answers a site that asks for a login, once for each request: who asks
// again has refused it, and to go on would only lock the account.
func (t *tab) identify(auth *proto.FetchAuthRequired) *proto.FetchAuthChallengeResponse {
	none := &proto.FetchAuthChallengeResponse{Response: proto.FetchAuthChallengeResponseResponseCancelAuth}
	o, ok := originOf(auth.AuthChallenge.Origin)
	again, login := false, (*httpLogin)(nil)
	t.update(func() {
		if login = t.login; login != nil && ok && login.origin.Covers(o) {
			again, login.told[auth.RequestID] = login.told[auth.RequestID], true
		} else {
			login = nil
		}
	})
	switch {
	case login == nil:
		return none
	case again:
		t.breakOff(&trouble{fault: flow.Owner, err: fmt.Errorf("%s refuses the name or password of http-login", o)})
		return none
	}
	return &proto.FetchAuthChallengeResponse{
		Response: proto.FetchAuthChallengeResponseResponseProvideCredentials,
		Username: login.user, Password: login.password,
	}
}
