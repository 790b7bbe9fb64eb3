package filter

// The title and the price, which a subject such as "Sofa - $40" tells. What is
// not certain stays in the title: a wrong price is worse than none.

import (
	"slices"
	"strings"
	"unicode"
)

var (
	forwardMark = worded(`(?i)^(?:\[[^\]]{1,40}\]\s*)?(?:(?:fwd?|wg|tr|rv|enc|vb|pd|doorst|転送|转发|轉寄)(?:\[\d+\])?\s?[:：]|\[fwd: )`)
	replyMark   = worded(`(?i)^(?:(?:re|fwd?|aw|wg|sv|antw|antwort|rv|tr|rif|res|enc|vs|vb|odp|ynt|ilt|vá|doorst|отв|回复|答复|回覆|返信|转发|轉寄|転送)(?:\[\d+\])?\s?[:：]\s*)+`)
	fwdBrackets = worded(`(?i)^\[fwd:\s*(.*)\]$`)
	// serverMark is what mail servers put before subjects.
	serverMark = worded(`(?i)^(?:\[(?:external|extern|ext|spam|suspected spam|bulk)\]|\*{2,5}(?:spam|external)\*{2,5})\s*:?\s*`)
	listMark   = worded(`^\[([^\[\]]{1,40})\]\s*`)
	halfWord   = worded(`=\?[^?\s]+\?[bBqQ]\?[^?]*(?:\?=?)?`)
)

// MaxTitle is the length of the longest title, in letters, where the flow sets
// no limit of its own.
const MaxTitle = 200

// title gives the subject without what programs put before it: marks of answers
// and of mail servers, and the [name] of a mailing list.
func (m *Message) title() string {
	subject := m.Subject()
	for {
		before := subject
		subject = serverMark.pattern().ReplaceAllString(subject, "")
		subject = replyMark.pattern().ReplaceAllString(subject, "")
		subject = fwdBrackets.pattern().ReplaceAllString(subject, "$1")
		if mark := listMark.pattern().FindStringSubmatch(subject); mark != nil && m.isListMark(mark[1], subject[len(mark[0]):]) {
			subject = subject[len(mark[0]):]
		}
		if subject == before {
			return strings.Join(strings.Fields(halfWord.pattern().ReplaceAllString(subject, "")), " ")
		}
	}
}

// isListMark tells the name of a mailing list from what an author has put into
// brackets: an answer's mark is beside it, or the mail is to an address so
// called.
func (m *Message) isListMark(name, rest string) bool {
	if replyMark.MatchString(rest) || replyMark.MatchString(m.Subject()) {
		return true
	}
	to := asciiLower(m.value("To") + " " + m.value("Cc"))
	return !strings.ContainsAny(name, "@ ") && strings.Contains(to, asciiLower(name)+"@")
}

// CutTitle shortens a title to at most most letters, between two words where
// there are any.
func CutTitle(title string, most int) string {
	letters := []rune(title)
	if most <= 0 || len(letters) <= most {
		return title
	}
	end := most
	for end > most/2 && !unicode.IsSpace(letters[end]) {
		end--
	}
	if !unicode.IsSpace(letters[end]) {
		end = most
	}
	return strings.TrimRightFunc(string(letters[:end]), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("-–—,:;|/", r) })
}

// splitSubject gives the title and the price of a readable subject.
func splitSubject(subject string) (title string, p price) {
	subject = strings.TrimSpace(replyMark.pattern().ReplaceAllString(subject, ""))
	start, end, p := findPrice(subject)
	if p.amount == "" {
		return subject, p
	}
	if title = withoutRange(subject, start, end); title == "" {
		return subject, p
	}
	return title, p
}

// price is an amount such as 40 or 12.50, "0" for what is given away, "" for
// none, and its currency: a code of ISO 4217 where the sign is one currency's,
// else the sign.
type price struct{ amount, currency string }

