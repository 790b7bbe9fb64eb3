package browser

import (
	"runtime"
	"testing"
	"time"
)

// A worker that runs flow after flow keeps neither goroutines nor files of
// those that are over.
func TestNoLeak(t *testing.T) {
	chromium(t)
	srv := site(t, map[string]page{"/": {html: "<p>there</p>"}})
	trial{steps: "- expect: there"}.must(t, srv.URL)
	before := runtime.NumGoroutine()
	for range 3 {
		trial{steps: "- expect: there"}.must(t, srv.URL)
	}
	eventually(t, 5*time.Second, "all goroutines are gone", func() bool { return runtime.NumGoroutine() <= before })
	if t.Failed() {
		stacks := make([]byte, 64<<10)
		t.Logf("%s", stacks[:runtime.Stack(stacks, true)])
	}
}
