package poster

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Letter is a mail on its way out.
type Letter struct {
	From string   // envelope sender; "" is the null sender
	To   []string // envelope recipients
	Data []byte   // header and body, lines end in LF
}

// Send hands a letter over; nil means that somebody else is now answerable
// for it.
type Send func(ctx context.Context, l Letter) error

// Sendmail hands letters to the program at path, which every MTA has. The
// recipients are arguments of their own, never part of a shell's line.
func Sendmail(path string) Send {
	return func(ctx context.Context, l Letter) error {
		addresses := l.To
		if l.From != "" {
			addresses = append([]string{l.From}, l.To...)
		}
		for _, a := range addresses {
			if !plainAddress(a) {
				return errors.New("sendmail: not an address that can be passed on")
			}
		}
		cmd := exec.CommandContext(ctx, path, append([]string{"-i", "-f", l.From, "--"}, l.To...)...)
		cmd.Stdin = bytes.NewReader(l.Data)
		out, err := RunDetached(cmd)
		if err != nil {
			return fmt.Errorf("%s: %w: %s", path, err, firstLine(out))
		}
		return nil
	}
}

// RunDetached runs a program that takes a mail off our hands and gives its
// output. What it leaves running to do its work outlives us, and does not keep
// us waiting: only its own exit counts.
func RunDetached(cmd *exec.Cmd) ([]byte, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	return out, err
}

// plainAddress keeps options, blanks and control characters out of argv.
func plainAddress(a string) bool {
	return a != "" && a[0] != '-' && !strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

func firstLine(out []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line[:min(len(line), 300)]
}

// SMTP hands letters to the server at addr (host:port) without a login, for a
// relay on the same host or network. It uses STARTTLS where that is offered,
// but not on the same host, whose certificate is seldom one that verifies.
func SMTP(addr string) Send {
	return func(ctx context.Context, l Letter) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		defer stop()
		return converse(conn, addr, l)
	}
}

func converse(conn net.Conn, addr string, l Letter) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if ok, _ := c.Extension("STARTTLS"); ok && !loopback(conn.RemoteAddr()) {
		if err := c.StartTLS(&tls.Config{ServerName: host}); err != nil {
			return err
		}
	}
	if err := c.Mail(l.From); err != nil {
		return err
	}
	for _, to := range l.To {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(l.Data); err != nil {
		return err
	}
	if err := w.Close(); err != nil { // the server has taken it from here on
		return err
	}
	_ = c.Quit() // a lost goodbye does not unsend the letter
	return nil
}

func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// Maildir delivers letters and kept mails into the Maildir dir, which is made
// where it is missing: written to tmp, synced, then renamed into new
// (https://cr.yp.to/proto/maildir.html), so that a reader never sees half a
// mail and a crash loses none that was reported delivered.
func Maildir(dir string) Send {
	return func(_ context.Context, l Letter) error {
		for _, sub := range []string{"tmp", "new", "cur"} {
			if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
				return err
			}
		}
		name, err := uniqueName()
		if err != nil {
			return err
		}
		tmp := filepath.Join(dir, "tmp", name)
		if err := WriteSynced(tmp, l.Data); err != nil {
			return err
		}
		if err := os.Rename(tmp, filepath.Join(dir, "new", name)); err != nil {
			return errors.Join(err, os.Remove(tmp))
		}
		return errors.Join(syncDir(filepath.Join(dir, "new")), syncDir(dir)) // new itself may be new
	}
}

// uniqueName is time, process, randomness and host; no part comes from a mail.
func uniqueName() (string, error) {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	host = strings.NewReplacer("/", `\057`, ":", `\072`).Replace(host)
	return fmt.Sprintf("%d.P%dR%s.%s", time.Now().Unix(), os.Getpid(), hex.EncodeToString(random[:]), host), nil
}

// WriteSynced writes a new file, readable by its owner alone, and returns once
// it is on disk. Nothing is left of it after an error.
func WriteSynced(path string, data []byte) error {
	return writeSynced(path, bytes.NewReader(data))
}

func writeSynced(path string, in io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, in)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// StoreFile makes data the content of path, at once and durably: a reader sees
// the old content or the new.
func StoreFile(path string, data []byte) error {
	return StoreFrom(path, bytes.NewReader(data))
}

// StoreFrom is [StoreFile] with what is read from in, which need not be in memory.
func StoreFrom(path string, in io.Reader) error {
	name, err := uniqueName()
	if err != nil {
		return err
	}
	tmp := filepath.Join(filepath.Dir(path), "."+name)
	if err := writeSynced(tmp, in); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(filepath.Dir(path))
}
