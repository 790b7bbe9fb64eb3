package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"mailapp/filter"
	"mailapp/poster"
	"mailapp/poster/browser"
	"mailapp/poster/flow"
	"mailapp/poster/ledger"
)

// The exit codes that mean the same to every mail server (C1), and the two
// that the other commands use beside 0 and 1.
const (
	exitDone   = 0
	exitData   = 65 // EX_DATAERR: this message cannot be posted as it is
	exitLater  = 75 // EX_TEMPFAIL: try again later
	exitDenied = 77 // EX_NOPERM: not allowed

	exitFailed = 1
	exitUsage  = 64 // EX_USAGE
	exitConfig = 78 // EX_CONFIG
)

// ending is how the handling of one mail ends: what the mail server is told.
type ending struct {
	Code   int
	Status string // RFC 3463, its class fitting the code (C4)
	Text   string // one sentence for the sender; shown only where Code is not 0
}

// line is the whole output to the mail server (C4), or "" on success (C3).
// Postfix lets the status at its head override the exit code, so the two are
// made to agree here whatever was asked for.
func (e ending) line() string {
	if e.Code == exitDone {
		return ""
	}
	class, status := "4", e.Status
	if e.Code == exitData || e.Code == exitDenied {
		class = "5"
	}
	if !strings.HasPrefix(status, class+".") {
		status = class + ".3.0"
	}
	return status + " " + oneLine(e.Text, 400)
}

// refused is the error of a mail that is not allowed (77), unpostable of one
// that cannot be posted as it is (65). Both texts are public.
type (
	refused    struct{ text string }
	unpostable struct{ text string }
)

func (r refused) Error() string    { return r.text }
func (u unpostable) Error() string { return u.text }

// endingOf turns an error into what the mail server is told. Whatever is not
// known to be final is tried again later, and says nothing of its cause.
func endingOf(err error) ending {
	var (
		denied refused
		bad    unpostable
		defect *filter.Defect
		turn   poster.Wait
		failed *flow.Failure
	)
	switch {
	case err == nil:
		return ending{Code: exitDone}
	case errors.As(err, &denied):
		return ending{exitDenied, "5.7.1", denied.text}
	case errors.As(err, &bad):
		return ending{exitData, "5.6.0", bad.text}
	case errors.As(err, &failed) && failed.Unfit:
		return ending{exitData, "5.6.0", failed.Said}
	case errors.As(err, &defect) && defect.Forbidden:
		return ending{exitDenied, "5.7.1", defect.Text}
	case errors.As(err, &defect):
		return ending{exitData, "5.6.0", defect.Text}
	case errors.As(err, &turn):
		return ending{exitLater, "4.3.0", "It is not this message's turn yet (" + turn.Why + "); it will be tried again."}
	case errors.Is(err, browser.ErrBusy):
		return ending{exitLater, "4.3.0", "Too much is being posted at the moment; the message will be tried again."}
	case errors.Is(err, ledger.ErrBusy):
		return ending{exitLater, "4.3.0", "Another copy of this message is being worked on; it will be tried again."}
	case errors.Is(err, flow.ErrPhotos):
		return ending{exitLater, "4.3.0", "The photos took longer than there is time for; the message will be tried again, and fewer or smaller photos may get through."}
	case errors.Is(err, context.DeadlineExceeded):
		return ending{exitLater, "4.3.0", "The work took too long; it will be tried again."}
	}
	return ending{exitLater, "4.3.0", "The message could not be handled now; it will be tried again."}
}

// oneLine makes text fit for a mail server's line or a log on a terminal: no
// control or format character, blanks folded, at most limit bytes.
func oneLine(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}

// codeError ends a command other than run with a code of its own.
type codeError struct {
	code int
	err  error
}

func (e codeError) Error() string { return e.err.Error() }
func (e codeError) Unwrap() error { return e.err }

// errSaid is the error of a command that has already said all there is to say.
var errSaid = errors.New("")

func isSilent(err error) bool { return errors.Is(err, errSaid) }

func usageError(format string, args ...any) error {
	return codeError{exitUsage, fmt.Errorf(format, args...)}
}

// exitCode is the code that a command other than run ends with.
func exitCode(err error) int {
	var coded codeError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &coded):
		return coded.code
	}
	return exitFailed
}
