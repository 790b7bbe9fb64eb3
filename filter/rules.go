package filter

// Conditions of rules. Each tells of a message and its envelope yes, no, or
// unknown where it is about something that is not at hand, and says so in words
// for the trace.

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// answer is what a condition comes to. The zero answer matches nothing.
type answer int

const (
	no answer = iota
	yes
	unknown
)

// condition is one condition of a rule. Only reading the body can fail.
type condition interface {
	holds(f *facts) (answer, string, error)
}

// said is an answer that is yes if ok, and its words.
func said(ok bool, format string, args ...any) (answer, string, error) {
	a := no
	if ok {
		a = yes
	}
	return a, fmt.Sprintf(format, args...), nil
}

// quote shows what a mail chose: quoted, and cut.
func quote(text string) string { return strconv.Quote(shorten(text, 60)) }

// facts is what conditions are about, worked out when first asked for.
type facts struct {
	settings  *Settings
	m         *Message
	e         Envelope
	recipient string // lower case, A-labels
	sender    string // lower case, A-labels; "" if null or unknown
	named     naming // by the recipient, for the rule at hand

	subjects []folded
	author   *string
}

// naming is what the recipient of a message names: recipient is the part that
// does so, without the extension.
type naming struct{ person, app, recipient, extension string }

// folded is a header value in the two forms that patterns are tried on: "ß" is
// "ss" only in the folded one.
type folded struct{ folded, clean string }

func foldAll(raw []string) []folded {
	values := make([]folded, len(raw))
	for i, v := range raw {
		clean := comparable(v)
		values[i] = folded{foldText(clean), clean}
	}
	return values
}

func newFacts(s *Settings, m *Message, e Envelope) *facts {
	return &facts{settings: s, m: m, e: e, recipient: comparedAddress(e.Recipient), sender: comparedAddress(e.Sender)}
}

// comparedAddress spells an envelope address as it is compared. What is no
// address stays what it is, in lower case.
func comparedAddress(address string) string {
	address = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(address), "<"), ">")
	local, domain := splitAddress(address)
	if normal, err := normalDomain(domain); err == nil {
		return asciiLower(local) + "@" + normal
	}
	return asciiLower(address)
}

// splitAddress splits at the last @; the domain is "" if there is none.
func splitAddress(address string) (local, domain string) {
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		return address[:at], address[at+1:]
	}
	return address, ""
}

// foldedSubjects gives every Subject field; a message without one has an empty
// one.
func (f *facts) foldedSubjects() []folded {
	if f.subjects == nil {
		raw := f.m.values("Subject")
		if len(raw) == 0 {
			raw = []string{""}
		}
		f.subjects = foldAll(raw)
	}
	return f.subjects
}

// from gives the author's address in lower case, "" if there is no acceptable
// one.
func (f *facts) from() string {
	if f.author == nil {
		author, err := f.m.Author()
		if err != nil {
			author = ""
		}
		author = asciiLower(author)
		f.author = &author
	}
	return *f.author
}

// textList is a list of whole texts and patterns.
type textList struct {
	whole    map[string]bool
	patterns []*regexp.Regexp
	count    int
}

// find tells whether any of values is in the list, and which text or pattern it
// is.
func (l textList) find(values []folded) (string, bool) {
	for _, v := range values {
		if l.whole[v.folded] {
			return "the text " + quote(v.folded), true
		}
		for _, re := range l.patterns {
			if re.MatchString(v.folded) || v.clean != v.folded && re.MatchString(v.clean) {
				return "/" + strings.TrimPrefix(re.String(), "(?i)") + "/", true
			}
		}
	}
	return "", false
}

// among says how many there are to choose from.
func (l textList) among() string {
	if l.count == 1 {
		return "not the one given"
	}
	return fmt.Sprintf("none of %d", l.count)
}

type subjectCondition struct{ textList }

func (c subjectCondition) holds(f *facts) (answer, string, error) {
	subjects := f.foldedSubjects()
	if found, ok := c.find(subjects); ok {
		return said(true, "subject %s is %s", quote(subjects[0].clean), found)
	}
	return said(false, "subject %s is %s", quote(subjects[0].clean), c.among())
}

type domainsCondition []string

func (c domainsCondition) holds(f *facts) (answer, string, error) {
	_, domain := splitAddress(f.recipient)
	ok := domain != "" && slices.Contains(c, domain)
	if domain == "" {
		return said(false, "the recipient's domain is not known")
	}
	return said(ok, "recipient domain %s is %s", quote(domain), orNot(ok, "one of "+strings.Join(c, ", ")))
}

func orNot(ok bool, what string) string {
	if ok {
		return what
	}
	return "not " + what
}

type recipientCondition []*pattern

func (c recipientCondition) holds(f *facts) (answer, string, error) {
	if f.recipient == "" {
		return said(false, "the envelope recipient is not known")
	}
	for _, p := range c {
		if named, ok := f.name(p); ok {
			f.named = named
			return said(true, "recipient %s fits %s", quote(f.shownRecipient()), p.text)
		}
	}
	if name := f.stranger(c); name != "" && !f.settings.registered {
		return unknown, "whether there is a person " + quote(name) + " is not known yet", nil
	}
	return said(false, "recipient %s %s", quote(f.shownRecipient()), f.misfit(c[0]))
}

