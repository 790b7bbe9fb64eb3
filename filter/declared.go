package filter

// The fields that a mail fills into a flow: title, text and price, and what the
// lines `key: value` at the head of its text say, as far as the app lets mails
// say it. Lines with other keys are text.

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Names of the fields that every post has.
const (
	fieldTitle    = "title"
	fieldBody     = "body"
	fieldHTML     = "html"
	fieldPrice    = "price"
	fieldCurrency = "currency"
)

// Field is what a mail may say in a line of its own.
type Field struct {
	Name    string
	Type    FieldType
	Choices []string // of a choice
}

// FieldType is what a field's value must be.
type FieldType string

// The types of fields.
const (
	TextField   FieldType = "text"
	NumberField FieldType = "number" // digits, perhaps with a decimal point or comma
	PriceField  FieldType = "price"  // 40, $40, 40 obo, free
	DateField   FieldType = "date"   // 2026-12-24 or 24.12.2026
	YesNoField  FieldType = "yes-no"
	TagsField   FieldType = "tags" // words with commas between; hashtags count, too
	ChoiceField FieldType = "choice"
)

// PostFields gives what an app's flow is filled with, and what was cleaned out
// of the text for it: title, body, the body as simple HTML, price, currency, and
// the app's own fields that the mail sets. The price is "" where the mail names
// none for certain, "0" where it says that the thing is free. The error is a
// [*Defect]. Without an app (nil) the mail sets no fields.
func (m *Message) PostFields(app *App) (fields map[string]string, cut []Cut, err error) {
	content, err := m.Content()
	if err != nil {
		return nil, nil, err
	}
	if app == nil {
		app = &App{}
	}
	text, cut := m.cleaner(app.NotCleaned).clean(content.passages)
	subject := m.title()
	said := declared{app: app, values: map[string]string{}}
	if text, err = said.read(text); err != nil {
		return nil, nil, err
	}
	subject, text = said.hashtags(subject, text)
	title, cost := splitSubject(subject)
	if said.price != nil {
		cost = *said.price
	}
	fields = said.values
	if fields[fieldTitle] == "" {
		fields[fieldTitle] = title
	}
	if fields[fieldTitle] = CutTitle(fields[fieldTitle], MaxTitle); fields[fieldTitle] == "" {
		return nil, nil, defect("The message has no subject, and its subject becomes the title of the ad.")
	}
	fields[fieldBody], fields[fieldHTML] = text, simpleHTML(text)
	fields[fieldPrice] = formatPrice(cost.amount, app.PriceFormat)
	if fields[fieldCurrency] == "" {
		fields[fieldCurrency] = cost.currency
	}
	return fields, cut, nil
}

// declared is what the lines at the head of a text say.
type declared struct {
	app    *App
	values map[string]string
	tags   []string
	price  *price
}

// keyLine is `key: value`; a phone may have made the key begin with a capital,
// or taken another colon.
var keyLine = worded(`^\s*(\pL[\pL\pN _-]{0,40}?)\s*[:：=]\s*(.*?)\s*$`)

// read takes the app's fields off the head of a text. The head ends at the
// first line that is no `key: value`, or after an empty line at the first that
// is none of the app's.
func (d *declared) read(text string) (string, error) {
	lines := strings.Split(text, "\n")
	var kept []string
	at := 0
	for blank := false; at < len(lines) && len(d.app.Fields) > 0; at++ {
		if strings.TrimSpace(lines[at]) == "" {
			blank = true
			kept = append(kept, lines[at])
			continue
		}
		key := keyLine.pattern().FindStringSubmatch(lines[at])
		if key == nil {
			break
		}
		field := d.app.field(key[1])
		if field == nil && blank {
			break
		}
		if field == nil {
			kept = append(kept, lines[at])
			continue
		}
		if err := d.take(field, lines[at], key[2]); err != nil {
			return "", err
		}
	}
	return strings.Join(trimBlankLines(append(kept, lines[at:]...)), "\n"), nil
}

// field gives the field that a key names, nil if there is none.
func (a *App) field(key string) *Field {
	key = strings.ReplaceAll(foldText(key), " ", "-")
	for i := range a.Fields {
		if a.Fields[i].Name == key {
			return &a.Fields[i]
		}
	}
	return nil
}

// take keeps the value of a field, as the flow is to have it.
func (d *declared) take(f *Field, line, text string) error {
	if _, twice := d.values[f.Name]; twice {
		return defect("The message says %s twice; the second time it is %s. Please say it once.", f.Name, quote(line))
	}
	value, ok := f.read(text)
	if !ok {
		return defect("The line %s of the message cannot be understood. Please write it as in: %s: %s (%s).", quote(line), f.Name, f.Example(), f.wants(text))
	}
	switch f.Type {
	case PriceField:
		cost := parsePrice(text)
		d.price, value = &cost, formatPrice(cost.amount, d.app.PriceFormat)
	case TagsField:
		d.addTags(strings.Split(value, ", ")...)
		value = strings.Join(d.tags, ", ")
	}
	d.values[f.Name] = value
	return nil
}

