package browser

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"time"

	"mailapp/poster/flow"
)

const (
	dialLimit  = 15 * time.Second
	maxRefused = 20 // origins that are remembered for a message
)

// proxy is the wall around the browser (C28): a forward proxy on loopback
// that connects only to the flow's origins. The browser has no other way out.
//
// It is also the guard against Chromium's second POST. When a server takes a
// request and closes the connection unanswered, Chromium silently sends the
// request again if it had used or preconnected that connection. So [proxy.cut]
// closes every connection before the publish click, [proxy.cross] does so to a
// host before each request that changes something, and the request goes out on a
// fresh one. Upstream no connection is used twice, so that net/http never
// sends anything again either.
type proxy struct {
	listener net.Listener
	server   *http.Server
	forward  *httputil.ReverseProxy
	dialer   net.Dialer
	password string

	mu        sync.Mutex
	allowed   []flow.Origin
	conns     map[net.Conn]http.ConnState // of the browser, without tunnels
	tunnels   map[*tunnel]bool
	crossings map[*crossing]bool
	once      bool     // each connection carries one request from now on
	refused   []string // origins that were asked for and are not allowed
	trouble   error    // the last failure to reach an allowed origin
}

// tunnel is a CONNECT: both ends, whose content is not ours to read.
type tunnel struct {
	host           string   // with its port
	client, server net.Conn // nil: it is yet to open
	closed         bool
}

// close is called under the proxy's lock.
func (t *tunnel) close() {
	t.closed = true
	if t.client != nil {
		t.client.Close()
		t.server.Close()
	}
}

const proxyUser = "mailapp"

// greetingHost is answered by the proxy itself. The browser goes there first
// and so learns to send the password on its own. The name can be nobody's: RFC
// 6761 §6.4.
const greetingHost = "mailapp.invalid"

// newProxy starts a proxy that ends with close.
func newProxy(allowed []flow.Origin) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{
		allowed: allowed, listener: l, password: rand.Text(),
		dialer:  net.Dialer{Timeout: dialLimit},
		conns:   map[net.Conn]http.ConnState{},
		tunnels: map[*tunnel]bool{}, crossings: map[*crossing]bool{},
	}
	silent := log.New(io.Discard, "", 0)
	p.forward = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true, DialContext: p.dialer.DialContext},
		FlushInterval: -1,
		ErrorLog:      silent,
		ErrorHandler:  p.unreachable,
	}
	p.server = &http.Server{
		Handler: p, ConnState: p.track, ErrorLog: silent,
		ReadHeaderTimeout: time.Minute, MaxHeaderBytes: 1 << 20,
	}
	go p.server.Serve(l)
	return p, nil
}

// allow has it let through what goes to these origins.
func (p *proxy) allow(origins []flow.Origin) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = origins
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// close ends the proxy and all its connections.
func (p *proxy) close() {
	p.server.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for t := range p.tunnels {
		t.close()
	}
}

// ServeHTTP lets through what knows the password and goes where the flow may.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.knows(r.Header.Get("Proxy-Authorization")) {
		w.Header().Set("Proxy-Authenticate", `Basic realm="mailapp"`)
		http.Error(w, "this proxy serves one browser only", http.StatusProxyAuthRequired)
		return
	}
	if r.URL.Host == greetingHost {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	origin, ok := p.permitted(r)
	if !ok {
		p.refuse(origin)
		http.Error(w, "the flow does not name "+origin.String()+" under origins", http.StatusForbidden)
		return
	}
	if r.Method == http.MethodConnect {
		p.connect(w, r)
		return
	}
	if p.single() {
		w.Header().Set("Connection", "close")
	}
	p.forward.ServeHTTP(w, r)
}

func (p *proxy) knows(header string) bool {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+p.password))
	return subtle.ConstantTimeCompare([]byte(header), []byte(want)) == 1
}

// permitted tells where a request wants to go and whether it may. What a
// tunnel carries is unknown: http for a plain websocket, else https.
func (p *proxy) permitted(r *http.Request) (flow.Origin, bool) {
	if r.Method != http.MethodConnect {
		o := flow.OriginOf(r.URL)
		return o, r.URL.Scheme == "http" && p.allows(o)
	}
	o := flow.OriginOf(&url.URL{Scheme: "https", Host: r.Host})
	plain := o
	plain.Scheme = "http"
	return o, p.allows(o) || p.allows(plain)
}

func (p *proxy) allows(o flow.Origin) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.allowed, func(a flow.Origin) bool { return a.Covers(o) })
}

func (p *proxy) refuse(o flow.Origin) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.refused) < maxRefused && !slices.Contains(p.refused, o.String()) {
		p.refused = append(p.refused, o.String())
	}
}

// connect opens a tunnel and carries bytes until either end closes.
func (p *proxy) connect(w http.ResponseWriter, r *http.Request) {
	t := p.begin(r.Host)
	if t == nil {
		http.Error(w, "the site closed the connection without an answer", http.StatusBadGateway)
		return
	}
	defer p.leave(t)
	server, err := p.dialer.DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		p.unreachable(w, r, err)
		return
	}
	client, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		server.Close()
		return
	}
	if !p.enter(t, client, server) {
		return
	}
	if _, err := io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	go func() {
		defer p.leave(t)
		io.Copy(server, in)
	}()
	io.Copy(client, server)
}

// unreachable answers for a site that does not. An answer, rather than a
// closed connection, is also what keeps Chromium from sending a plain-HTTP
// request again.
func (p *proxy) unreachable(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		p.mu.Lock()
		p.trouble = reason(r, err)
		p.mu.Unlock()
	}
	http.Error(w, "the site could not be reached", http.StatusBadGateway)
}

// reason says in a few words why there was no answer: either there was no
// connection, or it ended too early.
func reason(r *http.Request, err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("%s cannot be reached: %w", r.Host, op.Err)
	}
	return fmt.Errorf("%s closed the connection without an answer", r.Host)
}

// track keeps what each connection of the browser is doing.
func (p *proxy) track(c net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(p.conns, c)
	case http.StateIdle:
		p.conns[c] = state
		if p.once {
			c.Close() // its answer began before the cut; the next request was not read yet
		}
	default:
		p.conns[c] = state
	}
}

func (p *proxy) single() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.once
}

// cut closes all tunnels and all connections that carry no request, and lets
// none be used twice from now on. What is sent next goes out on a fresh
// connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.once = true
	for t := range p.tunnels {
		t.close()
	}
	for c, state := range p.conns {
		if state != http.StateActive {
			c.Close()
		}
	}
}

// walls gives the origins that were refused so far.
func (p *proxy) walls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.refused)
}

// whatFailed gives the last failure to reach the site, or nil.
func (p *proxy) whatFailed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble
}
