// Chromedp posts as its documentation shows it.
package main

import (
	"context"

	"github.com/chromedp/chromedp"

	"bench/peer"
)

func main() { peer.Main(start) }

type client struct {
	work    peer.Work
	browser context.Context
	close   func()
}

func start(w peer.Work) (peer.Client, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(w.Browser), chromedp.NoSandbox, chromedp.WindowSize(1280, 1000))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	browser, cancel := chromedp.NewContext(allocator)
	c := &client{w, browser, func() { cancel(); end() }}
	return c, chromedp.Do(browser)
}

func (c *client) Close() { c.close() }

func (c *client) Post() (url string, err error) {
	page, done := chromedp.NewContext(c.browser, chromedp.WithNewBrowserContext())
	defer done()
	err = chromedp.Do(page,
		chromedp.Navigate(c.work.Site+"/login"),
		chromedp.SetValue("#email", peer.Account),
		chromedp.SetValue("#password", peer.Password),
		chromedp.Click("#login button"),
		chromedp.WaitVisible(".account"),
		chromedp.Navigate(c.work.Site+"/post"),
		chromedp.Click("a[href='/post/for-sale']"),
		chromedp.WaitVisible("#title"),
		chromedp.SetValue("#title", peer.Title),
		chromedp.SetValue("#price", peer.Price),
		chromedp.SetValue("#description", peer.Body),
		chromedp.SetUploadFiles("#photos", c.work.Photos),
		chromedp.SetValue("#condition", peer.Choice),
		chromedp.Click("#owner"),
		chromedp.Click("main form button"),
		chromedp.WaitVisible("#preview .photos img:nth-of-type(3)"),
		chromedp.Click("form[action^='/publish'] button"),
		chromedp.WaitVisible("#ad-number"),
	)
	if err != nil {
		return "", err
	}
	return chromedp.Run(page, chromedp.Location())
}
