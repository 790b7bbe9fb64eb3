package cmd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailapp/filter"
)

// C29: where secrets come from, and what is refused.
func TestReadSecret(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("good", "hunter2\r\nsecond line\n", 0o600)
	write("open", "hunter2", 0o644)
	write("empty", "\n", 0o600)
	t.Setenv("TEST_SECRET", "hunter2")
	s := &filter.Settings{File: filepath.Join(dir, "rules.yaml")}
	for name, c := range map[string]struct {
		src  filter.Source
		fail string // what the error says
	}{
		"file":            {filter.Source{File: "good"}, ""},
		"environment":     {filter.Source{Env: "TEST_SECRET"}, ""},
		"command":         {filter.Source{Command: []string{"echo", "hunter2"}}, ""},
		"readable by all": {filter.Source{File: "open"}, "can be read by others"},
		"no file":         {filter.Source{File: "none"}, "no such file"},
		"empty file":      {filter.Source{File: "empty"}, "empty"},
		"unset":           {filter.Source{Env: "TEST_NO_SECRET"}, "empty"},
		"failing command": {filter.Source{Command: []string{"sh", "-c", "echo hunter2; exit 3"}}, "exit status 3"},
		"no shell":        {filter.Source{Command: []string{"echo hunter2; true"}}, "not found"},
	} {
		got, err := readSecret(context.Background(), s, c.src)
		switch {
		case c.fail == "" && (got != "hunter2" || err != nil):
			t.Errorf("%s: %q, %v", name, got, err)
		case c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail) || got != ""):
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.fail)
		case err != nil && strings.Contains(err.Error(), "hunter2") && name != "no shell":
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
}
