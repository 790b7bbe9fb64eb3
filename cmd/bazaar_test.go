package cmd

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mailapp/poster"
	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

// bazaar is a scripted site for tests of the publish protocol: to a worker what
// Chromium and a site are, in milliseconds. It is a directory that outlives the
// workers. Its ads are symbolic links, which are there whole or not at all and
// need no room on a full disk.
//
// $TEST_BAZAAR_DOES says how it behaves:
//
//	lost      takes the ad, shows it under a title of its own, and never confirms it
//	dropped   neither takes the ad nor answers
//	refuses   does not like what the ad says
//	down      does not answer at all
//	hangs     does not answer the click until the time is up
//	dies      the browser is killed before the click
//	unlisted  publishes, but its list cannot be reached
type bazaar string

// Run does to the site what the flow would.
func (b bazaar) Run(ctx context.Context, task flow.Task) (flow.Result, error) {
	does := os.Getenv("TEST_BAZAAR_DOES")
	switch {
	case does == "down", does == "unlisted" && task.Section == flow.List:
		return flow.Result{}, &flow.Failure{Fault: flow.Site, Step: "step 1", Err: errors.New("the server answered with status 503")}
	case ctx.Err() != nil:
		return flow.Result{}, &flow.Failure{Fault: flow.Site, Err: fmt.Errorf("stopped: %w", context.Cause(ctx))}
	case task.Section == flow.List:
		pass("before a look")
		rows := b.rows()
		pass("after a look")
		return flow.Result{Rows: rows}, nil
	}
	return b.post(ctx, task, does)
}

// post is the walk through the form, and the click.
func (b bazaar) post(ctx context.Context, task flow.Task, does string) (flow.Result, error) {
	pass("before the form")
	if task.Listed != nil {
		if err := task.Listed(b.rows()); err != nil {
			return flow.Result{}, &flow.Failure{Fault: flow.Owner, Err: err}
		}
		pass("after the list")
	}
	switch does {
	case "refuses":
		return flow.Result{}, &flow.Failure{Fault: flow.Sender, Step: "step 2", Said: "Price required"}
	case "dies":
		return flow.Result{}, &flow.Failure{Fault: flow.Site, Step: "step 2", Err: errors.New("the browser has ended")}
	}
	if err := task.Commit(ctx); err != nil {
		return flow.Result{}, &flow.Failure{Fault: flow.Owner, Step: "step 2", Err: err}
	}
	if err := task.Ours(ctx); err != nil {
		return flow.Result{}, &flow.Failure{Fault: flow.Owner, Step: "step 2", Err: err}
	}
	pass("before the click")
	url := ""
	if does != "dropped" {
		url = b.put(task.Values["title"], does == "lost")
	}
	pass("after the click")
	switch does {
	case "hangs":
		<-ctx.Done()
		return flow.Result{}, &flow.Failure{Fault: flow.Site, Step: "step 2", Published: true, Err: fmt.Errorf("stopped: %w", context.Cause(ctx))}
	case "lost", "dropped":
		return flow.Result{}, &flow.Failure{Fault: flow.Site, Step: "step 3", Published: true, Err: errors.New("the site closed the connection without an answer")}
	}
	return flow.Result{Published: true, Values: map[string]string{"url": url}}, nil
}

// put makes an ad; so does each further call.
func (b bazaar) put(title string, rewrite bool) (url string) {
	if rewrite {
		title = strings.ToUpper(title) + " – zu verkaufen"
	}
	for n := len(b.rows()) + 1; ; n++ {
		url = "https://site.example/ad/" + strconv.Itoa(n)
		err := os.Symlink(title, filepath.Join(string(b), "ad-"+strconv.Itoa(n)))
		if !errors.Is(err, os.ErrExist) {
			return url
		}
	}
}

func (b bazaar) rows() (rows []map[string]string) {
	ads, _ := filepath.Glob(filepath.Join(string(b), "ad-*"))
	for _, ad := range ads {
		title, _ := os.Readlink(ad)
		_, n, _ := strings.Cut(filepath.Base(ad), "-")
		rows = append(rows, map[string]string{"url": "https://site.example/ad/" + n, "title": title})
	}
	return rows
}

// instants counts the instants of the protocol that this worker has passed.
// $TEST_INSTANTS is a file that gets their names; $TEST_DEATH says at which one,
// from 1, what happens: "3 worker" kills the worker, "3 parent" its parent, and
// from "3 disk" on no file can be written. "any 7" kills one of the two at an
// instant that chance, of which 7 is the seed, may bring.
var instants passed

type passed struct {
	sync.Mutex
	n      int
	chance *rand.Rand
}

// byChance lets one of 24 instants be the last, which is every other delivery's.
func (p *passed) byChance(seed string) (at, what string) {
	if p.chance == nil {
		n, _ := strconv.ParseUint(seed, 10, 64)
		p.chance = rand.New(rand.NewPCG(n, 0))
	}
	if p.chance.IntN(24) != 0 {
		return "", ""
	}
	return strconv.Itoa(p.n), []string{"worker", "worker", "parent"}[p.chance.IntN(3)]
}

func pass(name string) {
	instants.Lock()
	defer instants.Unlock()
	instants.n++
	if path := os.Getenv("TEST_INSTANTS"); path != "" {
		if f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
			fmt.Fprintln(f, name)
			f.Close()
		}
	}
	at, what, _ := strings.Cut(os.Getenv("TEST_DEATH"), " ")
	if at == "any" {
		at, what = instants.byChance(what)
	}
	if at != strconv.Itoa(instants.n) {
		return
	}
	switch what {
	case "disk":
		_ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{})
		return
	case "parent":
		_ = syscall.Kill(os.Getppid(), syscall.SIGKILL)
	default:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	select {}
}

// rehearseDeath gives the seams by which a worker posts to the bazaar and passes
// its instants.
func rehearseDeath(site bazaar) (observe func(ledger.State, bool), adapt func(*poster.Poster)) {
	observe = func(to ledger.State, done bool) {
		if done {
			pass("after " + string(to))
		} else {
			pass("before " + string(to))
		}
	}
	adapt = func(p *poster.Poster) {
		send := p.Send
		p.Send = func(ctx context.Context, l poster.Letter) error {
			pass("before the receipt")
			err := send(ctx, l)
			pass("after the receipt")
			return err
		}
		p.Site, p.Calm = site, 10*time.Millisecond
		if off, err := time.ParseDuration(os.Getenv("TEST_CLOCK")); err == nil {
			p.Now = func() time.Time { return time.Now().Add(off) }
		}
	}
	return observe, adapt
}
