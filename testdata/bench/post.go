package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"bench/peer"
)

// browsers are the programs with which posts are measured, by name.
var browsers = []struct{ name, path string }{
	{"headless-shell", "/usr/lib/chromium/chromium-headless-shell"},
	{"chromium", "/usr/lib/chromium/chromium"},
}

// posting is what all clients post, and where.
type posting struct {
	*bench
	site    *site
	browser string
	photos  []string // paths
	data    [][]byte
	rules   string
	mails   int
}

const photosEach = 3

// size is that of photos. More noise makes more bytes.
type size struct{ width, height, noise int }

var (
	fitting = size{2040, 1530, 100} // 2 MB, and what mailapp publishes with no pixel touched, as all others do
	asTaken = size{4000, 3000, 24}  // 4 MB, which mailapp makes smaller and the others do not
)

// newPosting lays everything out for one browser.
func (b *bench) newPosting(browser string, photos size) (*posting, error) {
	s, err := newSite()
	if err != nil {
		return nil, err
	}
	p := &posting{bench: b, site: s, browser: browser}
	dir, err := os.MkdirTemp(b.dir, "post-")
	if err != nil {
		return nil, err
	}
	for i := range photosEach {
		data, err := photograph(uint64(i), photos.width, photos.height, photos.noise)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, fmt.Sprintf("photo-%d.jpg", i+1))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return nil, err
		}
		p.photos, p.data = append(p.photos, path), append(p.data, data)
	}
	p.rules, err = writeRules(dir, b.path("cmd/demo/fakesite.yaml"), s.url, browser)
	return p, err
}

func (p *posting) env() []string {
	return []string{
		"BENCH_SITE=" + p.site.url, "BENCH_BROWSER=" + p.browser, "BENCH_PHOTOS=" + strings.Join(p.photos, ":"),
		"BENCH_FLOW=" + p.path("cmd/demo/fakesite.yaml"), "BENCH_MODULES=" + p.modules,
	}
}

// client is one way to post.
type client struct {
	name string
	argv []string
	need func(*bench) error // why it cannot be had; nil: it is there
	env  []string           // beside the posting's
}

const (
	floor = "bare CDP"
	drawn = "bare CDP and a picture" // of the ad's page, as mailapp has one for its receipt
	part  = "its browser part"
	whole = "mailapp run"
)

// clients are the ways to post other than mailapp run.
func (b *bench) clients() []client {
	script := func(name string) []string { return []string{"node", b.path("testdata/bench/peer/" + name + ".mjs")} }
	return []client{
		{part, []string{b.peer("engine")}, nil, nil},
		{floor, []string{b.peer("cdp")}, nil, nil},
		{drawn, []string{b.peer("cdp")}, nil, []string{"BENCH_PICTURE=yes"}},
		{"Playwright", script("playwright"), needModule("playwright-core"), nil},
		{"puppeteer", script("puppeteer"), needModule("puppeteer-core"), nil},
		{"chromedp", []string{b.peer("chromedp")}, nil, nil},
		{"rod", []string{b.peer("rod")}, nil, nil},
		{"plain HTTP", []string{b.peer("http")}, nil, nil},
	}
}

func needModule(name string) func(*bench) error {
	return func(b *bench) error {
		if _, err := exec.LookPath("node"); err != nil {
			return fmt.Errorf("node is not installed")
		}
		if _, err := os.Stat(filepath.Join(b.modules, "node_modules", name)); b.modules == "" || err != nil {
			return fmt.Errorf("the package %s is not installed", name)
		}
		return nil
	}
}

// packageVersion gives that of a JavaScript package.
func (b *bench) packageVersion(name string) string {
	data, _ := os.ReadFile(filepath.Join(b.modules, "node_modules", name, "package.json"))
	_, rest, _ := strings.Cut(string(data), `"version": "`)
	v, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return ""
	}
	return name + " " + v
}

// versions are those of the clients and the browser.
func (p *posting) versions() []string {
	return []string{version(p.browser, "--version"), "node " + version("node", "--version"),
		p.packageVersion("playwright-core"), p.packageVersion("puppeteer-core")}
}

