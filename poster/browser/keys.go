package browser

import (
	"context"
	"strings"
	"unicode"

	"github.com/go-rod/rod/lib/proto"
)

// key is a key of a US keyboard, as the DOM's KeyboardEvent describes it.
type key struct {
	name string // KeyboardEvent.key
	code string // KeyboardEvent.code
	num  int    // KeyboardEvent.keyCode
	text string // what it enters
}

// keys has those that enter nothing, or have a name.
var keys = map[string]key{
	"Enter": {code: "Enter", num: 13, text: "\r"}, "Tab": {code: "Tab", num: 9}, "Escape": {code: "Escape", num: 27},
	"Backspace": {code: "Backspace", num: 8}, "Delete": {code: "Delete", num: 46}, "Insert": {code: "Insert", num: 45},
	"Home": {code: "Home", num: 36}, "End": {code: "End", num: 35}, "PageUp": {code: "PageUp", num: 33}, "PageDown": {code: "PageDown", num: 34},
	"ArrowLeft": {code: "ArrowLeft", num: 37}, "ArrowUp": {code: "ArrowUp", num: 38},
	"ArrowRight": {code: "ArrowRight", num: 39}, "ArrowDown": {code: "ArrowDown", num: 40},
	"Control": {code: "ControlLeft", num: 17}, "Shift": {code: "ShiftLeft", num: 16}, "Alt": {code: "AltLeft", num: 18}, "Meta": {code: "MetaLeft", num: 91},
	"ContextMenu": {code: "ContextMenu", num: 93}, "Space": {name: " ", code: "Space", num: 32, text: " "},
	"F1": {code: "F1", num: 112}, "F2": {code: "F2", num: 113}, "F3": {code: "F3", num: 114}, "F4": {code: "F4", num: 115},
	"F5": {code: "F5", num: 116}, "F6": {code: "F6", num: 117}, "F7": {code: "F7", num: 118}, "F8": {code: "F8", num: 119},
	"F9": {code: "F9", num: 120}, "F10": {code: "F10", num: 121}, "F11": {code: "F11", num: 122}, "F12": {code: "F12", num: 123},
}

// modifiers are bits of Input.dispatchKeyEvent.
var modifiers = map[string]int{"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}

// marks are the keys with punctuation: what each enters without and with Shift.
var marks = []struct {
	plain, shifted byte
	code           string
	num            int
}{
	{'`', '~', "Backquote", 192}, {'-', '_', "Minus", 189}, {'=', '+', "Equal", 187}, {'[', '{', "BracketLeft", 219},
	{']', '}', "BracketRight", 221}, {'\\', '|', "Backslash", 220}, {';', ':', "Semicolon", 186}, {'\'', '"', "Quote", 222},
	{',', '<', "Comma", 188}, {'.', '>', "Period", 190}, {'/', '?', "Slash", 191},
}

// digits are what the keys 0 to 9 enter with Shift.
const digits = ")!@#$%^&*("

// keyFor gives the key that enters a character; false if it has none.
func keyFor(c rune) (key, bool) {
	text := string(c)
	at := strings.IndexRune(digits, c)
	switch {
	case c == '\n':
		return named("Enter"), true
	case c == ' ':
		return named("Space"), true
	case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		upper := unicode.ToUpper(c)
		return key{text, "Key" + string(upper), int(upper), text}, true
	case '0' <= c && c <= '9':
		return key{text, "Digit" + text, int(c), text}, true
	case at >= 0:
		return key{text, "Digit" + string(rune('0'+at)), '0' + at, text}, true
	}
	for _, m := range marks {
		if c == rune(m.plain) || c == rune(m.shifted) {
			return key{text, m.code, m.num, text}, true
		}
	}
	return key{}, false
}

// named gives the key of a name, or of the one character that it is.
func named(name string) key {
	if k, ok := keys[name]; ok {
		if k.name == "" {
			k.name = name
		}
		return k
	}
	c := []rune(name)
	if k, ok := keyFor(c[0]); ok {
		return k
	}
	return key{name: name, text: name}
}

// character enters one character by its key, or without one if the keyboard
// has none for it.
func (r *run) character(ctx context.Context, c rune) error {
	k, ok := keyFor(c)
	if !ok {
		return r.insert(ctx, string(c))
	}
	if err := r.key(ctx, true, k, 0); err != nil {
		return err
	}
	return r.key(ctx, false, k, 0)
}

// strike presses keys together, modifiers first, and lets go of them.
func (r *run) strike(ctx context.Context, names ...string) error {
	r.pressed = true
	if err := r.keysDown(ctx, names); err != nil {
		return err
	}
	return r.keysUp(ctx, names)
}

func (r *run) keysDown(ctx context.Context, names []string) error {
	for i, name := range names {
		if err := r.key(ctx, true, named(name), bits(names[:i+1])); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) keysUp(ctx context.Context, names []string) error {
	for i := len(names) - 1; i >= 0; i-- {
		if err := r.key(ctx, false, named(names[i]), bits(names[:i])); err != nil {
			return err
		}
	}
	return nil
}

// bits gives the modifiers among keys.
func bits(names []string) int {
	held := 0
	for _, name := range names {
		held |= modifiers[name]
	}
	return held
}

// key presses or releases a key. With Control, Alt or Meta held it enters nothing.
func (r *run) key(ctx context.Context, down bool, k key, held int) error {
	event := proto.InputDispatchKeyEvent{
		Type: proto.InputDispatchKeyEventTypeKeyUp, Modifiers: held,
		Key: k.name, Code: k.code, WindowsVirtualKeyCode: k.num,
	}
	if down {
		event.Type = proto.InputDispatchKeyEventTypeRawKeyDown
		if k.text != "" && held&^modifiers["Shift"] == 0 {
			event.Type, event.Text, event.UnmodifiedText = proto.InputDispatchKeyEventTypeKeyDown, k.text, k.text
		}
	}
	return reached(ctx, event.Call(r.tab.page.Context(ctx)))
}
