package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mailapp/filter"
	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

// C1: whatever is not known to be final is tried again.
func TestEndingOf(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code int
		line string
	}{
		"nothing":       {nil, 0, ""},
		"refused":       {fmt.Errorf("x: %w", refused{"Not here."}), 77, "5.7.1 Not here."},
		"unpostable":    {unpostable{"Too big."}, 65, "5.6.0 Too big."},
		"defect":        {&filter.Defect{Text: "No mail."}, 65, "5.6.0 No mail."},
		"forbidden":     {&filter.Defect{Text: "Two authors.", Forbidden: true}, 77, "5.7.1 Two authors."},
		"busy":          {ledger.ErrBusy, 75, "4.3.0 Another copy of this message is being worked on; it will be tried again."},
		"unfit":         {fmt.Errorf("later: %w", &flow.Failure{Fault: flow.Sender, Unfit: true, Step: "step 2", Said: "The site needs a photo."}), 65, "5.6.0 The site needs a photo."},
		"deadline":      {context.DeadlineExceeded, 75, "4.3.0 The work took too long; it will be tried again."},
		"photos":        {&flow.Failure{Err: flow.ErrPhotos}, 75, "4.3.0 The photos took longer than there is time for; the message will be tried again, and fewer or smaller photos may get through."},
		"anything else": {errors.New("open /home/fred/secret: permission denied"), 75, "4.3.0 The message could not be handled now; it will be tried again."},
	} {
		if e := endingOf(c.err); e.Code != c.code || e.line() != c.line {
			t.Errorf("%s: %d %q", name, e.Code, e.line())
		}
	}
}

// C4: one line, its class fits the code, nothing that a terminal or a mail
// server could take for something else.
func TestLine(t *testing.T) {
	for in, want := range map[ending]string{
		{65, "4.3.0", "x"}: "5.3.0 x",
		{77, "", "x"}:      "5.3.0 x",
		{75, "5.7.1", "x"}: "4.3.0 x",
		{75, "4.3.5", "a\r\n5.7.1 b\x00\x1b[31m\u202e\tc\xff"}: "4.3.5 a 5.7.1 b[31m c",
		{0, "2.0.0", "x"}: "",
	} {
		if got := in.line(); got != want {
			t.Errorf("%+v: %q, want %q", in, got, want)
		}
	}
	long := ending{65, "5.6.0", strings.Repeat("ä", 1000)}.line()
	if len(long) > 420 || strings.ContainsRune(long, '\uFFFD') {
		t.Errorf("%d bytes: %q", len(long), long)
	}
}
