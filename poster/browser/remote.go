package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// A browser elsewhere is any Chromium that speaks the DevTools protocol over a
// websocket: one in a container, or behind a service such as browserless or
// Selenium Grid. Its address may hold a token, so no error quotes more of it
// than the host (C29).

const (
	// reachLimit is how long a browser elsewhere may take to let us in. One that
	// has no room may keep us waiting for it.
	reachLimit = 20 * time.Second
	// sendLimit is how long one message to it may take.
	sendLimit = time.Minute
	// pulse is how often a browser elsewhere is asked whether it still lives, and
	// pulseLimit how long it may take to say so.
	pulse      = 15 * time.Second
	pulseLimit = time.Minute
	// maxVersion bounds what it says of itself, in bytes.
	maxVersion = 64 << 10
)

// errLost is how a browser elsewhere goes.
var errLost = fmt.Errorf("%w: the connection to it was lost", errGone)

var errAddress = errors.New("the address of the browser must begin with ws://, wss://, http:// or https:// and a host")

// Reach tells whether a browser elsewhere lets us in.
func Reach(ctx context.Context, address string) error {
	w, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer w.end()
	return newClient(w).ready(ctx)
}

// wire carries DevTools messages over a websocket.
type wire struct {
	conn *websocket.Conn
	gone chan struct{} // closed when nothing more will come
	once sync.Once     // for that
}

// Send writes one message.
func (w *wire) Send(message []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), sendLimit)
	defer cancel()
	return w.conn.Write(ctx, websocket.MessageText, message)
}

// Read gives the next message. Only one goroutine calls it.
func (w *wire) Read() ([]byte, error) {
	_, message, err := w.conn.Read(context.Background())
	if err != nil {
		w.kill()
	}
	return message, err
}

func (w *wire) hasExited() bool {
	select {
	case <-w.gone:
		return true
	default:
		return false
	}
}

// kill cuts the connection. The browser itself drops what was ours: see admit.
func (w *wire) kill() {
	w.once.Do(func() { close(w.gone) })
	w.conn.CloseNow()
}

func (w *wire) end() error {
	w.kill()
	return nil
}

// explain makes an error of what it was that ended the connection, if it has.
func (w *wire) explain(err error) error {
	if w.hasExited() {
		return errLost
	}
	return err
}

// door is where a browser elsewhere is entered.
type door struct {
	url   *url.URL
	host  string // what it is called by; "": as in url
	http  *http.Client
	since time.Time // when we came to it
}

// dial connects to a browser elsewhere.
func dial(ctx context.Context, address string) (*wire, error) {
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"ws", "wss", "http", "https"}, u.Scheme) {
		return nil, errAddress
	}
	d := &door{url: u, since: time.Now(), http: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // where a token would go along
	}}
	if strings.HasPrefix(u.Scheme, "http") {
		if err := d.discover(ctx); err != nil {
			return nil, err
		}
	}
	conn, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(4 * maxMessage) // a form with its photos comes whole: see courier
	return &wire{conn: conn, gone: make(chan struct{})}, nil
}

// discover asks where the browser's websocket is. The browser knows itself by
// another name, so of its answer only the path counts.
func (d *door) discover(ctx context.Context) error {
	ask := *d.url
	ask.Path = strings.TrimSuffix(ask.Path, "/") + "/json/version"
	data, err := d.knock(ctx, func() (*http.Response, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, ask.String(), nil)
		if err != nil {
			return nil, err
		}
		request.Host = d.host
		return d.http.Do(request)
	})
	if err != nil {
		return err
	}
	var version struct {
		URL string `json:"webSocketDebuggerUrl"`
	}
	err = json.Unmarshal(data, &version)
	found, bad := url.Parse(version.URL)
	if err != nil || bad != nil || found.Path == "" {
		return fmt.Errorf("what answers at %s is no browser: it does not say where its websocket is", d.url.Host)
	}
	d.url.Scheme = strings.Replace(d.url.Scheme, "http", "ws", 1)
	d.url.Path, d.url.RawPath = found.Path, found.RawPath
	if found.RawQuery != "" {
		d.url.RawQuery = found.RawQuery
	}
	return nil
}

