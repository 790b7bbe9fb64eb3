package cmd

import (
	"os"
	"path/filepath"
	"testing"

	"mailapp/filter"
)

// What an app says of its site's pictures reaches each run of its flow.
func TestWorkImages(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f.yaml"), []byte("origins: ['{{site}}']\nsteps:\n  - open: '{{site}}/'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, without := range []bool{false, true} {
		app := &filter.App{Name: "x", Flow: "f.yaml", URL: "https://x.example", NoImages: without}
		m := mail{report: &report{}, settings: &filter.Settings{File: filepath.Join(dir, "rules.yaml"), Apps: []*filter.App{app}}}
		work, err := m.work(t.Context(), "x", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := work.Task().NoImages; got != without {
			t.Errorf("%v became %v", without, got)
		}
	}
}
