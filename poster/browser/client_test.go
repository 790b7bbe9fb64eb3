package browser

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
)

// talk is a browser that says given messages as soon as it is asked something.
type talk struct {
	says []string
	said chan string
}

func newTalk(says ...string) *talk { return &talk{says: says, said: make(chan string, len(says))} }

func (k *talk) Send(message []byte) error {
	var asked cdp.Request
	if err := json.Unmarshal(message, &asked); err != nil {
		return err
	}
	for _, s := range k.says {
		k.said <- strings.ReplaceAll(s, "ID", strconv.Itoa(asked.ID))
	}
	close(k.said)
	return nil
}

func (*talk) kill() {}

func (k *talk) Read() ([]byte, error) {
	s, more := <-k.said
	if !more {
		return nil, io.EOF
	}
	return []byte(s), nil
}

// What the browser told before it answered has been heard when a call returns.
func TestEventsComeBeforeTheAnswer(t *testing.T) {
	c := newClient(newTalk(
		`{"method":"Network.loadingFinished","sessionId":"S","params":{"requestId":"7"}}`,
		`{"id":ID,"result":{"a":1}}`))
	var heard []string
	c.listen(func(e *cdp.Event) {
		time.Sleep(20 * time.Millisecond)
		var done proto.NetworkLoadingFinished
		if load(e, &done) {
			heard = append(heard, e.SessionID+string(done.RequestID))
		}
	}, func() {})
	got, err := c.Call(t.Context(), "S", "Page.enable", nil)
	if err != nil || string(got) != `{"a":1}` {
		t.Errorf("answer: %s, %v", got, err)
	}
	if len(heard) != 1 || heard[0] != "S7" {
		t.Errorf("heard: %q", heard)
	}
}

// Whoever waits is told of the browser's end, whoever asks after it at once.
func TestBrowserGoneWhileAsked(t *testing.T) {
	for _, last := range []string{`{"method":"Inspector.detached"}`, "nonsense%.0d"} {
		c := newClient(newTalk(last))
		gone := make(chan struct{})
		c.listen(func(*cdp.Event) {}, func() { close(gone) })
		for range 2 {
			if _, err := c.Call(t.Context(), "", "Page.enable", nil); !errors.Is(err, errGone) {
				t.Errorf("after %q: %v", last, err)
			}
		}
		<-gone
		c.listen(nil, func() { gone = nil })
		if gone != nil {
			t.Error("who listens late is not told")
		}
	}
}

func TestCallAnsweredWithError(t *testing.T) {
	c := newClient(newTalk(`{"id":ID,"error":{"code":-32000,"message":"no node"}}`))
	_, err := c.Call(t.Context(), "", "DOM.focus", nil)
	var e *cdp.Error
	if !errors.As(err, &e) || e.Code != -32000 {
		t.Errorf("got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newClient(silent{}).Call(ended, "", "DOM.focus", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

// A pipe that is closed on the browser's side is a browser that has gone.
func TestCallOverClosedPipe(t *testing.T) {
	if _, err := newClient(broken{}).Call(t.Context(), "", "DOM.focus", nil); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}

type broken struct{ silent }

func (broken) Send([]byte) error { return syscall.EPIPE }

type silent struct{}

func (silent) Send([]byte) error     { return nil }
func (silent) Read() ([]byte, error) { select {} }
func (silent) kill()                 {}
