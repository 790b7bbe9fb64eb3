package cmd

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailapp/filter"
	"mailapp/filter/auth"
)

// maildir makes a Maildir with these files, the content of each its own name.
func maildir(t *testing.T, root string, files ...string) string {
	t.Helper()
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func mustOpen(t *testing.T, path string) *mailbox {
	t.Helper()
	b, err := openMailbox(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.close() })
	return b
}

func names(b *mailbox) string {
	var all []string
	for _, m := range b.mails {
		all = append(all, m.name)
	}
	return strings.Join(all, " ")
}

// The oldest is first, by name, whatever folder it is in; what is seen, hidden
// or no file is not there.
func TestUnseen(t *testing.T) {
	root := maildir(t, t.TempDir(), "new/1000.M20P1.host", "new/1000.M3P1.host", "cur/999.M1P1.host:2,F", "cur/1.M1P1.host:2,FS",
		"new/.hidden", "cur/1001.x,U=3:2,", "new/word.host", "new/1002.a", "new/1002.b", "tmp/5.x")
	long := time.Unix(500, 0)
	if err := os.Chtimes(filepath.Join(root, "new", "word.host"), long, long); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1002.a", "1002.b"} {
		if err := os.Chtimes(filepath.Join(root, "new", name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "new", "7.dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(root, "new", "8.link")); err != nil {
		t.Fatal(err)
	}
	const want = "new/word.host cur/999.M1P1.host:2,F new/1000.M3P1.host new/1000.M20P1.host cur/1001.x,U=3:2, new/1002.a new/1002.b"
	if got := names(mustOpen(t, root)); got != want {
		t.Errorf("found\n%s\nnot\n%s", got, want)
	}
	if _, err := openMailbox(root); !errors.Is(err, errTaken) {
		t.Errorf("the second got %v", err)
	}
}

// Filing a mail renames it; one that a mail reader has moved is found, one that
// is gone is no error, and nothing is overwritten.
func TestFile(t *testing.T) {
	root := maildir(t, filepath.Join(t.TempDir(), ".Post"), "new/1.a", "cur/2.b:2,FT", "new/3.c", "new/4.d", "new/5.e", "cur/5.e:2,S", "new/6.f")
	maildir(t, root+".Posted")
	maildir(t, filepath.Join(root, ".Held"))
	b := mustOpen(t, root)
	for old, new := range map[string]string{"new/3.c": "cur/3.c:2,R", "new/4.d": "../4.d"} {
		if err := os.Rename(filepath.Join(root, old), filepath.Join(root, new)); err != nil {
			t.Fatal(err)
		}
	}
	for i, folder := range []string{"Posted", "Held", "Refused", "Posted", "", "Nowhere"} {
		if err := b.mails[i].file(folder); err != nil {
			t.Errorf("%s: %v", b.mails[i].name, err)
		}
	}
	var names []string
	for _, l := range b.mails {
		names = append(names, l.name)
	}
	called := []string{"../.Post.Posted/cur/1.a:2,S", ".Held/cur/2.b:2,FST", "cur/3.c:2,RS", "new/4.d", "cur/5.e_2:2,S", "cur/6.f:2,S"}
	if !slices.Equal(names, called) {
		t.Errorf("people are told of %q, not %q", names, called)
	}
	var found []string
	for _, pattern := range []string{"new/*", "cur/*", ".Held/cur/*", "../.Post.Posted/cur/*"} {
		files, _ := filepath.Glob(filepath.Join(root, pattern))
		for _, f := range files {
			rel, _ := filepath.Rel(root, f)
			found = append(found, rel)
		}
	}
	want := []string{"cur/3.c:2,RS", "cur/5.e:2,S", "cur/5.e_2:2,S", "cur/6.f:2,S", ".Held/cur/2.b:2,FST", "../.Post.Posted/cur/1.a:2,S"}
	if !slices.Equal(found, want) {
		t.Errorf("the mails are in %q, not %q", found, want)
	}
	if data, err := os.ReadFile(filepath.Join(root, "cur/5.e_2:2,S")); string(data) != "new/5.e" {
		t.Errorf("the wrong one was renamed: %q, %v", data, err)
	}
}

// An mbox is divided at separators behind an empty line and nowhere else, and
// its mails are given as they were.
func TestMbox(t *testing.T) {
	long := strings.Repeat("x", 100<<10) + "\n"
	mails := []string{
		"From fred@example.org Sat Nov 21 09:41:02 2026\nSubject: one\n\nFrom the sofa you see the sea.\n\nFrom Monday on it is gone.\n>From here.\n>>From there.\n> From\n" + long,
		"From - Sat Nov 21 09:41:02 2026\nSubject: two\n\n" + long[:len(long)-1] + "From fred@example.org Sat Nov 21 09:41:02 2026\n\n\n",
		"From \r\nSubject: three\r\n\r\nText\r\n",
		"From MAILER-DAEMON Sat, 21 Nov 2026 09:41:02 +0100\nSubject: four\n\nNo end",
	}
	path := filepath.Join(t.TempDir(), "mbox")
	if err := os.WriteFile(path, []byte(strings.Join(mails, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	b := mustOpen(t, path)
	if len(b.mails) != len(mails) {
		t.Fatalf("%d mails were found", len(b.mails))
	}
	unquoted := strings.NewReplacer("\n>From here", "\nFrom here", "\n>>From there", "\n>From there")
	for i, m := range b.mails {
		f, size, err := m.open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		data, err := io.ReadAll(io.NewSectionReader(f, 0, size))
		if want := unquoted.Replace(mails[i]); err != nil || string(data) != want {
			t.Errorf("mail %d: %v, %d bytes, not %d: %.200q", i+1, err, len(data), len(want), data)
		}
	}
}

// C14: where lines "From " are not quoted, the text of a mail can pass for a mail of
// its own, with whatever it likes for a header; what that says proves nothing.
func TestForgedInMbox(t *testing.T) {
	forged := "From x Sat Nov 21 09:41:02 2026\nAuthentication-Results: mx.example.org; dmarc=pass header.from=example.org\n" +
		"Received: from a by mx.example.org with ESMTPSA; Sat, 21 Nov 2026 09:41:07 +0100\nFrom: fred@example.org\nSubject: x\n\nx\n"
	settings, err := filter.ParseSettings("rules.yaml", []byte("owner: o@example.org\ntrust: {authserv-id: mx.example.org}\n"+
		"people: {fred: {addresses: [fred@example.org]}}\nrules: [{name: all, do: hold}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for head, proven := range map[string]bool{"Subject: y\n": true, "Content-Length: 999\nSubject: y\n": false, "Subject: y\ncontent-length : 9\n": false, "Subject: y\n\nContent-Length: 9\n": true} {
		path := filepath.Join(t.TempDir(), "mbox")
		if err := os.WriteFile(path, []byte("From y Sat Nov 21 09:41:02 2026\n"+head+"\ny\n\n"+forged), 0o600); err != nil {
			t.Fatal(err)
		}
		b := mustOpen(t, path)
		last := b.mails[len(b.mails)-1]
		f, size, err := last.open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m, err := filter.Open(f, size)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := auth.Check(t.Context(), settings.AuthRequest(m, last.readEnvelope(flagEnvelope{}, m), filter.Verdict{}, nil))
		if err != nil || ev.Proven() != proven {
			t.Errorf("%q: proven %t, %v", head, ev.Proven(), err)
		}
	}
}

// A file that does not begin with "From " is one mail; an empty one has none; and
// what is neither a Maildir nor a file is told.
func TestOtherMailboxes(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"one.eml": "Subject: x\n\nFrom fred@example.org Sat Nov 21 09:41:02 2026\n", "empty": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("one.eml", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"one.eml": 1, "empty": 0, "link": 1} {
		if b := mustOpen(t, filepath.Join(dir, name)); len(b.mails) != want {
			t.Errorf("%s has %d mails", name, len(b.mails))
		}
	}
	for path, words := range map[string]string{dir: "no directory new in it", "/dev/null": "neither a Maildir nor a file", dir + "/x": "no such file"} {
		if _, err := openMailbox(path); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