const (
	number  = `(\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,2})?)`
	round   = `(?:[.,][-–—]{1,2})` // of 40.- and 40,--
	signs   = `(?:US|CA|AU|NZ|HK|C|A|S|R)?\$|€|£|¥|₹|₺|₽|₩|₪|CHF|EUR|USD|GBP|CAD|AUD|NZD|JPY|INR|PLN|SEK|NOK|DKK|CZK|HUF|RON|BGN|TRY|SGD|HKD|ZAR|MXN|BRL|CNY|S?Fr\.|Rs\.|kr\.?`
	bargain = `(?:obo|o\.b\.o\.?|ono|vb|vhb|fp|ovno|negotiable|verhandelbar|festpreis|à débattre)`
	free    = `(?:free|for free|gratis|kostenlos|zu verschenken|gratuit|gratuitement|à donner|te geef|gratis af te halen|regalo|in regalo|se regala|skänkes|bortskänkes|gis bort|annetaan|za darmo|zdarma)`
)

// Words beside a number by which it is no price, or not the whole of one.
var (
	between     = anyOf(`to`, `till?`, `or`, `and`, `bis`, `oder`, `und`, `à`, `ou`, `a`, `o`, `tot`, `of`, `do`, `до`)
	multiples   = anyOf(`mio\.?`, `mi?ll?i[oó]e?n\pL*`, `mln\.?`, `mill?\.?`, `mrd\.?`, `billion\pL*`, `bn`, `thousand`, `hundred`, `tausend`, `tsd\.?`, `mille`, `mil`, `k`, `m`, `la(?:kh|c)s?`, `crores?`, `cr`)
	moneyItself = anyOf(`bills?`, `notes?`, `banknotes?`, `coins?`, `scheine?`, `münzen?`, `pièces?`, `billets?`)
)

