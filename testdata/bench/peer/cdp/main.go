// Cdp posts by DevTools messages written by hand over a pipe: what a browser
// costs at the least. It clicks by script, waits for nothing but the next
// document, and believes the site.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"

	"bench/peer"
)

func main() { peer.Main(start) }

type client struct {
	work peer.Work
	cmd  *exec.Cmd
	dir  string
	to   *os.File

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
	loads   map[string]chan bool // by session: a document is there
	used    bool                 // the first page is
}

type reply struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

func start(w peer.Work) (peer.Client, error) {
	dir, err := os.MkdirTemp("/dev/shm", "bench-")
	if err != nil {
		return nil, err
	}
	theirIn, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	from, theirOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(w.Browser, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--no-first-run", "--disable-gpu",
		"--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-sync",
		"--disable-default-apps", "--disable-site-isolation-trials", "--user-data-dir="+dir, "--window-size=1280,1000", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &client{work: w, cmd: cmd, dir: dir, to: to, waiting: map[int]chan reply{}, loads: map[string]chan bool{}}
	go c.read(bufio.NewReaderSize(from, 1<<16))
	_, err = c.call("", "Browser.getVersion", nil)
	return c, err
}

func (c *client) Close() {
	c.cmd.Process.Kill()
	c.cmd.Wait()
	os.RemoveAll(c.dir)
}

// call sends one message and waits for its answer.
func (c *client) call(session, method string, params any) (json.RawMessage, error) {
	answered := make(chan reply, 1)
	c.mu.Lock()
	c.last++
	id := c.last
	c.waiting[id] = answered
	c.mu.Unlock()
	message := map[string]any{"id": id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if session != "" {
		message["sessionId"] = session
	}
	data, err := json.Marshal(message)
	if err == nil {
		_, err = c.to.Write(append(data, 0))
	}
	if err != nil {
		return nil, err
	}
	r := <-answered
	if r.Error != nil {
		return nil, errors.New(method + ": " + r.Error.Message)
	}
	return r.Result, nil
}

func (c *client) read(in *bufio.Reader) {
	for {
		data, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var m struct {
			ID        int
			Method    string
			SessionID string
			reply
		}
		if json.Unmarshal(data[:len(data)-1], &m) != nil {
			return
		}
		c.mu.Lock()
		if w := c.waiting[m.ID]; w != nil {
			delete(c.waiting, m.ID)
			w <- m.reply
		} else if m.Method == "Page.domContentEventFired" {
			c.loads[m.SessionID] <- true
		}
		c.mu.Unlock()
	}
}

// page is one page that is attached to.
type page struct {
	*client
	session string
	loaded  chan bool
}

// open gives a page: the browser's own for the first, else one with a profile
// of its own.
func (c *client) open() (p *page, done func(), err error) {
	c.mu.Lock()
	first := !c.used
	c.used = true
	c.mu.Unlock()
	target, done := "", func() {}
	if first {
		target, err = c.firstTarget()
	} else {
		target, done, err = c.newTarget()
	}
	if err != nil {
		return nil, nil, err
	}
	var attached struct{ SessionID string }
	if err := c.get(&attached, "", "Target.attachToTarget", map[string]any{"targetId": target, "flatten": true}); err != nil {
		return nil, nil, err
	}
	p = &page{c, attached.SessionID, make(chan bool, 100)}
	c.mu.Lock()
	c.loads[p.session] = p.loaded
	c.mu.Unlock()
	_, err = c.call(p.session, "Page.enable", nil)
	return p, done, err
}

func (c *client) firstTarget() (string, error) {
	var all struct {
		TargetInfos []struct{ TargetID, Type string }
	}
	if err := c.get(&all, "", "Target.getTargets", nil); err != nil {
		return "", err
	}
	for _, t := range all.TargetInfos {
		if t.Type == "page" {
			return t.TargetID, nil
		}
	}
	return "", errors.New("no page")
}

func (c *client) newTarget() (string, func(), error) {
	var context struct{ BrowserContextID string }
	if err := c.get(&context, "", "Target.createBrowserContext", nil); err != nil {
		return "", nil, err
	}
	done := func() { c.call("", "Target.disposeBrowserContext", context) }
	var target struct{ TargetID string }
	err := c.get(&target, "", "Target.createTarget", map[string]any{
		"url": "about:blank", "browserContextId": context.BrowserContextID, "newWindow": true, "width": 1280, "height": 1000})
	return target.TargetID, done, err
}

func (c *client) get(into any, session, method string, params any) error {
	data, err := c.call(session, method, params)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// remote is what a script gives.
type remote struct {
	Result struct {
		Value    string
		ObjectID string
	}
	ExceptionDetails json.RawMessage
}

func (p *page) script(text string, byValue bool) (r remote, err error) {
	err = p.get(&r, p.session, "Runtime.evaluate", map[string]any{"expression": text, "returnByValue": byValue, "userGesture": true})
	if err == nil && r.ExceptionDetails != nil {
		err = fmt.Errorf("%s: %s", text, r.ExceptionDetails)
	}
	return r, err
}

// leads runs a script and waits for the document to which it leads.
func (p *page) leads(text string) error {
	if _, err := p.script(text, true); err != nil {
		return err
	}
	<-p.loaded
	return nil
}

func (p *page) goTo(url string) error {
	if _, err := p.call(p.session, "Page.navigate", map[string]any{"url": url}); err != nil {
		return err
	}
	<-p.loaded
	return nil
}

func (c *client) Post() (string, error) {
	p, done, err := c.open()
	if err != nil {
		return "", err
	}
	defer done()
	steps := []func() error{
		func() error { return p.goTo(c.work.Site + "/login") },
		func() error {
			return p.leads(set("email", peer.Account) + set("password", peer.Password) + click("#login button"))
		},
		func() error { return p.goTo(c.work.Site + "/post") },
		func() error { return p.leads(click("a[href='/post/for-sale']")) },
		p.upload,
		func() error {
			return p.leads(set("title", peer.Title) + set("price", peer.Price) + set("description", peer.Body) +
				set("condition", peer.Choice) + click("#owner") + click("main form button"))
		},
		func() error {
			return p.leads("if (document.querySelectorAll('#preview .photos img').length != 3) throw 'photos';" + click("form[action^='/publish'] button"))
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return "", err
		}
	}
	r, err := p.script("document.querySelector('#ad-number').textContent && location.href", true)
	if err == nil && c.work.Picture {
		err = p.picture()
	}
	return r.Result.Value, err
}

// picture has the browser draw the page once its photos are there.
func (p *page) picture() error {
	loaded := "Promise.all([...document.images].map(i => i.complete || new Promise(r => i.onload = r)))"
	_, err := p.call(p.session, "Runtime.evaluate", map[string]any{"expression": loaded, "awaitPromise": true})
	if err == nil {
		_, err = p.call(p.session, "Page.captureScreenshot", map[string]any{"format": "jpeg", "quality": 75, "optimizeForSpeed": true})
	}
	return err
}

func (p *page) upload() error {
	input, err := p.script("document.querySelector('#photos')", false)
	if err != nil {
		return err
	}
	_, err = p.call(p.session, "DOM.setFileInputFiles", map[string]any{"files": p.work.Photos, "objectId": input.Result.ObjectID})
	return err
}

func set(id, value string) string {
	text, _ := json.Marshal(value)
	return fmt.Sprintf("document.querySelector('#%s').value = %s;", id, text)
}

func click(selector string) string {
	return fmt.Sprintf("document.querySelector(%q).click();", strings.ReplaceAll(selector, `"`, `'`))
}
