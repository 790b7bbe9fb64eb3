package filter

// C15: a message has one author. What counts is judged on the raw bytes of the
// From field, before any RFC 2047 decoding, and whatever a reader's mail
// program could show as another author is refused. net/mail's strict parser
// has the last word on syntax; what it is lenient with (groups of one, several
// fields, quoted @) is refused before it is asked.

import (
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"mailapp/filter/auth"
)

// Author gives the one author's address, its domain as lower-case A-labels.
// The error is a [*Defect] that says why there is none.
func (m *Message) Author() (string, error) {
	value, err := m.fromField()
	if err != nil {
		return "", err
	}
	if err := checkMailbox(value); err != nil {
		return "", err
	}
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: anyCharset}}
	parsed, err := parser.Parse(value)
	if err != nil {
		return "", forbidden("The From field of the message is not one plain mail address.")
	}
	address, err := normalAddress(parsed.Address)
	if err != nil {
		return "", forbidden("The address in the From field is not one that can be answered.")
	}
	if showsAnother(value, parsed.Address) {
		return "", forbidden("The From field shows another address than the one that the message is from.")
	}
	return address, nil
}

// anyCharset lets net/mail read past words in charsets that it does not know:
// only the address is of interest.
func anyCharset(_ string, r io.Reader) (io.Reader, error) { return r, nil }

// forbidden is a defect of who wrote the message: it is refused, not unpostable.
func forbidden(format string, args ...any) error {
	return &Defect{Text: fmt.Sprintf(format, args...), Forbidden: true}
}

// fromField gives the unfolded value of the only From field.
func (m *Message) fromField() (string, error) {
	var from []auth.Field
	for _, f := range m.fields {
		if strings.EqualFold(strings.TrimRight(f.Name, " \t"), "From") {
			from = append(from, f)
		}
	}
	switch {
	case len(from) == 0:
		return "", forbidden("The message has no From field.")
	case len(from) > 1:
		return "", forbidden("The message has %d From fields; it must have exactly one.", len(from))
	case len(from[0].Name) != len("From"):
		return "", forbidden("The From field of the message has a blank before its colon.")
	}
	value := unfold(from[0].Value)
	for _, b := range []byte(value) {
		if b < ' ' && b != '\t' || b == 0x7f {
			return "", forbidden("The From field of the message contains a control character.")
		}
	}
	if !utf8.ValidString(value) {
		return "", forbidden("The From field of the message is neither ASCII nor UTF-8.")
	}
	return strings.TrimSpace(value), nil
}

// checkMailbox refuses what is more or other than one mailbox: a list, a group
// (RFC 5322 §3.4), a source route (§4.4).
func checkMailbox(value string) error {
	quoted, comments, angles := false, 0, 0
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && (quoted || comments > 0):
			i++
		case c == '"' && comments == 0:
			quoted = !quoted
		case quoted:
		case c == '(':
			comments++
		case c == ')' && comments > 0:
			comments--
		case comments > 0:
		case c == ',':
			return forbidden("The From field of the message names more than one address.")
		case c == ':' || c == ';':
			return forbidden("The From field of the message names a group, not one address.")
		case c == '<':
			if angles++; angles > 1 {
				return forbidden("The From field of the message names more than one address.")
			}
		}
	}
	if quoted || comments > 0 {
		return forbidden("The From field of the message has a quote or a parenthesis that does not end.")
	}
	return nil
}

// addressLike is what people take for an address when they see it.
var addressLike = worded(`[^\s<>()\[\]",;:@]+@[^\s<>()\[\]",;:@]+\.[^\s<>()\[\]",;:@]+`)

// lookalikes are the full stops that NFKC leaves alone, and the quoting that is
// not shown.
var lookalikes = strings.NewReplacer("\u3002", ".", "\u2024", ".", `\`, "")

// showsAnother tells whether the field shows, once decoded, anything like an
// address that is not the real one.
func showsAnother(value, real string) bool {
	shown := norm.NFKC.String(lookalikes.Replace(removeInvisible(decodeWords(value))))
	for _, found := range addressLike.pattern().FindAllString(shown, -1) {
		if !strings.EqualFold(strings.Trim(found, ".'"), real) {
			return true
		}
	}
	return false
}

// normalAddress checks a bare address and gives it with its domain as
// lower-case A-labels (RFC 5890). The local part is left as it is written. Only
// local parts that need no quotes are taken: no other is in use, and the quoted
// ones exist to deceive. A domain literal is no address of a person.
func normalAddress(address string) (string, error) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "", errAddress
	}
	local, domain := address[:at], address[at+1:]
	if !isDotAtom(local) || strings.Contains(local, "=?") || len(local) > 64 {
		return "", errAddress
	}
	domain, err := normalDomain(domain)
	if err != nil {
		return "", err
	}
	return local + "@" + domain, nil
}

var errAddress = &Defect{Text: "This is not a plain mail address."}

// isDotAtom tells whether a local part is RFC 5322's dot-atom, with RFC 6532's
// letters. A pattern of all letters would take longer to compile than most mails
// take to decide.
func isDotAtom(local string) bool {
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, isNoAtext) {
			return false
		}
	}
	return true
}

func isNoAtext(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

// normalDomain gives a domain as lower-case A-labels. A domain that only
// becomes one by replacing characters (full-width letters, say) is refused: two
// programs may disagree on what it becomes.
func normalDomain(domain string) (string, error) {
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || ascii == "" || len(ascii) > 253 || strings.HasSuffix(ascii, ".") {
		return "", errAddress
	}
	if strings.EqualFold(ascii, domain) {
		return strings.ToLower(ascii), nil
	}
	back, err := idna.Lookup.ToUnicode(ascii)
	if err != nil || back != strings.ToLower(norm.NFC.String(domain)) {
		return "", errAddress
	}
	return ascii, nil
}