// Words and some signs are a currency only behind a number: Euro 6, Audi RS 6.
// Each pattern has the number for its last group but for a currency behind it.
var (
	currencyFirst = worded(`(?i)(?P<currency>` + signs + `)\s?(?P<number>` + number + `)` + round + `?`)
	numberFirst   = worded(`(?i)(?P<number>` + number + `)` + round + `?\s?(?P<currency>euros?|dollars?|bucks|francs?|franken|S?Fr|zł|kč|(?-i:Ft)|lei|руб\.?|грн|元|円|` + signs + `)`)
	roundNumber   = worded(`(?P<number>` + number + `)` + round)
	bargainAfter  = worded(`(?i)(?P<number>` + number + `)\s(?:` + bargain + `)(?:[\s.,!)]|$)`)
	bargainBefore = worded(`(?i)(?:vb|vhb|fp|festpreis|preis|price|asking)[\s:]{1,3}(?P<number>` + number + `)\s*(?:[,!)]|$)`)

	givenAway   = worded(`(?i)(?:\s[-–—|]\s*|[,:;]\s*|[(\[]\s*|\s+for\s+)` + free + `\s*[)\]]?[!.]*$`)
	givenFirst  = worded(`(?i)^(?:` + free + `\s*[:!–—-]+\s+|[(\[]` + free + `[!]*[)\]]\s*)`)
	onlyFree    = worded(`(?i)^` + free + `[!.]*$`)
	codeOfSign  = map[string]string{"€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "us$": "USD", "ca$": "CAD", "c$": "CAD", "au$": "AUD", "a$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "r$": "BRL", "fr.": "CHF", "sfr.": "CHF", "fr": "CHF", "sfr": "CHF", "franken": "CHF", "₹": "INR", "rs.": "INR", "₺": "TRY", "₽": "RUB", "руб": "RUB", "руб.": "RUB", "₩": "KRW", "₪": "ILS", "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "грн": "UAH", "元": "CNY", "円": "JPY", "dollar": "$", "dollars": "$", "bucks": "$", "kr.": "kr"}
	isoCurrency = worded(`^[a-z]{3}$`)
)

// currencyOf gives the currency that a sign stands for.
func currencyOf(sign string) string {
	sign = strings.ToLower(sign)
	if code, known := codeOfSign[sign]; known {
		return code
	}
	if isoCurrency.MatchString(sign) {
		return strings.ToUpper(sign)
	}
	return sign
}

// findPrice gives the place of the one price in the subject, and the price.
// With two of them, or a range or a rate, there is none.
func findPrice(subject string) (start, end int, p price) {
	for _, given := range []*wording{givenAway, givenFirst} {
		if at := given.pattern().FindStringIndex(subject); at != nil {
			return at[0], at[1], price{amount: "0"}
		}
	}
	first := -1 // where the number begins
	for _, form := range []*wording{currencyFirst, numberFirst, roundNumber, bargainAfter, bargainBefore} {
		pattern := form.pattern()
		for _, at := range pattern.FindAllStringSubmatchIndex(subject, -1) {
			i, j := 2*pattern.SubexpIndex("number"), 2*max(pattern.SubexpIndex("currency"), 0)
			if form == bargainAfter || form == bargainBefore {
				at[0], at[1] = at[i], at[i+1] // the word stays in the title
			}
			if j > 0 && isLength(subject[at[i]:at[i+1]], subject[at[j]:at[j+1]]) || !standsAlone(subject[:at[0]], subject[at[1]:], at[0] == at[i]) {
				continue
			}
			if first >= 0 && first != at[i] {
				return 0, 0, price{}
			}
			if first < 0 {
				first, start, end = at[i], at[0], at[1]
				p.amount = amount(subject[at[i]:at[i+1]])
				if j > 0 {
					p.currency = currencyOf(subject[at[j]:at[j+1]])
				}
			}
		}
	}
	return start, end, p
}

var (
	touchesBefore = worded(`(?i)[\pL\pN.,'’/]$|\d\s*(?:[-–—]|\s` + between + `\s)\s*$`)
	digitsBefore  = worded(`\d[\s\x{a0}\x{202f}]$`)
	touchesAfter  = worded(`(?i)^(?:[\pL\pN/%]|[.,'’]\d|[\s\x{a0}\x{202f}]\d{3}(?:\D|$)|\s*[-–—]\s*[\d$€£]|\s?per\s|\s` + between + `\s+\D{0,4}\d|` +
		`[\s\x{a0}\x{202f}]?(?:` + multiples + `|` + moneyItself + `)(?:\P{L}|$))`)
)

// standsAlone tells whether what is around a price leaves it whole: no part of
// a longer number or word, of a range or of a rate.
func standsAlone(before, after string, startsWithNumber bool) bool {
	before, after = before[max(0, len(before)-60):], after[:min(len(after), 60)] // else a long subject costs its square
	if startsWithNumber && digitsBefore.MatchString(before) {
		return false // 1 200 €, or a 12 for 300 €
	}
	return !touchesBefore.MatchString(before) && !touchesAfter.MatchString(after)
}

// isLength tells feet from forints, of which a thing costs hundreds.
func isLength(number, sign string) bool { return sign == "Ft" && len(amount(number)) < 3 }

var decimals = worded(`[.,](\d{1,2})$`)

// amount writes a number with a decimal point and no other marks.
func amount(number string) string {
	cents := ""
	if m := decimals.pattern().FindStringSubmatch(number); m != nil {
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
	return number + "." + (cents + "0")[:2]
}

var (
	emptyBrackets = worded(`\(\s*\)|\[\s*\]`)
	leadingMark   = worded(`^[\s\-–—,:;|/]+`)
	trailingMark  = worded(`(?i)(?:[\s\-–—,:;|/]|\s[.!]|\s(?:for|für|only|nur|asking|price|preis|prix))+$`)
)

// withoutRange takes the price out of the subject, with the dash, comma or
// brackets that set it off.
func withoutRange(subject string, start, end int) string {
	before, after := subject[:start], subject[end:]
	title := emptyBrackets.pattern().ReplaceAllString(before+" "+after, " ")
	title = strings.Join(strings.Fields(title), " ")
	title = leadingMark.pattern().ReplaceAllString(title, "")
	title = trailingMark.pattern().ReplaceAllString(title, "")
	return doubledMark.pattern().ReplaceAllString(title, "$1")
}

// doubledMark is what stays in the middle of "Sofa - $40 - today".
var doubledMark = worded(`([-–—|,:;]\s)(?:[-–—|,:;]\s)+`)

// PriceFormats are the ways in which sites want prices written, each by an
// example; the first is the default.
var PriceFormats = []string{"1234.56", "1234,56", "1,234.56", "1.234,56", "1'234.56", "1 234,56"}

// formatPrice writes an amount as the example is written. A whole amount has no
// decimals.
func formatPrice(amount, example string) string {
	if !slices.Contains(PriceFormats, example) {
		return amount
	}
	whole, cents, _ := strings.Cut(amount, ".")
	mark := strings.Trim(example[:2], "0123456789")
	for i := len(whole) - 3; i > 0 && mark != ""; i -= 3 {
		whole = whole[:i] + mark + whole[i:]
	}
	if cents != "" {
		whole += example[len(example)-3:len(example)-2] + cents
	}
	return whole
}
