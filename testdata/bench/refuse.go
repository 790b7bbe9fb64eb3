package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// refuse is mail that a rule refuses by its subject: a process for each of
// them, one of 67 MB, and a Maildir of ten thousand.
func (b *bench) refuse() error {
	dir, err := os.MkdirTemp(b.dir, "refuse-")
	if err != nil {
		return err
	}
	rules, err := writeRules(dir, b.path("cmd/demo/fakesite.yaml"), "http://127.0.0.1:1", "")
	if err != nil {
		return err
	}
	r := refusal{b, dir, rules}
	small := filepath.Join(dir, "small")
	if err := os.WriteFile(small, spam(10<<10, 0), 0o644); err != nil {
		return err
	}
	b.begin("refuse a mail by its subject: whole process", version("maildrop", "-v"), version("procmail", "-v"), dovecotVersion())
	drop := r.small(small)
	if err := r.large(); err != nil {
		return err
	}
	return r.many(drop)
}

// dovecotVersion is that of sieve-test, which tells none.
func dovecotVersion() string {
	if v := version("dovecot", "--version"); v != "" {
		return "sieve-test of dovecot " + v
	}
	return ""
}

type refusal struct {
	*bench
	dir   string
	rules string
}

// spam is a mail of about so many bytes that a rule refuses.
func spam(size, n int) []byte {
	m := mail{id: fmt.Sprintf("spam-%d", n), subject: "Make money fast"}
	line := strings.Repeat("Buy now and save more than ever. ", 2) + "\n"
	m.body = strings.Repeat(line, size/len(line))
	return m.bytes()
}

func (r refusal) run(path string) program {
	return program{argv: []string{r.mailapp, "run", "--rules=" + r.rules, "--recipient=" + recipient, "--sender=eve@example.net"}, stdin: path, exit: 77}
}

// small is one process for each mail. It gives what maildrop took.
func (r refusal) small(path string) *result {
	contenders := []contender{{name: "mailapp run", once: many(r.run(path))}}
	for _, p := range r.filters(path) {
		if _, err := exec.LookPath(p.argv[0]); err != nil {
			r.skip("refuse, 10 kB", p.argv[0], err)
			continue
		}
		contenders = append(contenders, contender{name: p.argv[0], once: many(p)})
	}
	got := race(r.rounds, contenders...)
	for name, target := range map[string]aim{"maildrop": 2, "fdm": 1, "procmail": 0, "sieve-test": 0} {
		if got[name] != nil {
			defer r.ratio("refuse, 10 kB", got["mailapp run"], got[name], target)
		}
	}
	return got["maildrop"]
}

// many runs a short program ten times, and gives the time of one.
func many(p program) func() (time.Duration, error) {
	const times = 10
	return func() (all time.Duration, err error) {
		for range times {
			took, err := p.once()
			if err != nil {
				return 0, err
			}
			all += took
		}
		return all / times, nil
	}
}

// filters are other programs that decide the same of a mail.
func (r refusal) filters(path string) []program {
	sieve := filepath.Join(r.dir, "sieve")
	for _, name := range []string{"maildrop", "procmail", "fdm", "sieve"} {
		data, err := os.ReadFile(r.path("testdata/bench/refuse/refuse." + name))
		to := filepath.Join(r.dir, name+".rc")
		if name == "sieve" {
			os.Mkdir(sieve, 0o755)
			os.Chown(sieve, nobody, nobody)
			to = filepath.Join(sieve, "refuse.sieve")
		}
		if err == nil {
			err = os.WriteFile(to, data, 0o600)
		}
		if err != nil {
			return nil
		}
	}
	os.Chmod(r.bench.dir, 0o711)
	os.Chmod(r.dir, 0o711)
	os.Chmod(filepath.Join(sieve, "refuse.sieve"), 0o644)
	home := []string{"HOME=" + r.dir}
	filters := []program{
		{argv: []string{"maildrop", filepath.Join(r.dir, "maildrop.rc")}, stdin: path, exit: 77},
		{argv: []string{"procmail", "-p", filepath.Join(r.dir, "procmail.rc")}, stdin: path, exit: 77},
		{argv: []string{"fdm", "-f", filepath.Join(r.dir, "fdm.rc"), "-l", "-q", "fetch"}, stdin: path, env: home},
		{argv: []string{"sieve-test", filepath.Join(sieve, "refuse.sieve"), path}, env: home},
	}
	if os.Geteuid() == 0 { // under which it does not work
		filters[3].as = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return filters
}

const nobody = 65534

// large is a mail of 67 MB, which has to be read to its end.
func (r refusal) large() error {
	path := filepath.Join(r.dir, "large")
	if err := os.WriteFile(path, spam(67<<20, 0), 0o644); err != nil {
		return err
	}
	defer os.Remove(path)
	memory := func() (int64, error) { return r.run(path).resident() }
	got := race(r.rounds,
		contender{name: "mailapp run", once: r.run(path).once, memory: memory},
		contender{name: "cat", once: program{argv: []string{"sh", "-c", "exec cat >/dev/null"}, stdin: path}.once})
	r.ratio("refuse, 67 MB", got["mailapp run"], got["cat"], 1.5)
	if ours := got["mailapp run"]; ours.err == nil {
		r.amount("  its memory", megabytes(ours.bytes), "", ours.bytes <= 16<<20, "<= 16 MB")
	}
	return nil
}

// many is a Maildir of ten thousand such mails, by one process. The ratio is
// that of the time for one mail.
func (r refusal) many(drop *result) error {
	const mails = 10000
	box := filepath.Join(r.dir, "Maildir")
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(filepath.Join(box, sub), 0o700); err != nil {
			return err
		}
	}
	for i := range mails {
		path := filepath.Join(box, "new", fmt.Sprintf("%d.M1P1.host", 1000+i))
		if err := os.WriteFile(path, spam(10<<10, i), 0o600); err != nil {
			return err
		}
	}
	batch := program{argv: []string{r.mailapp, "batch", "--rules=" + r.rules, box}}
	out, took, err := batch.output()
	if err == nil && !bytes.Contains([]byte(out), []byte(fmt.Sprintf("%d refused", mails))) {
		err = fmt.Errorf("not all were refused: %s", out)
	}
	each := &result{name: "mailapp batch", times: []time.Duration{took / mails}, err: err}
	r.ratio("refuse, each of 10,000 in batch", each, drop, 1.0/20)
	return nil
}
