package browser

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"mailapp/poster/flow"
)

func proxyFor(t *testing.T, origins ...string) *proxy {
	t.Helper()
	var allowed []flow.Origin
	for _, s := range origins {
		o, err := flow.ParseOrigin(s)
		if err != nil {
			t.Fatal(err)
		}
		allowed = append(allowed, o)
	}
	p, err := newProxy(allowed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

// through gives a client that goes through p with a password.
func through(p *proxy, password string) *http.Client {
	u := &url.URL{Scheme: "http", Host: p.address(), User: url.UserPassword(proxyUser, password)}
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(u)}}
}

func TestProxy(t *testing.T) {
	var c counter
	srv := httptest.NewServer(c.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Proxy-Authorization", "X-Forwarded-For", "Via"} {
			if r.Header.Get(name) != "" {
				t.Errorf("the site gets to see %s", name)
			}
		}
		fmt.Fprint(w, "hello")
	})))
	defer srv.Close()
	other := httptest.NewServer(c.wrap(http.NotFoundHandler()))
	defer other.Close()
	p := proxyFor(t, srv.URL)
	tests := []struct {
		name, password, url string
		status              int
		refused             string
	}{
		{"allowed", p.password, srv.URL + "/x", 200, ""},
		{"wrong password", "wrong", srv.URL + "/x", 407, ""},
		{"elsewhere", p.password, other.URL + "/", 403, other.URL},
		{"greeting", p.password, "http://" + greetingHost + "/", 204, ""},
		{"greeting without password", "", "http://" + greetingHost + "/", 407, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := through(p, tt.password).Get(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			if r.StatusCode != tt.status {
				t.Errorf("status %d, want %d", r.StatusCode, tt.status)
			}
			if got := strings.Join(p.walls(), " "); tt.refused != "" && got != tt.refused { // C28
				t.Errorf("remembers %q, want %q", got, tt.refused)
			}
		})
	}
	if c.all() != 1 {
		t.Errorf("the sites saw %v", c.seen)
	}
}

// A tunnel goes only where the flow may, and only with the password.
func TestProxyTunnel(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	host := strings.TrimPrefix(srv.URL, "http://")
	p := proxyFor(t, "https://"+host)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	gone := proxyFor(t, "https://"+closed.Addr().String())
	tests := []struct {
		name, target, password string
		proxy                  *proxy
		want                   int
	}{
		{"allowed", host, p.password, p, 200},
		{"no password", host, "", p, 407},
		{"elsewhere", "127.0.0.1:22", p.password, p, 403},
		{"other port", strings.Split(host, ":")[0] + ":443", p.password, p, 403},
		{"nobody there", closed.Addr().String(), gone.password, gone, 502},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", tt.proxy.address())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			req, err := http.NewRequest(http.MethodConnect, "http://"+tt.target, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth(proxyUser, tt.password)
			req.Header["Proxy-Authorization"] = req.Header["Authorization"]
			if err := req.Write(conn); err != nil {
				t.Fatal(err)
			}
			r, err := http.ReadResponse(bufio.NewReader(conn), req)
			if err != nil || r.StatusCode != tt.want {
				t.Errorf("got %v, %v; want %d", r, err, tt.want)
			}
		})
	}
	if err := gone.whatFailed(); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("remembers %v", err)
	}
}

// C26: the proxy itself never sends a POST twice, and answers for a server
// that does not.
func TestProxyNeverRepeats(t *testing.T) {
	var posts atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodPost {
			posts.Add(1)
			loseConnection(w, r)
		}
	}))
	defer srv.Close()
	p := proxyFor(t, srv.URL)
	client := through(p, p.password)
	for range 5 {
		r, err := client.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
	}
	r, err := client.Post(srv.URL, "text/plain", strings.NewReader("x"))
	if err != nil || r.StatusCode != http.StatusBadGateway {
		t.Fatalf("got %v, %v", r, err)
	}
	r.Body.Close()
	if posts.Load() != 1 {
		t.Errorf("%d posts", posts.Load())
	}
	if err := p.whatFailed(); err == nil || !strings.Contains(err.Error(), "without an answer") {
		t.Errorf("remembers %v", err)
	}
}

// After the cut no connection lives on, and none is used twice.
func TestProxyCut(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") }))
	defer srv.Close()
	p := proxyFor(t, srv.URL)
	unused, err := net.Dial("tcp", p.address()) // as a browser preconnects
	if err != nil {
		t.Fatal(err)
	}
	defer unused.Close()
	client := through(p, p.password)
	get := func() *http.Response {
		t.Helper()
		r, err := client.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		return r
	}
	if r := get(); r.Close {
		t.Error("closes before the cut")
	}
	p.cut()
	if _, err := unused.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the unused connection: %v", err)
	}
	if r := get(); !r.Close {
		t.Error("a connection may be used twice after the cut")
	}
}