// enter opens the websocket.
func (d *door) enter(ctx context.Context) (conn *websocket.Conn, err error) {
	_, err = d.knock(ctx, func() (resp *http.Response, err error) {
		conn, resp, err = websocket.Dial(ctx, d.url.String(), &websocket.DialOptions{HTTPClient: d.http, Host: d.host})
		return resp, err
	})
	return conn, err
}

// knock makes a request, and gives the answer's body unless it is that of the
// websocket. Chromium refuses to be called by the name of a host, lest a web page
// do so by a name of its own, but a service in front of it may go by the name: so
// the address is used only once the name has been refused.
func (d *door) knock(ctx context.Context, request func() (*http.Response, error)) ([]byte, error) {
	for {
		resp, err := request()
		if resp == nil {
			return nil, d.unreachable(ctx, err)
		}
		if resp.StatusCode == http.StatusSwitchingProtocols && err == nil {
			return nil, nil
		}
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxVersion))
		resp.Body.Close()
		switch {
		case ctx.Err() != nil: // it has stopped in the middle
			return nil, d.unreachable(ctx, err)
		case resp.StatusCode == http.StatusInternalServerError && d.host == "" && d.byAddress(ctx):
		case resp.StatusCode == http.StatusOK && err == nil:
			return body, nil
		default:
			return nil, d.refused(resp.StatusCode)
		}
	}
}

// byAddress has the browser called by its address from now on, if it has one
// beside its name.
func (d *door) byAddress(ctx context.Context) bool {
	if net.ParseIP(d.url.Hostname()) != nil {
		return false
	}
	all, err := net.DefaultResolver.LookupHost(ctx, d.url.Hostname())
	if err != nil || len(all) == 0 {
		return false
	}
	d.host = all[0]
	if port := d.url.Port(); port != "" {
		d.host = net.JoinHostPort(all[0], port)
	}
	return true
}

// unreachable says why there was no answer, without the address.
func (d *door) unreachable(ctx context.Context, err error) error {
	var whole *url.Error
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, context.DeadlineExceeded):
		return inWords(cause, "the browser at %s does not answer (waited %v); hint: is it running, and does no firewall stand in between?",
			d.url.Host, time.Since(d.since).Round(100*time.Millisecond))
	case cause != nil:
		return stopped(cause)
	case !errors.As(err, &whole):
		return fmt.Errorf("what answers at %s does not speak the DevTools protocol", d.url.Host)
	}
	return fmt.Errorf("the browser at %s cannot be reached: %w", d.url.Host, whole.Err)
}

// refused says what an answer means that lets nobody in. One that has no room
// now is [ErrBusy].
func (d *door) refused(status int) error {
	answer := strings.TrimSpace(fmt.Sprint(status, " ", http.StatusText(status)))
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return &busy{fmt.Sprintf("the browser at %s has no room for us now (%s)", d.url.Host, answer)}
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("the browser at %s does not let us in (%s); hint: is the token in its address right?", d.url.Host, answer)
	}
	return fmt.Errorf("what answers at %s is no browser, or none at that path (%s)", d.url.Host, answer)
}

// busy is [ErrBusy], of a browser elsewhere.
type busy struct{ why string }

func (b *busy) Error() string        { return b.why }
func (b *busy) Is(target error) bool { return target == ErrBusy }

// connect enters a browser elsewhere.
func (h *house) connect(ctx context.Context, address string) error {
	w, err := dial(ctx, address)
	if err != nil {
		return err
	}
	h.host, h.client = w, newClient(w)
	h.client.listen(h.client.passBy, func() {})
	go h.client.feelPulse(w, pulse, pulseLimit)
	return nil
}

// feelPulse cuts the connection to a browser that says nothing any more: that may
// have gone without a word, and what waits for it would wait for ever.
func (c *client) feelPulse(w *wire, every, limit time.Duration) {
	for {
		select {
		case <-w.gone:
			return
		case <-time.After(every):
		}
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		_, err := c.Call(ctx, "", "Browser.getVersion", nil)
		if cancel(); err != nil {
			w.kill()
		}
	}
}
