package filter

// The fields that a flow fills into a form: title and price from the subject,
// the body from the text. What is not certain stays in the title: a wrong price
// is worse than none.

import (
	"regexp"
	"strings"
	"unicode"
)

// Names of the fields that every post has.
const (
	fieldTitle = "title"
	fieldBody  = "body"
	fieldPrice = "price"
)

// PostFields gives title, body and price; price is "" where the subject names
// none for certain, "0" where it says that the thing is free. The error is a
// [*Defect].
func (m *Message) PostFields() (map[string]string, error) {
	content, err := m.Content()
	if err != nil {
		return nil, err
	}
	title, price := splitSubject(m.Subject())
	if title == "" {
		return nil, defect("The message has no subject, and its subject becomes the title of the ad.")
	}
	return map[string]string{fieldTitle: title, fieldBody: content.Text, fieldPrice: price}, nil
}

var replyMark = regexp.MustCompile(`(?i)^(?:(?:re|fwd?|aw|wg|sv|antw|rv|tr)(?:\[\d+\])?\s?[:：]\s*)+`)

// splitSubject gives the title and the price of a readable subject.
func splitSubject(subject string) (title, price string) {
	subject = strings.TrimSpace(replyMark.ReplaceAllString(subject, ""))
	start, end, price := findPrice(subject)
	if price == "" {
		return subject, ""
	}
	if title = withoutRange(subject, start, end); title == "" {
		return subject, price
	}
	return title, price
}

const (
	number = `(\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?)(?:[.,][-–—]{1,2})?`
	signs  = `(?:US|CA|AU|NZ|C|A)?\$|€|£|¥|₹|CHF|EUR|USD|GBP|CAD|AUD|NZD|JPY|INR|PLN|SEK|NOK|DKK|S?Fr\.|Rs\.|kr\.?`
)

// Words and some signs are a currency only behind a number: Euro 6, Audi RS 6.
var (
	currencyFirst = regexp.MustCompile(`(?i)(?:` + signs + `)\s?` + number)
	numberFirst   = regexp.MustCompile(`(?i)` + number + `\s?(?:euros?|dollars?|S?Fr|zł|` + signs + `)`)
	givenAway     = regexp.MustCompile(`(?i)(?:\s[-–—|]\s*|[,:;]\s*|[(\[]\s*|\s+for\s+)(?:free|for free|gratis|kostenlos|zu verschenken|gratuit)\s*[)\]]?[!.]*$`)
)

// findPrice gives the place of the one price in the subject, and its amount
// such as 40 or 12.50. With two of them, or a range or a rate, there is none.
func findPrice(subject string) (start, end int, price string) {
	if at := givenAway.FindStringIndex(subject); at != nil {
		return at[0], at[1], "0"
	}
	for _, pattern := range []*regexp.Regexp{currencyFirst, numberFirst} {
		for _, at := range pattern.FindAllStringSubmatchIndex(subject, -1) {
			if !standsAlone(subject[:at[0]], subject[at[1]:], pattern == numberFirst) {
				continue
			}
			if price != "" {
				return 0, 0, ""
			}
			start, end, price = at[0], at[1], amount(subject[at[2]:at[3]])
		}
	}
	return start, end, price
}

var (
	touchesBefore = regexp.MustCompile(`[\pL\pN.,'’/]$|\d\s*[-–—]\s*$`)
	digitsBefore  = regexp.MustCompile(`\d\s$`)
	touchesAfter  = regexp.MustCompile(`^(?:[\pL\pN/%]|\s*[-–—]\s*[\d$€£]|\s?per\s)`)
)

// standsAlone tells whether what is around a price leaves it whole: no part of
// a longer number or word, of a range or of a rate.
func standsAlone(before, after string, startsWithNumber bool) bool {
	if startsWithNumber && digitsBefore.MatchString(before) {
		return false // 1 200 €, or a 12 for 300 €
	}
	return !touchesBefore.MatchString(before) && !touchesAfter.MatchString(after)
}

var decimals = regexp.MustCompile(`[.,](\d{1,2})$`)

// amount writes a number with a decimal point and no other marks.
func amount(number string) string {
	cents := ""
	if m := decimals.FindStringSubmatch(number); m != nil {
		number, cents = number[:len(number)-len(m[0])], m[1]
	}
	number = strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, number)
	if number = strings.TrimLeft(number, "0"); number == "" {
		number = "0"
	}
	if strings.Trim(cents, "0") == "" {
		return number
	}
	return number + "." + cents
}

var (
	emptyBrackets = regexp.MustCompile(`\(\s*\)|\[\s*\]`)
	leadingMark   = regexp.MustCompile(`^[\s\-–—,:;|/]+`)
	trailingMark  = regexp.MustCompile(`(?i)(?:[\s\-–—,:;|/]|\s[.!]|\s(?:for|für|only|nur|asking|price|preis|prix))+$`)
)

// withoutRange takes the price out of the subject, with the dash, comma or
// brackets that set it off.
func withoutRange(subject string, start, end int) string {
	before, after := subject[:start], subject[end:]
	title := emptyBrackets.ReplaceAllString(before+" "+after, " ")
	title = strings.Join(strings.Fields(title), " ")
	title = leadingMark.ReplaceAllString(title, "")
	title = trailingMark.ReplaceAllString(title, "")
	return doubledMark.ReplaceAllString(title, "$1")
}

// doubledMark is what stays in the middle of "Sofa - $40 - today".
var doubledMark = regexp.MustCompile(`([-–—|,:;]\s)(?:[-–—|,:;]\s)+`)
