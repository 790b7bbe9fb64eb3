package browser

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mailapp/poster/flow"
)

// A program that is no browser, or none at all, is explained.
func TestNoBrowser(t *testing.T) {
	script := filepath.Join(t.TempDir(), "no-browser")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho 'x:FATAL:zygote.cc No usable sandbox!' >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, want string }{
		{"missing", "/nonexistent/chromium", "no such file or directory"},
		{"not in the path", "no-such-chromium", "executable file not found"},
		{"dies", script, "the browser ended by itself: x:FATAL:zygote.cc No usable sandbox!"},
		{"says nothing", "true", "the browser ended by itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tr traces
			f := trial{browser: tr.record(Browser{Path: tt.path}), steps: "- expect: x"}.mustFail(t, "http://127.0.0.1:1", flow.Owner, tt.want)
			if f.Published || f.Step != "" {
				t.Errorf("got %+v", f)
			}
			if tr.dir != "" {
				if _, err := os.Stat(tr.dir); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the run directory is left: %v", err)
				}
			}
		})
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for name, head := range map[string]string{"real": "\x7fELF", "script": "#!/bin/sh\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(head), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"real", "script"} {
		if got, err := Find(filepath.Join(dir, name)); err != nil || got != filepath.Join(dir, name) {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
	defer func(all []string) { candidates = all }(candidates)
	candidates = []string{filepath.Join(dir, "none"), filepath.Join(dir, "script"), filepath.Join(dir, "real")}
	if got, err := Find(""); err != nil || filepath.Base(got) != "real" {
		t.Errorf("got %s, %v; want the program, not the script", got, err)
	}
	other := filepath.Join(dir, "bin")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	wrapper := filepath.Join(other, "real")
	if err := os.WriteFile(wrapper, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(wrapper); err != nil || got != filepath.Join(dir, "real") {
		t.Errorf("got %s, %v; want the program behind the script", got, err)
	}
	if err := os.Rename(filepath.Join(dir, "real"), filepath.Join(dir, "headless_shell")); err != nil {
		t.Fatal(err)
	}
	shell := filepath.Join(dir, "headless_shell")
	candidates = []string{shell, filepath.Join(dir, "script")}
	if got, err := find("", true); err != nil || filepath.Base(got) != "script" {
		t.Errorf("got %s, %v; want what has windows", got, err)
	}
	if got, err := find(shell, true); err == nil {
		t.Errorf("got %s, which has no windows", got)
	}
	candidates = []string{filepath.Join(dir, "none")}
	if _, err := Find(""); !errors.Is(err, errNone) {
		t.Errorf("got %v, want %v", err, errNone)
	}
}
