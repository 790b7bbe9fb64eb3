package filter

// Recipient patterns such as {person}_{app}@example.org. The placeholders stand
// for the known names and nothing else, so what a name is is never guessed, and
// a pattern by which one address could mean two people is a mistake.

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mailapp/filter/strictyaml"
)

// pattern is one recipient pattern, compiled.
type pattern struct {
	text   string
	pieces []string
	strict *regexp.Regexp // with the known names
	loose  *regexp.Regexp // with any name, to explain what does not match
}

func (p *pattern) has(placeholder string) bool {
	return p.strict != nil && p.strict.SubexpIndex(placeholder) > 0
}

// match gives the names in a recipient, which is in lower case.
func (p *pattern) match(recipient string) (person, app string, ok bool) {
	m := p.strict.FindStringSubmatch(recipient)
	if m == nil {
		return "", "", false
	}
	return group(p.strict, m, "person"), group(p.strict, m, "app"), true
}

func group(re *regexp.Regexp, match []string, name string) string {
	if i := re.SubexpIndex(name); i > 0 {
		return match[i]
	}
	return ""
}

// why says what a recipient lacks that does not match.
func (p *pattern) why(recipient string, s *Settings) string {
	m := p.loose.FindStringSubmatch(recipient)
	if m == nil {
		return "does not fit " + p.text
	}
	person, app := group(p.loose, m, "person"), group(p.loose, m, "app")
	if person != "" && s.Person(person) == nil {
		return "does not fit " + p.text + ": there is no person " + quote(person)
	}
	if app != "" && s.App(app) == nil {
		return "does not fit " + p.text + ": there is no app " + quote(app)
	}
	return "does not fit " + p.text
}

var patternPiece = worded(`\{[^{}]*\}|\*|[^{}*]+|[{}]`)

func (p *parser) recipients(n strictyaml.Node) condition {
	var c recipientCondition
	for _, item := range n.List() {
		c = append(c, p.pattern(item))
	}
	return c
}

// pattern reads one pattern.
func (p *parser) pattern(n strictyaml.Node) *pattern {
	text := n.Text()
	pieces := patternPiece.pattern().FindAllString(text, -1)
	if p.checkPieces(n, text, pieces) {
		if why := ambiguity(pieces, p.s.PersonNames(), p.s.appNames()); why != "" {
			n.Mistake("%s", why)
		}
	}
	return newPattern(text, pieces, p.s.PersonNames(), p.s.appNames())
}

// newPattern compiles a pattern for these names.
func newPattern(text string, pieces, people, apps []string) *pattern {
	names := map[string][]string{"{person}": people, "{app}": apps}
	strict, loose := "^", "^"
	for _, piece := range pieces {
		switch known, ok := names[piece]; {
		case piece == "*":
			strict, loose = strict+".*", loose+".*"
		case ok:
			name := strings.Trim(piece, "{}")
			strict += "(?P<" + name + ">" + alternation(known) + ")"
			loose += "(?P<" + name + ">[a-z0-9.-]+)"
			names[piece] = nil // given twice is a mistake noted already
		default:
			literal := regexp.QuoteMeta(literalPiece(piece))
			strict, loose = strict+literal, loose+literal
		}
	}
	result := &pattern{text: text, pieces: pieces}
	var err error
	if result.strict, err = regexp.Compile(strict + "$"); err != nil {
		return result // a mistake noted already
	}
	result.loose = regexp.MustCompile(loose + "$")
	return result
}

func alternation(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	if len(quoted) == 0 {
		return `[^\s\S]` // nobody
	}
	return strings.Join(quoted, "|")
}

// literalPiece spells a literal as recipients are spelled: in lower case, a
// whole domain in A-labels.
func literalPiece(piece string) string {
	before, domain, ok := strings.Cut(asciiLower(piece), "@")
	if !ok {
		return before
	}
	if normal, err := normalDomain(domain); err == nil {
		domain = normal
	}
	return before + "@" + domain
}

// checkPieces notes what makes no pattern at all.
func (p *parser) checkPieces(n strictyaml.Node, text string, pieces []string) bool {
	seen := map[string]bool{}
	for _, piece := range pieces {
		switch {
		case piece == "{" || piece == "}":
			n.Mistake("a brace of %q has no other", text)
			return false
		case strings.HasPrefix(piece, "{") && piece != "{person}" && piece != "{app}":
			n.Mistake("unknown placeholder %q%s", piece, strictyaml.DidYouMean(piece, []string{"{person}", "{app}"}))
			return false
		case strings.HasPrefix(piece, "{") && seen[piece]:
			n.Mistake("%s stands twice in %q", piece, text)
			return false
		case piece == "{app}" && len(p.s.Apps) == 0:
			n.Mistake("there are no apps for {app} to name")
		}
		seen[piece] = true
	}
	if strings.Count(text, "@") != 1 || strings.ContainsAny(text, " \t<>,;") {
		n.Mistake("a recipient is a whole address such as {person}_{app}@example.org, not %q", text)
		return false
	}
	return true
}

// ambiguity says why an address of this pattern could be read in two ways, ""
// if none could: no known name may hold what separates it from the next free
// piece.
func ambiguity(pieces, people, apps []string) string {
	names := map[string][]string{"{person}": people, "{app}": apps}
	isFree := func(piece string) bool { return piece == "*" || piece == "{person}" || piece == "{app}" }
	for i := range pieces {
		if i+1 < len(pieces) && isFree(pieces[i]) && isFree(pieces[i+1]) {
			return fmt.Sprintf("between %s and %s must stand a character such as _ that tells them apart", pieces[i], pieces[i+1])
		}
		if i+2 >= len(pieces) || !isFree(pieces[i]) || isFree(pieces[i+1]) || !isFree(pieces[i+2]) {
			continue
		}
		for _, name := range slices.Concat(names[pieces[i]], names[pieces[i+2]]) {
			if strings.Contains(name, pieces[i+1]) {
				return fmt.Sprintf("%q stands between %s and %s, but also in the name %q; use _", pieces[i+1], pieces[i], pieces[i+2], name)
			}
		}
	}
	return ""
}

// fill gives the one address of the pattern that names this person and app;
// false where it holds a *.
func (p *pattern) fill(person, app string) (string, bool) {
	var address strings.Builder
	for _, piece := range p.pieces {
		switch piece {
		case "*":
			return "", false
		case "{person}":
			address.WriteString(person)
		case "{app}":
			address.WriteString(app)
		default:
			address.WriteString(literalPiece(piece))
		}
	}
	return address.String(), true
}

// withoutExtension cuts the address extension off a recipient (RFC 5233 §4):
// the one that the mail server names, else what follows the last +. ok is false
// if there is none in the address.
func withoutExtension(recipient, extension string) (address, cut string, ok bool) {
	at := strings.LastIndexByte(recipient, '@')
	if at < 0 {
		return "", "", false
	}
	local, domain := recipient[:at], recipient[at:]
	start := len(local) - len(extension)
	if extension != "" && start > 1 && asciiLower(local[start:]) == asciiLower(extension) && strings.IndexByte("+-_=.#", local[start-1]) >= 0 {
		return local[:start-1] + domain, local[start:], true
	}
	plus := strings.LastIndexByte(local, '+')
	if plus < 1 || plus == len(local)-1 {
		return "", "", false
	}
	return local[:plus] + domain, local[plus+1:], true
}
