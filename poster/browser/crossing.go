package browser

import (
	"net"
	"net/url"
	"time"
)

// darkTime is how long the proxy refuses tunnels to a host for the sake of a
// request of which the browser says no more.
const darkTime = 5 * time.Second

// crossing is the way of one request that changes something, through tunnels
// to one host. Nobody but the browser can read what is in them, so the proxy
// goes by this: the tunnel that the request has taken must live until the
// answer. Once it has closed without one, a new tunnel could only serve to send
// the request again, and there is none until the request has ended.
type crossing struct {
	proxy   *proxy
	host    string           // with its port
	tunnels map[*tunnel]bool // that may carry it
	alone   bool             // all tunnels that open carry it
	dark    time.Time        // until then no tunnel opens
}

// cross closes the tunnels to a host, so that the next request has a fresh one,
// but not one whose request has no answer yet. The caller sees that the host gets no other request until
// share or end.
func (p *proxy) cross(host string) *crossing {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &crossing{proxy: p, host: host, alone: true, tunnels: map[*tunnel]bool{}}
	for t := range p.tunnels {
		switch {
		case t.host != host:
		case p.carries(t):
			c.tunnels[t] = true
		default:
			t.close()
		}
	}
	p.crossings[c] = true
	return c
}

// carries tells whether a tunnel may have a request in it that has no answer. It
// is called under the lock.
func (p *proxy) carries(t *tunnel) bool {
	for c := range p.crossings {
		if c.tunnels[t] {
			return true
		}
	}
	return false
}

// share lets other requests go to the host, in tunnels of their own.
func (c *crossing) share() {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.alone = false
}

// end is called when the request has its answer, or has failed.
func (c *crossing) end() {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	delete(c.proxy.crossings, c)
}

// begin takes note of a tunnel that is asked for; nil if it must not be, as it
// could only repeat a request.
func (p *proxy) begin(host string) *tunnel {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isDark(host) {
		return nil
	}
	t := &tunnel{host: host}
	p.tunnels[t] = true
	for c := range p.crossings {
		if c.host == host && c.alone {
			c.tunnels[t] = true
		}
	}
	return t
}

// isDark tells whether no tunnel opens to a host. It is called under the lock.
func (p *proxy) isDark(host string) bool {
	for c := range p.crossings {
		if c.host == host && time.Now().Before(c.dark) {
			return true
		}
	}
	return false
}

// enter gives a tunnel its ends. It tells whether it may open: one that was cut
// meanwhile must not.
func (p *proxy) enter(t *tunnel, client, server net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.client, t.server = client, server
	if t.closed {
		t.close()
	}
	return !t.closed
}

// leave ends a tunnel. What follows from it is settled before the browser can
// see that.
func (p *proxy) leave(t *tunnel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tunnels, t)
	for c := range p.crossings {
		if c.tunnels[t] && t.client != nil {
			c.dark = time.Now().Add(darkTime)
		}
		delete(c.tunnels, t)
	}
	t.close()
}

// tunnelHost is what the browser asks the proxy for to reach an address; empty
// if that takes no tunnel.
func tunnelHost(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
