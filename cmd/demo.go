package cmd

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"mailapp/filter"
	"mailapp/poster"
	"mailapp/poster/fakesite"
)

// The demo's account on the fake site, as its rules have it.
const (
	demoAccount   = "fred@example.org"
	demoRecipient = "fred_fairground@example.org"
	demoTitle     = "Sofa, two seats, petrol blue"
)

func newDemoCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Post a sample mail with two photos to a site on this machine",
		Long: "Bring up a small classifieds site on a loopback port and post a sample mail with\n" +
			"two photos to it, just as run would. A second demo finds the ad there and posts\n" +
			"nothing; --fresh begins anew.",
		Args: cobra.NoArgs,
	}
	c.Flags().Bool("keep", false, "leave the site up to look at, until interrupted")
	c.Flags().Bool("fresh", false, "forget earlier demos first")
	c.RunE = func(c *cobra.Command, _ []string) error {
		d, err := newDemo(c)
		if err != nil {
			return err
		}
		defer d.close()
		if err := d.run(); err != nil {
			return err
		}
		if keep, _ := c.Flags().GetBool("keep"); keep {
			d.wait(c.Context())
		}
		return nil
	}
	return c
}

// demo is a site, a mailbox for receipts and rules, all below one directory
// that outlives it, so that a second demo knows of the first.
type demo struct {
	out    io.Writer
	dir    string
	lock   *os.File // of dir: two at once would each spoil what the other finds there
	site   *fakesite.Site
	server *http.Server
	url    string
}

func newDemo(c *cobra.Command) (*demo, error) {
	base, err := xdg("XDG_STATE_HOME", ".local/state")
	if err != nil {
		return nil, err
	}
	d := &demo{out: c.OutOrStdout(), dir: filepath.Join(base, "mailapp", "demo")}
	if err := d.take(); err != nil {
		return nil, err
	}
	if fresh, _ := c.Flags().GetBool("fresh"); fresh {
		err = d.empty()
	}
	if err == nil {
		err = d.serve()
	}
	if err == nil {
		err = d.writeFiles()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the demo: %w", err), d.close())
	}
	return d, nil
}

// take makes the directory where it is missing, and sees to it that no other demo
// is at work there.
func (d *demo) take() (err error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return err
	}
	if d.lock, err = lockDir(d.dir); !errors.Is(err, errTaken) {
		return err
	}
	site := ""
	if address, err := os.ReadFile(d.path("address")); err == nil {
		site = fmt.Sprintf(", with its site at http://%s", address)
	}
	return fmt.Errorf("another demo is running%s; hint: end it with Ctrl-C, or wait until it has ended", site)
}

// empty removes what earlier demos have left. The directory itself stays, for it
// is locked.
func (d *demo) empty() error {
	entries, err := os.ReadDir(d.dir)
	errs := []error{err}
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(d.path(e.Name())))
	}
	return errors.Join(errs...)
}

func (d *demo) close() error {
	var err error
	if d.server != nil {
		err = d.server.Close()
	}
	return errors.Join(err, d.lock.Close())
}

// serve brings the site up, on the port of the last time if that is free: the
// receipts' links stay good.
func (d *demo) serve() error {
	var err error
	if d.site, err = fakesite.New(d.path("site")); err != nil {
		return err
	}
	portFile := d.path("address")
	address, err := os.ReadFile(portFile)
	if err != nil {
		address = []byte("127.0.0.1:0")
	}
	l, err := net.Listen("tcp", string(address))
	if err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return err
	}
	d.url = "http://" + l.Addr().String()
	d.server = &http.Server{Handler: d.site, ReadHeaderTimeout: 10 * time.Second}
	go d.server.Serve(l) //nolint:errcheck // ends with the demo
	return poster.StoreFile(portFile, []byte(l.Addr().String()))
}

