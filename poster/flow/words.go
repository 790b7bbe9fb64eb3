package flow

import (
	"maps"
	"slices"
	"strings"
)

// The words of the language: every verb and key, what it takes, and what it
// means, in one place. The parser reads by these tables, the schema is made
// from them, and mistakes name what they hold.

// shape is what may stand behind a verb or key. Those in objects are mappings
// with the keys given there.
type shape string

const (
	anAddress    shape = "address"
	aLocator     shape = "locator"
	aPlace       shape = "place"
	fieldTexts   shape = "fields"
	keyStrokes   shape = "keys"
	aCondition   shape = "condition"
	aPattern     shape = "pattern"
	aSize        shape = "viewport"
	aTime        shape = "time"
	aNumber      shape = "number"
	aBound       shape = "bound"
	aText        shape = "text"
	aName        shape = "name"
	yes          shape = "yes"
	texts        shape = "texts"
	origins      shape = "origins"
	steps        shape = "steps"
	failings     shape = "failings"
	cases        shape = "cases"
	readings     shape = "readings"
	parameters   shape = "parameters"
	parts        shape = "parts"
	aFault       shape = "fault"
	aType        shape = "type"
	failOrAccept shape = "alert"
	yesOrNo      shape = "confirm"
	stayOrLeave  shape = "leaving"
	aFileSize    shape = "size"
	aPicture     shape = "picture"
	pictures     shape = "pictures"

	theFlow     shape = "flow"
	thePhotos   shape = "photos"
	aFailing    shape = "failing"
	aLogin      shape = "http-login"
	aParameter  shape = "parameter"
	aPart       shape = "part"
	theTests    shape = "tests"
	fieldText   shape = "field"
	theAnswers  shape = "answers"
	thePages    shape = "pages"
	aCase       shape = "case"
	aReading    shape = "reading"
	eachReading shape = "each"
)

// enumerations are the shapes that are one of a few words.
var enumerations = map[shape][]string{
	aFault:       {string(Sender), string(Owner), string(Site)},
	aType:        {string(TextType), string(NumberType), string(ChoiceType), string(YesNoType)},
	failOrAccept: {string(Fail), string(Accept)},
	yesOrNo:      {string(Fail), string(Accept), string(Dismiss)},
	stayOrLeave:  {string(Stay), string(Leave)},
	aPicture:     slices.Sorted(maps.Keys(PhotoTypes)),
}

// verbWord is a verb of the language.
type verbWord struct {
	verb  Verb
	takes shape
	help  string
	looks bool // sends nothing, so it may stand after publish (C26)
	moves bool // can lead to another page, or change this one
	waits bool // may be optional
}

