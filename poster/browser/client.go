package browser

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
)

var errGone = errors.New("the browser has gone")

// messages carries DevTools messages to the browser and back, whole.
type messages interface {
	Send(message []byte) error
	Read() ([]byte, error)
	kill() // the browser, or the connection, ends soon; may be called at any time, by anyone
}

// client is the connection that rod makes its calls on. Unlike rod's own it
// hands on events in the order in which the browser sent them among its
// answers: once a call has returned, everything that the browser told before
// it answered has been heard. What a step decides from what it has heard, such
// as that no upload is under way, would else depend on who is scheduled first.
type client struct {
	over messages
	gone error // what it says when the browser has gone

	guests guests

	mu      sync.Mutex
	last    int
	waiting map[int]chan<- cdp.Response
	tabs    []*listener // replaced, never changed
	ended   bool
	none    chan *cdp.Event // for rod, which has no need to hear of events
}

func newClient(over messages) *client {
	c := &client{over: over, gone: errGone, waiting: map[int]chan<- cdp.Response{}, none: make(chan *cdp.Event)}
	if _, elsewhere := over.(*wire); elsewhere {
		c.gone = errLost
	}
	go c.read()
	return c
}

// Event is part of rod.CDPClient. It gives nothing and ends with the browser.
func (c *client) Event() <-chan *cdp.Event { return c.none }

// Call is part of rod.CDPClient.
func (c *client) Call(ctx context.Context, session, method string, params any) ([]byte, error) {
	answered := make(chan cdp.Response, 1)
	id, err := c.expect(answered)
	if err != nil {
		return nil, err
	}
	defer c.forget(id)
	if err := c.write(id, session, method, params); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got, ok := <-answered:
		if !ok {
			return nil, c.gone
		}
		if got.Error != nil {
			return nil, got.Error
		}
		return got.Result, nil
	}
}

// send is Call for whom no answer is of use.
func (c *client) send(session, method string, params any) error {
	id, err := c.expect(make(chan cdp.Response, 1))
	if err != nil {
		return err
	}
	c.forget(id)
	return c.write(id, session, method, params)
}

func (c *client) write(id int, session, method string, params any) error {
	message, err := json.Marshal(cdp.Request{ID: id, SessionID: session, Method: method, Params: params})
	if err != nil {
		return err
	}
	if err := c.over.Send(message); err != nil {
		return c.gone // its end of the pipe has closed before ours has seen that
	}
	return nil
}

// listener is told of events.
type listener struct {
	hear func(*cdp.Event)
	gone func()
}

// listen has each event from now on given to hear, one after the other, before
// any later answer is. gone is called when the browser has ended. Neither may
// wait for the browser. stop ends it.
func (c *client) listen(hear func(*cdp.Event), gone func()) (stop func()) {
	l := &listener{hear, gone}
	c.mu.Lock()
	c.tabs = append(slices.Clone(c.tabs), l)
	ended := c.ended
	c.mu.Unlock()
	if ended {
		gone()
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.tabs = slices.DeleteFunc(slices.Clone(c.tabs), func(other *listener) bool { return other == l })
	}
}

func (c *client) expect(answered chan<- cdp.Response) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return 0, c.gone
	}
	c.last++
	c.waiting[c.last] = answered
	return c.last, nil
}

func (c *client) forget(id int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// read takes in what the browser says until it says no more. One that talks nonsense
// is cut off: nobody would hear what else it says.
func (c *client) read() {
	for {
		message, err := c.over.Read()
		if err != nil {
			break
		}
		var m struct {
			ID int `json:"id"`
			cdp.Event
			Result json.RawMessage `json:"result"`
			Error  *cdp.Error      `json:"error"`
		}
		if json.Unmarshal(message, &m) != nil {
			c.over.kill()
			break
		}
		if m.ID == 0 {
			c.tell(&m.Event)
		} else {
			c.answer(cdp.Response{ID: m.ID, Result: m.Result, Error: m.Error})
		}
	}
	c.end()
}

func (c *client) tell(e *cdp.Event) {
	c.mu.Lock()
	tabs := c.tabs
	c.mu.Unlock()
	for _, t := range tabs {
		t.hear(e)
	}
}

func (c *client) answer(r cdp.Response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answered, ok := c.waiting[r.ID]; ok {
		delete(c.waiting, r.ID)
		answered <- r
	}
}

func (c *client) end() {
	c.mu.Lock()
	c.ended = true
	for id, answered := range c.waiting {
		delete(c.waiting, id)
		close(answered)
	}
	tabs := c.tabs
	c.mu.Unlock()
	close(c.none)
	for _, t := range tabs {
		t.gone()
	}
}

// load reads an event if it is of this kind.
func load(e *cdp.Event, into proto.Event) bool {
	return e.Method == into.ProtoEvent() && json.Unmarshal(e.Params, into) == nil
}
