package poster

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeSendmail is a real program that writes down how it was called.
func fakeSendmail(t *testing.T, exit int) (path, log string) {
	t.Helper()
	dir := t.TempDir()
	path, log = filepath.Join(dir, "sendmail"), filepath.Join(dir, "log")
	script := fmt.Sprintf("#!/bin/sh\nfor a; do printf '[%%s]' \"$a\"; done >%s\ncat >>%s\necho 'cannot: because' >&2\nexit %d\n", log, log, exit)
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path, log
}

// C19: receipts go out under the null envelope sender.
func TestSendmail(t *testing.T) {
	path, log := fakeSendmail(t, 0)
	if err := Sendmail(path)(context.Background(), Letter{To: []string{"fred@example.org"}, Data: []byte("Subject: x\n\nbody\n")}); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(log)
	if want := "[-i][-f][][--][fred@example.org]Subject: x\n\nbody\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	path, _ = fakeSendmail(t, 75)
	err := Sendmail(path)(context.Background(), Letter{To: []string{"fred@example.org"}})
	if err == nil || !strings.Contains(err.Error(), "cannot: because") {
		t.Errorf("failing sendmail: %v", err)
	}
}

// A sendmail that goes on in the background has taken the letter when it exits.
func TestSendmailInTheBackground(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sendmail")
	done := path + ".done"
	script := "#!/bin/sh\ncat >/dev/null\n(sleep 3; echo >" + done + ") &\nexit 0\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Sendmail(path)(context.Background(), Letter{To: []string{"fred@example.org"}}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(done); err == nil {
		t.Error("waited for the background")
	}
}

// C25: an address that could be an option or a second argument goes nowhere.
func TestSendmailRefusesOddAddresses(t *testing.T) {
	path, log := fakeSendmail(t, 0)
	for _, to := range []string{"", "-oX@example.org", "a b@example.org", "a@example.org\nBcc: x@y"} {
		if err := Sendmail(path)(context.Background(), Letter{To: []string{to}}); err == nil {
			t.Errorf("%q was sent to", to)
		}
	}
	if err := Sendmail(path)(context.Background(), Letter{To: []string{"a@b.c"}, From: "-f@x"}); err == nil {
		t.Error("an odd sender was used")
	}
	if _, err := os.Stat(log); err == nil {
		t.Error("sendmail was called")
	}
}

func TestMaildir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Maildir")
	for range 2 {
		if err := Maildir(dir)(context.Background(), Letter{Data: []byte("x\n")}); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "new", "*"))
	if len(files) != 2 {
		t.Fatalf("in new: %v", files)
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if tmp, _ := filepath.Glob(filepath.Join(dir, "tmp", "*")); len(tmp) != 0 {
		t.Errorf("left in tmp: %v", tmp)
	}
}

// A mail that cannot be moved to new is not delivered, and nothing is left of
// it: here new lies on another file system, to which nothing can be renamed.
func TestMaildirThatCannotTakeIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Maildir")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	elsewhere, err := os.MkdirTemp("/dev/shm", "mailapp-test-")
	if err != nil {
		t.Skipf("there is no other file system to write to: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(elsewhere) })
	if err := os.Symlink(elsewhere, filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	err = Maildir(dir)(context.Background(), Letter{Data: []byte("x\n")})
	if err == nil {
		if len(mustList(t, elsewhere)) == 1 {
			t.Skip("/dev/shm is no file system of its own")
		}
		t.Error("no error")
	}
	if left := append(mustList(t, filepath.Join(dir, "tmp")), mustList(t, elsewhere)...); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func mustList(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestStoreFileReplacesAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, text := range []string{"old", "new"} {
		if err := StoreFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); string(got) != "new" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	if err := WriteSynced(path, nil); err == nil {
		t.Error("WriteSynced wrote over a file")
	}
}

// smtpServer answers one conversation by the letter and gives what it heard.
func smtpServer(t *testing.T, answers map[string]string) (addr string, heard func() string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprintf(conn, "220 hi\r\n")
		in, data := bufio.NewScanner(conn), false
		for in.Scan() {
			line := in.Text()
			lines <- line
			verb, _, _ := strings.Cut(line, " ")
			switch {
			case data && line == ".":
				data = false
				fmt.Fprintf(conn, "250 taken\r\n")
			case data:
			case answers[verb] != "":
				fmt.Fprintf(conn, "%s\r\n", answers[verb])
			case verb == "DATA":
				data = true
				fmt.Fprintf(conn, "354 go on\r\n")
			case verb == "EHLO":
				fmt.Fprintf(conn, "250-hello\r\n250 STARTTLS\r\n")
			default:
				fmt.Fprintf(conn, "250 ok\r\n")
			}
		}
	}()
	return l.Addr().String(), func() string {
		l.Close()
		var all []string
		for line := range lines {
			all = append(all, line)
		}
		return strings.Join(all, "\n")
	}
}

func TestSMTP(t *testing.T) {
	addr, heard := smtpServer(t, nil)
	if err := SMTP(addr)(context.Background(), Letter{To: []string{"fred@example.org"}, Data: []byte("Subject: x\n\n.dot\n")}); err != nil {
		t.Fatal(err)
	}
	got := heard()
	for _, want := range []string{"MAIL FROM:<>", "RCPT TO:<fred@example.org>", "..dot"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	addr, _ = smtpServer(t, map[string]string{"RCPT": "550 no such person"})
	if err := SMTP(addr)(context.Background(), Letter{To: []string{"fred@example.org"}}); err == nil {
		t.Error("a refused recipient was no error")
	}
}

func TestSMTPEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := SMTP(l.Addr().String())(ctx, Letter{To: []string{"fred@example.org"}}); err == nil {
		t.Error("no error")
	}
}