var verbs = []verbWord{
	{verb: Open, takes: anAddress, moves: true, help: "Open a page."},
	{verb: Click, takes: aLocator, moves: true, waits: true, help: "Click on it."},
	{verb: DoubleClick, takes: aLocator, moves: true, waits: true, help: "Click on it twice at once."},
	{verb: Hover, takes: aLocator, moves: true, waits: true, help: "Hold the mouse over it, as for a menu that opens then."},
	{verb: Fill, takes: fieldTexts, moves: true, waits: true, help: "Put texts into fields, in place of what is there."},
	{verb: Type, takes: fieldTexts, moves: true, waits: true, help: "Type texts by keys, a new line as Enter; for editors and search boxes."},
	{verb: Press, takes: keyStrokes, moves: true, waits: true, help: "Press a key such as Enter or Control+A."},
	{verb: Choose, takes: fieldTexts, moves: true, waits: true, help: "Choose an option of a select by its text or value."},
	{verb: Check, takes: aLocator, moves: true, waits: true, help: "See that a box is checked."},
	{verb: Uncheck, takes: aLocator, moves: true, waits: true, help: "See that a box is not checked."},
	{verb: Upload, takes: fieldTexts, moves: true, waits: true, help: "Give photos to a file field, which may be hidden."},
	{verb: Scroll, takes: aPlace, looks: true, moves: true, waits: true, help: "Scroll to something, or to the top or bottom of the page."},
	{verb: WaitFor, takes: aCondition, looks: true, waits: true, help: "Wait until something holds."},
	{verb: Expect, takes: aCondition, looks: true, help: "Wait until something holds; if it does not, fail with what the page says."},
	{verb: Read, takes: readings, looks: true, waits: true, help: "Take values from the page."},
	{verb: ReadEach, takes: eachReading, looks: true, help: "Take values from every element of a list; only in the section list."},
	{verb: Answer, takes: theAnswers, looks: true, help: "Say what native dialogs get from here on."},
	{verb: Resize, takes: aSize, moves: true, help: "Give the page another size from here on."},
	{verb: Publish, takes: aLocator, help: "The click that cannot be undone."},
	{verb: Do, takes: aName, moves: true, help: "Do the steps of a part, if it is needed."},
	{verb: ForEachPhoto, takes: steps, moves: true, help: "Do steps for each photo; {{photo}} and {{photo-number}} are known in them."},
	{verb: Window, takes: steps, moves: true, help: "Do steps in the window that the page has opened, and come back."},
	{verb: Pages, takes: thePages, moves: true, help: "On whichever of these pages we are, do this, until something holds."},
}

// modifiers may stand beside a verb; if and unless may also stand alone, with
// then and else.
var modifiers = []keyWord{
	{key: string(If), takes: aCondition, help: "Only if this holds now."},
	{key: string(Unless), takes: aCondition, help: "Only if this does not hold now."},
	{key: "optional", takes: aTime, help: "Skip the step if what it acts on does not appear within this time."},
	{key: "timeout", takes: aTime, help: "How long this step may wait, in place of step-limit."},
	{key: "then", takes: steps, help: "What to do if the condition beside it holds."},
	{key: "else", takes: steps, help: "What to do if it does not."},
}

// keyWord is a key of one of the mappings.
type keyWord struct {
	key    string
	takes  shape
	needed bool
	help   string
}

// meaning says behind a colon what the key is for, or which words it takes.
func (w keyWord) meaning() string {
	if words := enumerations[w.takes]; len(words) > 0 {
		last := len(words) - 1
		return strings.Join(words[:last], ", ") + " or " + words[last]
	}
	return strings.ToLower(w.help[:1]) + strings.TrimSuffix(w.help[1:], ".")
}

