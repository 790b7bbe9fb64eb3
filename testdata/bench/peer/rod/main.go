// Rod posts as its documentation shows it.
package main

import (
	"fmt"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"

	"bench/peer"
)

func main() { peer.Main(start) }

type client struct {
	work     peer.Work
	launcher *launcher.Launcher
	browser  *rod.Browser
}

func start(w peer.Work) (peer.Client, error) {
	l := launcher.New().Bin(w.Browser).NoSandbox(true)
	return &client{w, l, rod.New().ControlURL(l.MustLaunch()).MustConnect()}, nil
}

func (c *client) Close() {
	c.browser.MustClose()
	c.launcher.Cleanup()
}

func (c *client) Post() (url string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	browser := c.browser.MustIncognito()
	defer browser.MustClose()
	page := browser.MustPage(c.work.Site + "/login").MustWaitStable()
	page.MustElement("#email").MustInput(peer.Account)
	page.MustElement("#password").MustInput(peer.Password)
	page.MustElement("#login button").MustClick()
	page.MustWaitStable().MustNavigate(c.work.Site + "/post").MustWaitStable()
	page.MustElementR("a", peer.Category).MustClick()
	page.MustWaitStable()
	page.MustElement("#title").MustInput(peer.Title)
	page.MustElement("#price").MustInput(peer.Price)
	page.MustElement("#description").MustInput(peer.Body)
	page.MustElement("#photos").MustSetFiles(c.work.Photos...)
	page.MustElement("#condition").MustSelect(peer.Choice)
	page.MustElement("#owner").MustClick()
	page.MustElement("main form button").MustClick()
	page.MustWaitStable()
	if n := len(page.MustElements("#preview .photos img")); n != len(c.work.Photos) {
		return "", fmt.Errorf("%d photos", n)
	}
	page.MustElement("form[action^='/publish'] button").MustClick()
	page.MustWaitStable().MustElement("#ad-number")
	return page.MustInfo().URL, nil
}
