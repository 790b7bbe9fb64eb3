package main

import (
	"fmt"
	"os"
	"time"
)

// warm is the whole post with a browser that runs already, one after the other
// and several at once.
func (b *bench) warm() error {
	browser := browsers[0]
	if _, err := os.Stat(browser.path); err != nil {
		b.skip("post, warm", browser.name, err)
		return nil
	}
	p, err := b.newPosting(browser.path, fitting)
	if err != nil {
		return err
	}
	b.begin("post, warm, "+browser.name+": the same in a browser that runs already, as batch has it", p.versions()...)
	running := p.startAll()
	defer func() {
		for _, s := range running {
			s.close()
		}
	}()
	p.oneByOne(running)
	for _, tabs := range []int{1, 2, 4} {
		p.throughput(running, tabs)
	}
	return nil
}

// startAll starts every client that is there.
func (p *posting) startAll() map[string]*server {
	running := map[string]*server{}
	for _, c := range p.clients() {
		var err error
		if c.need != nil {
			err = c.need(p.bench)
		}
		if err == nil {
			running[c.name], err = program{argv: append(c.argv, "warm"), env: append(p.env(), c.env...)}.serve()
		}
		if err != nil {
			p.skip("post, warm", c.name, err)
			delete(running, c.name)
		}
	}
	return running
}

func (p *posting) oneByOne(running map[string]*server) {
	var contenders []contender
	for _, c := range p.clients() {
		if s := running[c.name]; s != nil {
			contenders = append(contenders, contender{name: c.name, once: p.checked(func() (time.Duration, error) { return s.do("1 1") }, 1)})
		}
	}
	got := race(p.rounds, contenders...)
	p.ratio("browser part", got[part], got[floor], 1.3)
	p.ratio("browser part", got[part], got["puppeteer"], 0.4)
	for _, name := range []string{drawn, "Playwright", "chromedp", "rod", "plain HTTP"} {
		p.ratio("browser part", got[part], got[name], 0)
	}
}

// throughput is posts a minute, of which ours are to be three quarters of the
// floor's.
func (p *posting) throughput(running map[string]*server, tabs int) {
	const ads = 8
	var contenders []contender
	for _, name := range []string{part, floor} {
		if s := running[name]; s != nil {
			once := func() (time.Duration, error) { return s.do(fmt.Sprint(ads, " ", tabs)) }
			contenders = append(contenders, contender{name: name, once: p.checked(once, ads)})
		}
	}
	got := race(max(p.rounds/4, 2), contenders...)
	ours, theirs := got[part], got[floor]
	what := fmt.Sprintf("posts a minute with %d tabs", tabs)
	if p.skipped(what, ours) || p.skipped(what, theirs) {
		return
	}
	minute := func(r *result) float64 { return ads / r.median().Minutes() }
	p.least(what, fmt.Sprintf("%.0f", minute(ours)), fmt.Sprintf("%s %.0f", floor, minute(theirs)), minute(ours)/minute(theirs), 0.75)
}
