package browser

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"mailapp/poster/flow"
)

// fillTries is how often a text is put into a field that does not keep it.
const fillTries = 3

// editorBegins is how long, three times at most, an editor may take to make the
// first paragraph of an empty text once it has the focus: what is written before
// that stays outside of it.
const editorBegins = 400 * time.Millisecond

// fill puts the text in place of what is in the field, and leaves the field.
// If the page replaced the field meanwhile, it begins again.
func (r *run) fill(ctx context.Context, a *act) error {
	r.enters(a)
	var e entering
	for try := 1; ; try++ {
		left, err := r.fillOnce(ctx, a, try, e.paste)
		e.next(left)
		switch {
		case err != nil:
			return err
		case left.Gone && ctx.Err() == nil:
			try-- // as often as the page likes, until the limit
		case left.Differs == "", a.step.Recorded != nil: // a recording has what was typed, not what became of it
			return r.settled(ctx)
		case try >= fillTries:
			return &trouble{fault: flow.Owner, err: fmt.Errorf("%q holds something else after it was filled: %s", a.step.At, left.Differs)}
		}
	}
}

// entering is how a text goes into an editor next. One that has made something
// else of it, such as a list of numbered lines, gets it pasted, unless it then
// loses words that it kept before.
type entering struct {
	paste, keeps bool
}

func (e *entering) next(left answer) {
	e.keeps = e.keeps || !e.paste && left.Kept
	e.paste = !e.paste && left.Differs != "" || e.paste && (left.Kept || !e.keeps)
}

func (r *run) fillOnce(ctx context.Context, a *act, try int, paste bool) (answer, error) {
	q := question{Op: "fill", Value: a.value, Secret: a.secret, Recorded: a.step.Recorded != nil}
	got, err := r.ask(ctx, a, q)
	for n := 0; n < 3 && err == nil && got.Begins && wait(ctx, editorBegins) == nil; n++ {
		got, err = r.ask(ctx, a, q)
	}
	if err != nil {
		return got, err
	}
	if got.Was { // a choice, which is made
		return answer{}, nil
	}
	if err := r.enter(ctx, a, got, paste); err != nil {
		return got, err
	}
	left, err := r.tab.askOnce(ctx, question{Op: "filled", Value: a.value, Secret: a.secret, Again: try > 1, Shaped: try < fillTries && !q.Recorded})
	if err != nil && pageWentAway(err) {
		return answer{Gone: true}, nil
	}
	return left, err
}

// enters notes what goes into a field: where the page shows it, it is no word
// of the site's.
func (r *run) enters(a *act) {
	if !a.secret && !slices.Contains(r.typed, a.value) {
		r.typed = append(r.typed, a.value)
	}
}

// enter puts the text into the field that is ready for it.
func (r *run) enter(ctx context.Context, a *act, got answer, paste bool) error {
	if got.Clear {
		if err := r.clear(ctx); err != nil {
			return err
		}
	}
	switch {
	case got.Filled:
		return nil
	case got.Lines && paste:
		return r.paste(ctx, got.Text)
	case got.Lines:
		return r.paragraphs(ctx, got.Text)
	case got.Clear:
		return r.paced(ctx, r.insert(ctx, got.Text))
	case a.step.Recorded != nil: // by keys, as when it was recorded
		return r.byKeys(ctx, got)
	}
	return r.insert(ctx, got.Text)
}

// paste puts a text into an editor as a whole, or line by line into one that
// takes nothing pasted.
func (r *run) paste(ctx context.Context, text string) error {
	got, err := r.tab.askOnce(ctx, question{Op: "paste", Value: strings.Trim(text, "\n")})
	if err := reached(ctx, err); err != nil {
		return err
	}
	if !got.Holds {
		return r.paragraphs(ctx, text)
	}
	return r.paced(ctx, nil)
}

// insert puts a text in at the caret, as one insertion.
func (r *run) insert(ctx context.Context, text string) error {
	if text == "" {
		return nil
	}
	return reached(ctx, proto.InputInsertText{Text: text}.Call(r.tab.page.Context(ctx)))
}

// clear takes out what is in an editor as a person would, since it need not
// notice otherwise. What an editor leaves of it at first is taken out, too.
func (r *run) clear(ctx context.Context) error {
	for range 3 {
		if err := r.paced(ctx, r.strike(ctx, "Control", "A")); err != nil {
			return err
		}
		if err := r.paced(ctx, r.strike(ctx, "Backspace")); err != nil {
			return err
		}
		got, err := r.tab.askOnce(ctx, question{Op: "emptied"})
		if err != nil || !got.Holds {
			return reached(ctx, err)
		}
	}
	return nil
}

