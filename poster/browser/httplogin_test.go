package browser

import (
	"crypto/md5"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"mailapp/poster/flow"
)

// locked serves what stands behind a login by HTTP, and counts who asks.
func locked(scheme string, asked *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		user, pass, _ := r.BasicAuth()
		if user == "fred" && pass == "geh€im" || digestFits(r, "fred", "geh€im") {
			fmt.Fprint(w, `<!DOCTYPE html><title>In</title><h1>Welcome</h1><a href="/more" target=w>More</a> <a href="/more">Go on</a>`)
			return
		}
		w.Header().Set("WWW-Authenticate", scheme)
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `<!DOCTYPE html><h1>Keep out</h1>`)
	}
}

// digestFits checks a Digest as of RFC 2617 without qop.
func digestFits(r *http.Request, user, pass string) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Digest ")
	if !ok {
		return false
	}
	hash := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	want := hash(hash(user+":in:"+pass) + ":n0nce:" + hash(r.Method+":"+r.URL.RequestURI()))
	return strings.Contains(given, `response="`+want+`"`)
}

// A site that asks by HTTP is told, in its windows too, and no one else is. Who
// refuses what it is told is not told again.
func TestHTTPLogin(t *testing.T) {
	chromium(t)
	t.Parallel()
	var basic, digest, other atomic.Int32
	elsewhere := site(t, map[string]page{"/": {handle: locked(`Basic realm="in"`, &other)}})
	srv := site(t, map[string]page{
		"/basic":  {handle: locked(`Basic realm="in", charset="UTF-8"`, &basic)},
		"/more":   {handle: locked(`Basic realm="in", charset="UTF-8"`, &basic)},
		"/digest": {handle: locked(`Digest realm="in", nonce="n0nce", algorithm=MD5`, &digest)},
	})
	tr := trial{
		noOpen: true, limit: "2s", head: "http-login: {user: '{{account}}', password: '{{password}}'}\n",
		values: map[string]string{"account": "fred"}, secrets: map[string]string{"password": "geh€im"},
		origins: []string{elsewhere.URL},
	}
	tr.steps = "- open: '{{site}}/digest'\n- expect: Welcome\n- open: '{{site}}/basic'\n- click: More\n- window: [expect: Welcome]\n- publish: Go on\n- expect: {url: '*/more'}"
	tr.must(t, srv.URL)

	tr.steps = "- open: '" + elsewhere.URL + "/'\n- expect: Welcome"
	if f := tr.mustFail(t, srv.URL, flow.Owner); !strings.Contains(f.Said, "Keep out") || other.Load() != 1 {
		t.Errorf("%v after %d requests", f, other.Load())
	}

	tr.head, tr.steps = "", "- open: '{{site}}/basic'\n- expect: Welcome"
	tr.mustFail(t, srv.URL, flow.Owner, "the site may want an http-login")

	tr.head = "http-login: {user: '{{account}}', password: '{{password}}'}\n"
	basic.Store(0)
	tr.secrets["password"] = "mistyped"
	f := tr.mustFail(t, srv.URL, flow.Owner, "refuses the name or password of http-login")
	if basic.Load() != 2 || strings.Contains(f.Error(), "mistyped") {
		t.Errorf("%v after %d requests", f, basic.Load())
	}
}
