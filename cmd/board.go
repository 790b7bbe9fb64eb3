package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mailapp/poster"
)

// board shows a person at a terminal how a batch gets on, and keeps what is said
// of it at the end.
type board struct {
	begun time.Time
	total int
	width int       // of the line, in columns
	out   io.Writer // the terminal; nil where nobody watches
	said  io.Writer // where failures are told

	mu      sync.Mutex
	counts  map[result]int
	done    int
	atWork  []*item
	waits   []*item // for their turn
	told    []telling
	stopped chan struct{}
}

// telling is what the owner's summary says of one mail.
type telling struct {
	result result
	text   string
}

// results in the order in which people read of them.
var results = []result{wasPosted, wasRefused, wasHeld, wasDone, mustWait, hasFailed}

// redraw is how often the line is drawn.
const redraw = 200 * time.Millisecond

// newBoard begins to show the progress of so many mails, if out is a terminal.
func newBoard(total int, out io.Writer) *board {
	b := &board{begun: time.Now(), total: total, width: columns(), said: out, counts: map[result]int{}, stopped: make(chan struct{})}
	if isTerminal(out) {
		b.out = out
		go b.draw()
	}
	return b
}

// columns is how wide the terminal is, as the shell says, or else as the
// narrowest are.
func columns() int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 20 {
		return n
	}
	return 80
}

func (b *board) draw() {
	for {
		select {
		case <-b.stopped:
			return
		case <-time.After(redraw):
		}
		b.mu.Lock()
		select {
		case <-b.stopped:
		default:
			fmt.Fprint(b.out, clearLine, b.line(time.Now()))
		}
		b.mu.Unlock()
	}
}

const clearLine = "\r\x1b[K"

// stop ends the drawing.
func (b *board) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.stopped)
	if b.out != nil {
		fmt.Fprint(b.out, clearLine)
	}
}

func (b *board) begin(it *item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waits = allBut(b.waits, it)
	b.atWork = append(b.atWork, it)
}

// wait notes that a mail waits for its turn.
func (b *board) wait(it *item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.atWork = allBut(b.atWork, it)
	b.waits = append(b.waits, it)
}

// end notes what has become of a mail, and tells of a failure at once.
func (b *board) end(it *item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.atWork, b.waits = allBut(b.atWork, it), allBut(b.waits, it)
	b.counts[it.result]++
	b.done++
	text := it.telling()
	if it.result != wasDone && it.result != isGone {
		b.told = append(b.told, telling{it.result, text})
	}
	if it.result == hasFailed {
		if b.out != nil {
			fmt.Fprint(b.out, clearLine)
		}
		fmt.Fprintln(b.said, "failed: "+text)
	}
}

func (b *board) count(r result) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts[r]
}

func allBut(items []*item, it *item) []*item {
	return slices.DeleteFunc(items, func(other *item) bool { return other == it })
}

// telling says in one line what has become of a mail.
func (it *item) telling() string {
	text := oneLine(it.title()+" ("+it.name+")", 200)
	var more []string
	switch r := it.report; {
	case it.result == wasPosted:
		more = []string{r.URL}
	case it.result == wasHeld:
		more = []string{"see mailapp ledger: " + r.ID, r.Why, r.cause(), r.Aside}
	default:
		more = []string{r.cause(), r.Aside}
	}
	more = slices.DeleteFunc(more, func(s string) bool { return s == "" })
	if len(more) == 0 {
		return text
	}
	return text + ": " + oneLine(strings.Join(more, "; "), maxTelling)
}

// maxTelling is how much is told of a mail, in bytes; the log has all of it.
const maxTelling = 500

func (it *item) title() string {
	if it.subject == "" {
		return "no subject"
	}
	return it.subject
}

// line is the line on the terminal: a bar, the counts, how fast it goes, and
// what is at work.
func (b *board) line(now time.Time) string {
	const bar = 20
	full := bar * b.done / max(b.total, 1)
	text := fmt.Sprintf("[%s%s] %d/%d", strings.Repeat("#", full), strings.Repeat("-", bar-full), b.done, b.total)
	if tally := b.tally(); tally != "" {
		text += ": " + tally
	}
	if took := now.Sub(b.begun); b.done > 0 && took > 0 {
		left := took * time.Duration(b.total-b.done) / time.Duration(b.done)
		text += fmt.Sprintf(", %.0f a minute, %s left", float64(b.done)/took.Minutes(), left.Round(time.Second))
	}
	for _, it := range b.atWork {
		text += "; " + it.title()
	}
	for _, it := range b.waits {
		text += "; " + it.title() + " waits until " + it.report.Until.Format(time.TimeOnly) + ": " + it.report.cause()
	}
	return cut(oneLine(text, 4000), b.width-1)
}

// cut shortens a line to so many columns, each of which takes one letter.
func cut(line string, columns int) string {
	if runes := []rune(line); len(runes) > columns {
		return string(runes[:columns-1]) + "…"
	}
	return line
}

// tally counts the mails by their result.
func (b *board) tally() string {
	var parts []string
	for _, r := range results {
		if n := b.counts[r]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, r))
		}
	}
	return strings.Join(parts, ", ")
}

// summary is the one line at the end.
func (b *board) summary() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := fmt.Sprintf("%d of %s in %s", b.done-b.counts[isGone], plural(b.total, "mail"), time.Since(b.begun).Round(100*time.Millisecond))
	if tally := b.tally(); tally != "" {
		text += ": " + tally
	}
	return text
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// details lists, by result, what a person may want to see: what failed first.
func (b *board) details() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var text strings.Builder
	for _, r := range slices.Backward(results) {
		first := true
		for _, t := range b.told {
			if t.result != r {
				continue
			}
			if first {
				fmt.Fprintf(&text, "\n%s:\n", headings[r])
			}
			first = false
			fmt.Fprintf(&text, "  %s\n", t.text)
		}
	}
	return text.String()
}

var headings = map[result]string{
	wasPosted: "Posted", wasRefused: "Refused", wasHeld: "Held, until you settle them",
	mustWait: "Waiting for their turn, at the next batch", hasFailed: "Failed, and tried again at the next batch",
}

// summaryTime is for handing over the owner's summary.
const summaryTime = time.Minute

// mailSummary mails the owner what was done.
func (b *batch) mailSummary() error {
	ctx, cancel := context.WithTimeout(context.Background(), summaryTime)
	defer cancel()
	now, line := time.Now(), b.board.summary()
	n := poster.Notice{
		From: receiptFrom(b.settings), To: b.settings.Owner,
		Key:     poster.Key(batchCommand, b.box.path, fmt.Sprint(os.Getpid()), now.String()),
		Subject: "mailapp: " + line, Text: b.box.path + "\n" + line + "\n" + b.board.details(),
	}
	data, err := n.Compose(now)
	if err == nil {
		err = sendBy(b.settings)(ctx, poster.Letter{To: []string{n.To}, Data: data})
	}
	if err != nil {
		return fmt.Errorf("mailing the summary: %w", err)
	}
	return nil
}