// objects are the mappings whose keys are given.
var objects = map[shape][]keyWord{
	theFlow: {
		{"origins", origins, true, "The parts of the web that the browser may reach, as in \"{{site}}\" or https://*.example.org."},
		{"viewport", aSize, false, "The size of the page, as in 1280x900."},
		{"step-limit", aTime, false, "How long one step may wait for what it needs."},
		{"limit", aTime, false, "How long all steps may take."},
		{string(Photos), thePhotos, false, "What photos the site takes."},
		{"http-login", aLogin, false, "What the site gets that asks for a name and password before it shows anything."},
		{"fails-when", failings, false, "What ends the run as soon as it is seen, and whose fault it is."},
		{"parameters", parameters, false, "The settings that an app gives in its with."},
		{"parts", parts, false, "Lists of steps with names, for do."},
		{"steps", steps, true, "What to do."},
		{string(List), steps, false, "How to read the account's own ads: url and title of each, by read-each."},
		{string(Find), steps, false, "How to find one of them."},
		{string(Remove), steps, false, "How to take an ad off the site; {{url}} and what else steps has read are known."},
		{string(Renew), steps, false, "How to put an ad on top again; the same is known."},
		{string(Change), steps, false, "How to change an ad; the same is known."},
	},
	thePhotos: {
		{"least", aNumber, false, "How many the site needs; a mail with fewer is refused."},
		{"most", aNumber, false, "How many it takes; more are left out."},
		{"pixels", aNumber, false, "How many the longer side may have; 2048 unless this is given."},
		{"bytes", aFileSize, false, "How large a file may be, as in 5M."},
		{"types", pictures, false, "What is sent as it is if it fits, beside jpeg; all else becomes that."},
	},
	aFailing: {
		{string(See), aLocator, false, "What to look for."},
		{string(URL), aPattern, false, "Which address."},
		{string(Says), aPattern, false, "Which words anywhere on the page."},
		{"fault", aFault, true, "Who can do something about it."},
		{"say", aText, false, "What the sender reads in place of the page's words."},
		{"unpublished", yes, false, "Seen after publish, it proves that nothing was published."},
	},
	aLogin: {
		{"user", aText, true, "The name."},
		{"password", aText, true, "The password, as in {{password}}."},
	},
	aParameter: {
		{"type", aType, true, "What its value must be."},
		{"default", aText, false, "Its value where the app gives none."},
		{"choices", texts, false, "The values of a choice."},
		{"required", yes, false, "The app must give it."},
		{"help", aText, false, "What it is, for the person who writes the app."},
	},
	aPart: {
		{"needed-unless", aCondition, false, "Skip the part if this holds."},
		{"steps", steps, true, "What to do."},
	},
	theTests: {
		{string(See), aLocator, false, "It is visible."},
		{string(Gone), aLocator, false, "It is not, or no longer, visible."},
		{string(Count), aLocator, false, "So many of it are visible: with is, at-least or at-most."},
		{string(URL), aPattern, false, "The address of the page fits."},
		{string(Says), aPattern, false, "The text fits, of what is at, or else of the page."},
		{string(Holds), aPattern, false, "What is in the field fits: with at."},
		{string(Enabled), aLocator, false, "It can be used."},
		{string(Field), aName, false, "The value of this placeholder fits: with is."},
		{"at", aLocator, false, "Where text or value is looked at."},
		{"is", aPattern, false, "What field or count must be: a text, empty or set; a number."},
		{"at-least", aBound, false, "The smallest count."},
		{"at-most", aBound, false, "The largest count."},
	},
	fieldText: {
		{"at", aLocator, true, "The field."},
		{"with", aText, true, "What it gets."},
	},
	theAnswers: {
		{"alert", failOrAccept, false, "A box with a text and an OK button."},
		{"confirm", yesOrNo, false, "A question with OK and Cancel."},
		{"prompt", aText, false, "What is entered where the page asks for a text."},
		{"leaving", stayOrLeave, false, "The question whether to leave the page."},
	},
	thePages: {
		{"until", aCondition, true, "Where the walk ends."},
		{"at-most", aNumber, false, "How many rounds it may take; 12 unless this is given."},
		{"cases", cases, true, "The pages that may come, each with its steps."},
	},
	aCase: {
		{"on", aCondition, true, "How to know the page."},
		{"steps", steps, true, "What to do there."},
	},
	aReading: {
		{"at", aLocator, false, "The element."},
		{"from", aText, false, "text, url, link, value, property/NAME, the name of an attribute, or a value such as {{title}}."},
		{"matching", aText, false, "A regular expression; its first group is taken."},
		{"as", aName, false, "number: written with a point and nothing else."},
	},
	eachReading: {
		{"at", aLocator, true, "The elements."},
		{"read", readings, true, "What to read inside each one."},
	},
}

// keys gives the keys of a mapping.
func keys(words []keyWord) []string {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = w.key
	}
	return names
}

func verbNames() []string {
	names := make([]string, len(verbs))
	for i, v := range verbs {
		names[i] = string(v.verb)
	}
	return names
}

// wordOf gives what the tables say of a verb; false if there is none.
func wordOf(verb Verb) (verbWord, bool) {
	for _, v := range verbs {
		if v.verb == verb {
			return v, true
		}
	}
	return verbWord{}, false
}
