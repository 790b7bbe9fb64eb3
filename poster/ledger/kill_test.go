package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// C10, C11: four processes deliver the same mails, each all of them and in an
// order of its own, and are killed again and again, before and after each thing
// that lasts. Each ad is on the site once. The site is a file that takes an ad in
// one piece or not at all; whoever finds a job in doubt looks there.
func TestKilledAtRandom(t *testing.T) {
	if where := os.Getenv("LEDGER_WORKER"); where != "" {
		os.Exit(work(where, os.Getenv("LEDGER_SITE"), number("LEDGER_MAILS"), number("LEDGER_SEED")))
	}
	onBoth(t, func(t *testing.T, where string) {
		mails := 200
		switch {
		case os.Getenv("MAILAPP_TEST_SOAK") != "":
			mails = 2500
		case !isPostgres(where): // which waits for the disk
			mails = 50
		}
		site := filepath.Join(t.TempDir(), "site")
		var kills atomic.Int64
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				for life := 0; t.Context().Err() == nil; life++ {
					code, out := lifeOf(where, site, mails, worker+4*life)
					switch code {
					case 0:
						return
					case -1:
						kills.Add(1)
					default:
						t.Errorf("a worker ended with %d: %s", code, out)
						return
					}
				}
			})
		}
		wg.Wait()
		data, err := os.ReadFile(site)
		if err != nil {
			t.Fatal(err)
		}
		ads := map[string]int{}
		for ad := range strings.FieldsSeq(string(data)) {
			ads[ad]++
		}
		for i := range mails {
			if n := ads[mailKey(i)]; n != 1 {
				t.Errorf("%s is on the site %d times", mailKey(i), n)
			}
		}
		over, err := open(t, where).List(t.Context(), Answered)
		if err != nil || len(over) != mails || kills.Load() < int64(mails/10) {
			t.Errorf("%d of %d mails are answered, with %d kills, %v", len(over), mails, kills.Load(), err)
		}
		t.Logf("%d mails, %d kills, %d ads", mails, kills.Load(), len(strings.Fields(string(data))))
	})
}

func number(variable string) int { n, _ := strconv.Atoi(os.Getenv(variable)); return n }

func mailKey(i int) string { return fmt.Sprintf("mail-%d", i) }

// lifeOf runs a worker until it has delivered all or is killed, which is -1.
func lifeOf(where, site string, mails, seed int) (code int, out []byte) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledAtRandom$")
	cmd.Env = append(os.Environ(), "LEDGER_WORKER="+where, "LEDGER_SITE="+site,
		fmt.Sprint("LEDGER_MAILS=", mails), fmt.Sprint("LEDGER_SEED=", seed))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode(), out
	case err != nil:
		return 1, []byte(err.Error())
	}
	return 0, out
}

// work delivers mails until all are answered, and gives the exit code.
func work(where, site string, mails, seed int) int {
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	perhapsDie := func() {
		if random.IntN(30) == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	l, err := Open(context.Background(), where)
	if err != nil {
		fmt.Println(err)
		return 2
	}
	defer l.Close()
	l.Observe = func(to State, _ bool) {
		if to != Claimed { // which tells nothing of whether there is anything to do
			perhapsDie()
		}
	}
	for left := random.Perm(mails); len(left) > 0; {
		var again []int
		for _, i := range left {
			switch err := deliver(l, site, mailKey(i), perhapsDie); {
			case errors.Is(err, errLater), errors.Is(err, ErrBusy):
				again = append(again, i)
			case err != nil:
				fmt.Println(err)
				return 3
			}
		}
		if left = again; len(left) > 0 {
			time.Sleep(time.Millisecond) // as a mail server would, for longer
		}
	}
	return 0
}

var errLater = errors.New("deliver it once more")

// deliver is a delivery as poster does it.
func deliver(l *Ledger, site, key string, perhapsDie func()) error {
	ctx := context.Background()
	c, err := l.Claim(ctx, Job{Key: key})
	if err != nil {
		return err
	}
	defer c.Close()
	switch c.State {
	case Doubt:
		ads, err := os.ReadFile(site)
		if err == nil && strings.Contains(string(ads), key+"\n") {
			return errors.Join(c.Settle(ctx, Posted, Result{}), c.Answer(ctx))
		}
		return errors.Join(c.Release(ctx), errLater)
	case Claimed:
		perhapsDie()
		if err := c.Doubt(ctx, nil); err != nil {
			return err
		}
		if err := click(site, key); err != nil {
			return err
		}
		perhapsDie()
		if err := c.Settle(ctx, Posted, Result{}); err != nil {
			return err
		}
	}
	if c.State == Posted {
		return c.Answer(ctx)
	}
	return nil
}

// click puts the ad on the site.
func click(site, key string) error {
	f, err := os.OpenFile(site, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(key + "\n")
	return errors.Join(err, f.Close())
}