// read gives a value as the flow is to have it; false if it is none.
func (f *Field) read(text string) (string, bool) {
	if text == "" {
		return "", false
	}
	switch f.Type {
	case NumberField:
		return strings.Replace(text, ",", ".", 1), plainNumber.MatchString(text)
	case PriceField:
		cost := parsePrice(text)
		return cost.amount, cost.amount != ""
	case DateField:
		return readDate(text)
	case YesNoField:
		word, known := yesOrNo[foldText(text)]
		return word, known
	case TagsField:
		tags := readTags(text)
		return strings.Join(tags, ", "), len(tags) > 0
	case ChoiceField:
		at := slices.IndexFunc(f.Choices, func(c string) bool { return foldText(comparableText(c)) == foldText(comparableText(text)) })
		if at < 0 {
			return "", false
		}
		return f.Choices[at], true
	}
	text = comparableText(text)
	return text, text != "" && utf8.RuneCountInString(text) <= MaxTitle
}

var plainNumber = worded(`^[-+]?\d{1,15}(?:[.,]\d{1,6})?$`)

var yesOrNo = map[string]string{
	"yes": "yes", "y": "yes", "true": "yes", "ja": "yes", "oui": "yes", "si": "yes", "sí": "yes", "sì": "yes", "sim": "yes", "tak": "yes", "ano": "yes", "да": "yes",
	"no": "no", "n": "no", "false": "no", "nein": "no", "non": "no", "nee": "no", "nej": "no", "não": "no", "nie": "no", "ne": "no", "нет": "no",
}

// readDate gives a date as 2026-12-24.
func readDate(text string) (string, bool) {
	for _, layout := range []string{time.DateOnly, "2.1.2006", "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006"} {
		if day, err := time.Parse(layout, text); err == nil {
			return day.Format(time.DateOnly), true
		}
	}
	return "", false
}

// parsePrice reads a text that is nothing but a price.
func parsePrice(text string) price {
	if onlyFree.MatchString(text) {
		return price{amount: "0"}
	}
	if plainAmount.MatchString(text) {
		return price{amount: amount(text)}
	}
	start, end, cost := findPrice(text)
	rest := text[:start] + text[end:]
	if onlyBargain.MatchString(rest) {
		return cost
	}
	return price{}
}

var (
	plainAmount = worded(`^` + number + `$`)
	onlyBargain = worded(`(?i)^[\s,(]*(?:` + bargain + `)?[\s.)]*$`)
)

// wants says what a value must be that was this text.
func (f *Field) wants(text string) string {
	switch f.Type {
	case ChoiceField:
		shown := f.Choices[:min(len(f.Choices), 10)]
		more := ""
		if len(shown) < len(f.Choices) {
			more = " and others"
		}
		return f.Name + " is one of " + strings.Join(shown, ", ") + more
	case TextField:
		if text != "" {
			return fmt.Sprintf("%s is at most %d letters long", f.Name, MaxTitle)
		}
		return f.Name + " has no value"
	}
	return fmt.Sprintf("%s is a %s", f.Name, map[FieldType]string{
		NumberField: "number", PriceField: "price", DateField: "date", YesNoField: "yes or a no", TagsField: "list of words",
	}[f.Type])
}

// Example is a value that can be understood.
func (f *Field) Example() string {
	return map[FieldType]string{
		TextField: "Bern", NumberField: "12.5", PriceField: "40", DateField: "2026-12-24", YesNoField: "yes", TagsField: "sofa, blue",
		ChoiceField: slices.Concat(f.Choices, []string{""})[0],
	}[f.Type]
}

var (
	hashtag     = worded(`#[\pL\pN_]*\pL[\pL\pN_]*`)
	onlyTags    = worded(`^\s*(?:#[\pL\pN_]*\pL[\pL\pN_]*[\s,]*)+$`)
	endsInTags  = worded(`(?:\s+#[\pL\pN_]*\pL[\pL\pN_]*)+\s*$`)
	tagsBetween = worded(`[,;]+`)
)

// readTags splits a list of tags, at commas if it has any, else at blanks.
func readTags(text string) []string {
	words := tagsBetween.pattern().Split(text, -1)
	if len(words) == 1 {
		words = strings.Fields(text)
	}
	var tags []string
	for _, word := range words {
		if word = strings.TrimLeft(comparableText(word), "# "); strings.ContainsFunc(word, unicode.IsLetter) && len(word) <= 100 {
			tags = append(tags, word)
		}
	}
	return tags
}

func (d *declared) addTags(tags ...string) {
	for _, tag := range tags {
		if len(d.tags) < 100 && !slices.ContainsFunc(d.tags, func(t string) bool { return foldText(t) == foldText(tag) }) {
			d.tags = append(d.tags, tag)
		}
	}
}

// hashtags takes them off the end of the subject and out of the lines that
// have nothing else, where the app takes tags. Within a sentence they are words.
func (d *declared) hashtags(subject, text string) (string, string) {
	at := slices.IndexFunc(d.app.Fields, func(f Field) bool { return f.Type == TagsField })
	if at < 0 {
		return subject, text
	}
	found := endsInTags.pattern().FindString(subject)
	subject = strings.TrimSuffix(subject, found)
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		if onlyTags.MatchString(line) {
			found += " " + line
			continue
		}
		kept = append(kept, line)
	}
	for _, tag := range hashtag.pattern().FindAllString(found, -1) {
		d.addTags(tag[1:])
	}
	if len(d.tags) > 0 {
		d.values[d.app.Fields[at].Name] = strings.Join(d.tags, ", ")
	}
	return subject, strings.Join(trimBlankLines(kept), "\n")
}