// paragraphs puts a text into an editor line by line, with keys between, since
// an editor makes one paragraph of what comes in one go. Where Enter begins a
// paragraph that stands apart by itself, empty lines are left out, and the end
// of a line that none follows is only a line break.
func (r *run) paragraphs(ctx context.Context, text string) error {
	if err := r.paced(ctx, nil); err != nil {
		return err
	}
	apart := false
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		if i == 1 || i == 2 && !apart {
			got, err := r.tab.askOnce(ctx, question{Op: "paragraph"})
			if err := reached(ctx, err); err != nil {
				return err
			}
			apart = got.Holds
		}
		if i > 0 {
			if err := r.paced(ctx, r.strike(ctx, lineEnd(lines[i-1], line, apart)...)); err != nil {
				return err
			}
		}
		if err := r.paced(ctx, r.insert(ctx, line)); err != nil {
			return err
		}
	}
	return nil
}

// paced lets an editor take in what it was given. Many look at their page only
// after the event, and what comes before that they lose or double.
func (r *run) paced(ctx context.Context, err error) error {
	for range 2 {
		if err == nil {
			_, err = r.tab.askOnce(ctx, question{Op: "turn"})
			err = reached(ctx, err)
		}
	}
	return err
}

// lineEnd gives the keys between two lines of a text.
func lineEnd(before, after string, apart bool) []string {
	switch {
	case apart && before == "":
		return nil
	case apart && after != "":
		return []string{"Shift", "Enter"}
	}
	return []string{"Enter"}
}

// typeIn enters the text key by key after what is there, and stays in the
// field: what the page offers meanwhile can be clicked next.
func (r *run) typeIn(ctx context.Context, a *act) error {
	r.enters(a)
	got, err := r.ask(ctx, a, question{Op: "type", Value: a.value, Secret: a.secret})
	if err != nil {
		return err
	}
	if err := r.byKeys(ctx, got); err != nil {
		return err
	}
	return r.settled(ctx)
}

// byKeys enters a text key by key; in an editor, line by line.
func (r *run) byKeys(ctx context.Context, got answer) error {
	rest := []rune(got.Text)
	for len(rest) > 0 {
		n := ahead(rest)
		if err := r.insert(ctx, string(rest[:n])); err != nil {
			return err
		}
		if err := r.character(ctx, rest[n]); err != nil {
			return err
		}
		if got.Lines && rest[n] == '\n' {
			if err := r.paced(ctx, nil); err != nil {
				return err
			}
		}
		rest = rest[n+1:]
	}
	return nil
}

// maxKeys is how many characters are entered each by its key: a page may take
// some milliseconds over one.
const maxKeys = 200

// ahead is how many characters of a text that is still to be typed go in
// before the next key: of a long one, each line but for its last character.
func ahead(rest []rune) int {
	if len(rest) <= maxKeys {
		return 0
	}
	end := slices.Index(rest, '\n')
	if end < 0 {
		end = len(rest)
	}
	return max(end-1, 0)
}

// pressKeys presses keys together, in a field or where the focus is.
func (r *run) pressKeys(ctx context.Context, a *act) error {
	if a.at != nil {
		if _, err := r.ask(ctx, a, question{Op: "focus"}); err != nil {
			return err
		}
	} else if err := r.glance(ctx); err != nil {
		return err
	} else if _, err := r.tab.ask(ctx, question{Op: "refocus"}); err != nil {
		return err
	}
	if err := r.uploaded(ctx); err != nil {
		return err
	}
	if err := r.strike(ctx, a.step.Keys...); err != nil {
		return err
	}
	return r.settled(ctx)
}

// choose picks an option; an empty value leaves the choice as it is.
func (r *run) choose(ctx context.Context, a *act) error {
	if strings.TrimSpace(a.value) == "" {
		return nil
	}
	got, err := r.ask(ctx, a, question{Op: "choose", Value: a.value})
	if err != nil {
		return err
	}
	if got.Opens {
		return r.chooseDrawn(ctx, a)
	}
	if err := r.settled(ctx); err != nil {
		return err
	}
	got, err = r.tab.askOnce(ctx, question{Op: "chosen"})
	if err == nil && got.Differs != "" {
		return &trouble{fault: flow.Owner, err: fmt.Errorf("%s does not keep the choice: click what is drawn over it, and then the choice", got.Differs)}
	}
	return reached(ctx, err)
}

// chooseDrawn opens a list that the page draws itself, and clicks on the choice.
func (r *run) chooseDrawn(ctx context.Context, a *act) error {
	if err := r.clickOn(ctx, a, question{Op: "choose", Value: a.value}, 1); err != nil {
		return err
	}
	pick := *a
	pick.at = nil
	return r.clickOn(ctx, &pick, question{Op: "option", Value: a.value}, 1)
}

// tick clicks a box unless it is as wanted, and then waits until it is.
func (r *run) tick(ctx context.Context, a *act, on bool) error {
	if err := r.clickOn(ctx, a, question{Op: "box", On: on}, 1); err != nil {
		return err
	}
	_, err := r.ask(ctx, a, question{Op: "box", On: on, Again: true})
	return err
}
