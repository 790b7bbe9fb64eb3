package cmd

import (
	"io"
	"os"
	"strings"
	"testing"
)

// Two demos at once would share the site's ads, its address and the rules: the
// second says so, and leaves all that is the first's alone, even with --fresh.
func TestOneDemoAtOnce(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	begin := func(args ...string) (*demo, error) {
		c := newDemoCommand()
		c.SetOut(io.Discard)
		if err := c.ParseFlags(args); err != nil {
			t.Fatal(err)
		}
		return newDemo(c)
	}
	first, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile(first.path("rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"--fresh"}} {
		_, err := begin(args...)
		if err == nil || !strings.Contains(err.Error(), "another demo is running, with its site at "+first.url+"; hint: ") {
			t.Errorf("%v: got %v", args, err)
		}
	}
	if now, err := os.ReadFile(first.path("rules.yaml")); string(now) != string(rules) {
		t.Errorf("the first one's rules are %q now, %v", now, err)
	}
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(first.path("old"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	third, err := begin("--fresh")
	if err != nil {
		t.Fatal(err)
	}
	defer third.close()
	if _, err := os.Stat(third.path("old")); !os.IsNotExist(err) {
		t.Errorf("--fresh left something: %v", err)
	}
}