// stranger gives the name where only a person of that name is missing for the
// recipient to fit, "" otherwise.
func (f *facts) stranger(c recipientCondition) string {
	for _, p := range c {
		for _, way := range f.cuts() {
			m := p.loose.FindStringSubmatch(way.recipient)
			if m == nil || !p.has("person") || p.has("app") && f.settings.App(group(p.loose, m, "app")) == nil {
				continue
			}
			return group(p.loose, m, "person")
		}
	}
	return ""
}

// misfit says why the recipient does not fit.
func (f *facts) misfit(p *pattern) string {
	for _, c := range f.cuts()[1:] {
		if p.loose.MatchString(c.recipient) {
			return p.why(c.recipient, f.settings)
		}
	}
	return p.why(f.recipient, f.settings)
}

// shownRecipient is the recipient without what may be a secret in it (C29).
func (f *facts) shownRecipient() string {
	if f.named != (naming{}) && f.named.extension == "" {
		return f.recipient
	}
	shown := Envelope{Recipient: f.recipient, Extension: f.e.Extension, MTA: f.e.MTA}.Shown()
	if shown == f.recipient {
		return shown
	}
	local, domain := splitAddress(shown)
	return f.recipient[:len(local)+1] + "…@" + domain
}

// cut is one way to take the recipient: what is left, and the extension that
// was cut off.
type cut struct{ recipient, extension string }

// cuts are the ways, in the order in which they are tried: whole, without the
// extension that the mail server names, and without what follows the last +.
func (f *facts) cuts() []cut {
	all := []cut{{f.recipient, ""}}
	for _, extension := range []string{f.e.Extension, ""} {
		base, ext, ok := withoutExtension(f.recipient, extension)
		if c := (cut{base, ext}); ok && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// unnamed is what a recipient names that no pattern looked at.
func (f *facts) unnamed() naming {
	if all := f.cuts(); len(all) > 1 {
		return naming{recipient: all[1].recipient, extension: all[1].extension}
	}
	return naming{recipient: f.recipient, extension: f.e.Extension}
}

// name matches the recipient in each way. The extension is one only where the
// pattern did not need it to name somebody: the shortest recipient that names
// the same counts.
func (f *facts) name(p *pattern) (found naming, ok bool) {
	for _, c := range f.cuts() {
		person, app, fits := p.match(c.recipient)
		if fits && (!ok || person == found.person && app == found.app) {
			found, ok = naming{person, app, c.recipient, c.extension}, true
		}
	}
	if ok && found.extension == "" && found.recipient == f.recipient && len(f.cuts()) == 1 {
		found.extension = f.e.Extension // beside the recipient, not in it
	}
	return found, ok
}

// senderCondition lists addresses, @domains and "" for the null sender.
type senderCondition []string

func (c senderCondition) holds(f *facts) (answer, string, error) {
	if slices.Contains(c, "") && f.e.SenderKnown && f.sender == "" {
		return said(true, "the envelope sender is null")
	}
	for _, sender := range []string{f.sender, f.from()} {
		_, domain := splitAddress(sender)
		if sender != "" && slices.Contains(c, sender) || domain != "" && slices.Contains(c, "@"+domain) {
			return said(true, "sender %s is listed", quote(sender))
		}
	}
	return said(false, "neither envelope sender %s nor author %s is listed", quote(f.sender), quote(f.from()))
}

type sizeCondition struct {
	over  bool
	bytes int64
	text  string
}

func (c sizeCondition) holds(f *facts) (answer, string, error) {
	size := f.m.Size()
	if size < 0 {
		return unknown, "the size is not known yet", nil
	}
	ok := c.over && size > c.bytes || !c.over && size < c.bytes
	return said(ok, "size %d is %s", size, orNot(ok, c.text))
}

// headerCondition lists fields that must all be as wanted.
type headerCondition []fieldCondition

type want int

const (
	wantText want = iota
	wantPresent
	wantAbsent
)

type fieldCondition struct {
	name  string
	want  want
	texts textList
}

func (c headerCondition) holds(f *facts) (answer, string, error) {
	var whys []string
	for _, field := range c {
		ok, why := field.holds(f.m)
		if !ok {
			return said(false, "%s", why)
		}
		whys = append(whys, why)
	}
	return said(true, "%s", strings.Join(whys, ", "))
}

func (c fieldCondition) holds(m *Message) (bool, string) {
	values := m.values(c.name)
	switch {
	case c.want == wantPresent && len(values) > 0:
		return true, "field " + c.name + " is there"
	case len(values) == 0:
		return c.want == wantAbsent, "field " + c.name + " is not there"
	case c.want == wantAbsent:
		return false, "field " + c.name + " is there"
	}
	all := foldAll(values)
	if found, ok := c.texts.find(all); ok {
		return true, "field " + c.name + " is " + found
	}
	return false, "field " + c.name + " is " + c.texts.among()
}

type photosCondition bool

func (c photosCondition) holds(f *facts) (answer, string, error) {
	if !f.m.HasBody() {
		return unknown, "whether there are photos is not known yet", nil
	}
	content, err := f.m.Content()
	if err != nil {
		return no, "", err
	}
	return said(len(content.Photos) > 0 == bool(c), "the message has %d photos", len(content.Photos))
}
