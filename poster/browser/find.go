package browser

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// candidates are the browsers that are looked for where none is named: the
// small headless one first, which starts six times as fast. Absolute ones are
// where distributions keep the program behind the script in the search path.
var candidates = []string{
	"/usr/lib/chromium/chromium-headless-shell",
	"/usr/lib64/chromium-browser/headless_shell",
	"/usr/lib/chromium-browser/headless_shell",
	"chrome-headless-shell",
	"chromium-headless-shell",
	"headless_shell",
	"/usr/lib/chromium/chromium",
	"/usr/lib64/chromium-browser/chromium-browser",
	"/usr/lib/chromium-browser/chromium-browser",
	"/opt/google/chrome/chrome",
	"chromium",
	"chromium-browser",
	"google-chrome-stable",
	"google-chrome",
	"chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

// errNone says what to install.
var errNone = errors.New("no Chromium is installed; install the package chromium-headless-shell (Debian, Ubuntu), " +
	"chromium-headless (Fedora) or chromium, or Google Chrome")

// Find gives the path of the browser to run: the one at path, which must be
// there, or, if path is empty, the first that is installed. A script that only
// starts the real program is passed over for that program where it is known,
// since a script would outlive or hide what it starts.
func Find(path string) (string, error) { return find(path, false) }

// find is Find; with windows, a browser that has none is passed over.
func find(path string, windows bool) (string, error) {
	if path != "" {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", fmt.Errorf("the browser %s: %w", filepath.Base(path), errors.Unwrap(err))
		}
		if windows && isShell(found) {
			return "", fmt.Errorf("the browser %s has no windows: name a whole Chromium", filepath.Base(path))
		}
		return program(found), nil
	}
	script := ""
	for _, name := range candidates {
		found, err := exec.LookPath(name)
		switch {
		case err != nil, windows && isShell(found):
		case !isScript(found):
			return found, nil
		case script == "":
			script = found
		}
	}
	if script == "" {
		return "", errNone
	}
	return script, nil
}

// program gives the real program behind a distribution's script, or path.
func program(path string) string {
	if !isScript(path) {
		return path
	}
	for _, name := range candidates {
		if filepath.IsAbs(name) && filepath.Base(name) == filepath.Base(path) && !isScript(name) {
			if _, err := exec.LookPath(name); err == nil {
				return name
			}
		}
	}
	return path
}

func isScript(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 2)
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, []byte("#!"))
}

// isShell tells whether the program is the headless one, which has no other mode.
func isShell(path string) bool {
	name := strings.ReplaceAll(filepath.Base(path), "_", "-")
	return strings.Contains(name, "headless-shell")
}

// sandboxHint is what to say when the browser does not start.
func sandboxHint(said string) string {
	if runtime.GOOS == "linux" && strings.Contains(said, "sandbox") {
		return "; the browser's sandbox cannot be used here: allow user namespaces or switch it off in the settings"
	}
	return ""
}
