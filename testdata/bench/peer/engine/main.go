// Engine posts by mailapp's own browser, the whole of it and nothing around
// it: the flow of the demo, no mail, no ledger, no receipt.
package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"

	"bench/peer"
	"mailapp/filter/picture"
	"mailapp/poster/browser"
	"mailapp/poster/flow"
)

func main() { peer.Main(start) }

type client struct {
	task flow.Task
	run  func(context.Context, flow.Task) (flow.Result, error)
	end  func() error
}

func start(w peer.Work) (peer.Client, error) {
	path := os.Getenv("BENCH_FLOW")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := flow.Parse(path, data)
	if err != nil {
		return nil, err
	}
	c := &client{end: func() error { return nil }, task: flow.Task{
		Flow: f, Secrets: map[string]string{"password": peer.Password},
		Values: map[string]string{
			"site": w.Site, "account": peer.Account, "category": peer.Category,
			"title": peer.Title, "body": peer.Body, "price": peer.Price,
		},
	}}
	for _, path := range w.Photos {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		c.task.Photos = append(c.task.Photos, flow.Photo{
			Label: filepath.Base(path), Type: picture.Type(data), Data: io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))),
		})
	}
	b := &browser.Browser{Path: w.Browser, NoSandbox: true}
	c.run = b.Run
	if os.Args[1] == "warm" {
		kept := b.Keep()
		c.run, c.end = kept.Run, kept.Close
	}
	return c, nil
}

func (c *client) Post() (string, error) {
	r, err := c.run(context.Background(), c.task)
	return r.Values["url"], err
}

func (c *client) Close() { c.end() }