// checked has a post begin with an empty site and end with the ad there.
func (p *posting) checked(once func() (time.Duration, error), ads int) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		if err := p.site.empty(); err != nil {
			return 0, err
		}
		took, err := once()
		if err == nil {
			err = p.site.check(ads, photosEach)
		}
		return took, err
	}
}

// cold is the whole post, with a browser that is started for it.
func (b *bench) cold() error {
	for _, browser := range browsers {
		if _, err := os.Stat(browser.path); err != nil {
			b.skip("post, cold", browser.name, err)
			continue
		}
		if err := b.coldWith(browser.name, browser.path, fitting, "three photos of 2 MB", (*posting).targets); err != nil {
			return err
		}
	}
	shell := browsers[0]
	if _, err := os.Stat(shell.path); err != nil {
		return nil //nolint:nilerr // it was said above
	}
	return b.coldWith(shell.name, shell.path, asTaken, "three photos of 12 megapixels, which only mailapp makes smaller", (*posting).beside)
}

func (b *bench) coldWith(name, path string, photos size, what string, compare func(*posting, map[string]*result)) error {
	p, err := b.newPosting(path, photos)
	if err != nil {
		return err
	}
	b.begin("post, cold, "+name+": a browser, a login, a form, "+what+", a preview, the ad", p.versions()...)
	contenders := []contender{p.mailRun()}
	for _, c := range p.clients() {
		if c.need != nil && c.need(p.bench) != nil {
			p.skip("post, cold", c.name, c.need(p.bench))
			continue
		}
		contenders = append(contenders, p.coldClient(c))
	}
	compare(p, race(p.rounds, contenders...))
	return nil
}

// targets compares with what is to be reached.
func (p *posting) targets(got map[string]*result) {
	p.ratio("browser part", got[part], got[floor], 1.2)
	p.ratio("browser part", got[part], got["Playwright"], 0.45)
	for _, name := range []string{drawn, "puppeteer", "chromedp", "rod", "plain HTTP"} {
		p.ratio("browser part", got[part], got[name], 0)
	}
	p.ratio("whole run, with proof and receipt", got[whole], got[floor], 1.35)
	p.memory("memory of all processes", got[whole], got[floor], 40<<20)
}

// beside compares where others do less.
func (p *posting) beside(got map[string]*result) {
	for _, name := range []string{floor, "Playwright", "puppeteer"} {
		p.ratio("browser part", got[part], got[name], 0)
		p.ratio("whole run, with proof and receipt", got[whole], got[name], 0)
	}
}

func (p *posting) coldClient(c client) contender {
	prog := program{argv: append(c.argv, "cold"), env: append(p.env(), c.env...)}
	return contender{c.name, p.checked(prog.once, 1), func() (int64, error) { return p.peakOf(prog) }}
}

// peakOf is the most memory of a post.
func (p *posting) peakOf(prog program) (int64, error) {
	if err := p.site.empty(); err != nil {
		return 0, err
	}
	tree, _, err := prog.peak()
	return tree, err
}

// mailRun posts a mail, each time another.
func (p *posting) mailRun() contender {
	prepared := func() (program, error) {
		p.mails++
		m := mail{proven: true, id: fmt.Sprintf("run-%d", p.mails), subject: peer.Title + " - " + peer.Price, body: peer.Body, photos: p.data}
		path := filepath.Join(filepath.Dir(p.rules), "mail")
		return program{argv: []string{p.mailapp, "run", "--rules=" + p.rules, "--recipient=" + recipient, "--sender=" + peer.Account}, stdin: path},
			os.WriteFile(path, m.bytes(), 0o600)
	}
	once := func() (time.Duration, error) {
		prog, err := prepared()
		if err != nil {
			return 0, err
		}
		return prog.once()
	}
	peak := func() (int64, error) {
		prog, err := prepared()
		if err == nil {
			err = p.site.empty()
		}
		if err != nil {
			return 0, err
		}
		tree, own, err := prog.peak()
		p.amount("memory of mailapp itself", megabytes(own), "", own <= 40<<20, "<= 40 MB")
		return tree, err
	}
	return contender{whole, p.checked(once, 1), peak}
}
