package browser

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// openTunnel asks for a tunnel, and gives the proxy's status.
func openTunnel(t *testing.T, p *proxy, target, password string) (net.Conn, int) {
	t.Helper()
	conn, err := net.Dial("tcp", p.address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	req, err := http.NewRequest(http.MethodConnect, "http://"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(proxyUser, password)
	req.Header["Proxy-Authorization"] = req.Header["Authorization"]
	if err := req.Write(conn); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		t.Fatal(err)
	}
	return conn, r.StatusCode
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
			if _, got := openTunnel(t, tt.proxy, tt.target, tt.password); got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
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

// C26: a request that crosses has tunnels that no other has used, and when they
// close before its answer, none opens that could carry it again.
func TestCrossing(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	host := strings.TrimPrefix(srv.URL, "http://")
	p := proxyFor(t, "https://"+host)
	open := func(want int) net.Conn {
		t.Helper()
		conn, status := openTunnel(t, p, host, p.password)
		if status != want {
			t.Fatalf("status %d, want %d", status, want)
		}
		return conn
	}
	isOpen := func(conn net.Conn) bool {
		conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, err := conn.Read(make([]byte, 1))
		return errors.Is(err, os.ErrDeadlineExceeded)
	}
	before := open(200)
	first := p.cross(host)
	if isOpen(before) {
		t.Error("a tunnel that was used lives on")
	}
	carries := open(200)
	first.share()
	others := open(200)
	second := p.cross(host)
	if !isOpen(carries) || isOpen(others) {
		t.Error("the next request has cut off one that has no answer, or left what others have used")
	}
	second.share()
	open(200).Close()
	open(200)
	carries.Close()
	dark := func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.isDark(host)
	}
	for !dark() {
		time.Sleep(time.Millisecond)
	}
	open(502)
	first.end()
	open(502)
	second.end()
	open(200)
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