// writeFiles lays out what a user would have written: rules, flow, password.
func (d *demo) writeFiles() error {
	password := rand.Text()
	d.site.AddAccount(demoAccount, password)
	rules, err := d.rules()
	if err != nil {
		return err
	}
	flow, err := demoFiles.ReadFile("demo/fakesite.yaml")
	if err != nil {
		return err
	}
	return errors.Join(
		poster.StoreFile(d.path("password"), []byte(password)),
		poster.StoreFile(d.path("fakesite.yaml"), flow),
		poster.StoreFile(d.path("rules.yaml"), rules))
}

func (d *demo) rules() ([]byte, error) {
	t, err := template.ParseFS(demoFiles, "demo/rules.yaml")
	if err != nil {
		return nil, err
	}
	var rules bytes.Buffer
	err = t.Execute(&rules, map[string]string{
		"State": "state", "Receipts": "receipts", "Flow": "fakesite.yaml", "Password": "password", "Site": d.url,
		"Root": strconv.FormatBool(os.Geteuid() == 0),
	})
	return rules.Bytes(), err
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

// run posts the sample mail by the code path of run, and believes only the
// site's own store about what has come of it.
func (d *demo) run() error {
	mail, err := demoFiles.ReadFile("demo/sofa.eml")
	if err != nil {
		return err
	}
	d.say("site     %s (login %s)", d.url, demoAccount)
	d.say("mail     %q to %s, %d kB with two photos", demoTitle, demoRecipient, len(mail)>>10)
	r := delivery{
		in: bytes.NewReader(mail), rules: d.path("rules.yaml"),
		env:      func(string) (string, bool) { return "", false },
		kept:     &keptMail{Envelope: filter.Envelope{Sender: demoAccount, SenderKnown: true, Recipient: demoRecipient, SASLLogin: "fred"}},
		progress: func(e event) { d.say("%-8s %s", e.Stage, e.Text) },
	}.handleUntilSignal()
	if r.Exit != exitDone {
		return fmt.Errorf("the mail was not posted: %s", r.cause())
	}
	if err := d.verify(); err != nil {
		return err
	}
	return d.show(r)
}

// verify counts the ads on the site.
func (d *demo) verify() error {
	var found []fakesite.Ad
	for _, ad := range d.site.Ads() {
		if ad.Title == demoTitle {
			found = append(found, ad)
		}
	}
	if len(found) != 1 || len(found[0].Photos) != 2 {
		return fmt.Errorf("the site has %d such ads, not one with two photos; hint: mailapp demo --fresh", len(found))
	}
	return nil
}

func (d *demo) show(r report) error {
	if r.Outcome != "posted" {
		d.say("\nNothing was posted: this mail's ad has been online since an earlier demo.")
		d.say("ad       %s", r.URL)
		d.say("hint: mailapp demo --fresh begins anew")
		return nil
	}
	screenshot := d.path("ad.jpg")
	if err := poster.StoreFile(screenshot, r.Screenshot); err != nil {
		return err
	}
	d.say("\nThe site has exactly one such ad, with both photos. It took %d ms.", r.Millis)
	d.say("ad         %s", r.URL)
	d.say("screenshot %s", screenshot)
	return d.showReceipt()
}

// showReceipt prints what the sender reads.
func (d *demo) showReceipt() error {
	path, err := newest(filepath.Join(d.dir, "receipts", "new"))
	if err != nil {
		return fmt.Errorf("the receipt: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	m, err := filter.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	content, err := m.Content()
	if err != nil {
		return err
	}
	d.say("receipt    %s\n", path)
	d.say("    To: %s\n    Subject: %s\n", m.Get("To"), m.Subject())
	for line := range strings.Lines(content.Text) {
		d.say("    %s", strings.TrimRight(line, "\n"))
	}
	return nil
}

// newest gives the file of a Maildir that came last.
func newest(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	path, last := "", time.Time{}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && !info.ModTime().Before(last) {
			path, last = filepath.Join(dir, e.Name()), info.ModTime()
		}
	}
	if path == "" {
		return "", errors.New("there is none")
	}
	return path, nil
}

// wait leaves the site up until somebody interrupts.
func (d *demo) wait(ctx context.Context) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	d.say("\nThe site stays up at %s; end it with Ctrl-C.", d.url)
	<-ctx.Done()
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }
