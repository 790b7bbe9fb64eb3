package filter

// People who have registered are kept by the caller, beside those of the
// settings, and are added to them before a message is decided on. Those of the
// settings come first: nobody registers over a name or address that the owner
// has given away.

import (
	"fmt"
	"slices"
	"strings"
)

// WithRegistered gives the settings with these people too. Until it was called,
// even with nobody, a recipient that names an unknown person leaves Decide
// undecided.
func (s *Settings) WithRegistered(people []*Person) *Settings {
	all := *s
	all.registered = true
	all.People = slices.Clone(s.People)
	taken := map[string]bool{}
	for _, p := range s.People {
		taken[p.Name] = true
		for _, a := range p.Addresses {
			taken[asciiLower(a)] = true
		}
	}
	for _, p := range people {
		address := asciiLower(p.Addresses[0])
		if !taken[p.Name] && !taken[address] && s.checkPatterns(p.Name) == nil {
			taken[p.Name], taken[address] = true, true
			all.People = append(all.People, p)
		}
	}
	all.Rules = make([]*Rule, len(s.Rules))
	for i, rule := range s.Rules {
		all.Rules[i] = rule.naming(all.PersonNames(), all.appNames())
	}
	return &all
}

// naming gives the rule with recipient patterns for these names.
func (r *Rule) naming(people, apps []string) *Rule {
	renamed := *r
	renamed.conditions = slices.Clone(r.conditions)
	for i, c := range renamed.conditions {
		patterns, ok := c.(recipientCondition)
		if !ok {
			continue
		}
		patterns = slices.Clone(patterns)
		for j, p := range patterns {
			patterns[j] = newPattern(p.text, p.pieces, people, apps)
		}
		renamed.conditions[i] = patterns
	}
	return &renamed
}

// patterns gives the recipient patterns of the rule.
func (r *Rule) patterns() []*pattern {
	var all []*pattern
	for _, c := range r.conditions {
		if patterns, ok := c.(recipientCondition); ok {
			all = append(all, patterns...)
		}
	}
	return all
}

// CheckPerson says why nobody can be added under this name with this address,
// or gives the address with its domain as lower-case A-labels.
func (s *Settings) CheckPerson(name, address string) (string, error) {
	if !ownName.MatchString(name) || len(name) > maxName {
		return "", fmt.Errorf("the name of a person is made of a-z, 0-9, . and -, and begins with a letter or digit; %q is not", name)
	}
	normal, err := normalAddress(address)
	if err != nil || !ownMailbox(normal) {
		return "", fmt.Errorf("%q is not a plain mail address", address)
	}
	if s.Person(name) != nil {
		return "", fmt.Errorf("there is a person %q already", name)
	}
	if p := s.PersonOf(normal); p != nil {
		return "", fmt.Errorf("%s is an address of %s already", address, p.Name)
	}
	return normal, s.checkPatterns(name)
}

// checkPatterns says by which rule an address with this name could be read in
// two ways, or would be one that another rule is for.
func (s *Settings) checkPatterns(name string) error {
	for _, rule := range s.Rules {
		for _, p := range rule.patterns() {
			if !p.has("person") {
				continue
			}
			if why := ambiguity(p.pieces, []string{name}, nil); why != "" {
				return fmt.Errorf("rule %q: recipient %s: %s", rule.Name, p.text, why)
			}
			own := newPattern(p.text, p.pieces, []string{name}, s.appNames())
			for _, literal := range s.literals() {
				if own.strict.MatchString(literal) {
					return fmt.Errorf("a rule has %s for itself", literal)
				}
			}
		}
	}
	return nil
}

// literals are the recipients that rules name in full.
func (s *Settings) literals() []string {
	var all []string
	for _, rule := range s.Rules {
		for _, p := range rule.patterns() {
			if address, ok := p.fill("", ""); ok && !p.has("person") && !p.has("app") {
				all = append(all, address)
			}
		}
	}
	return all
}

// ownMailbox tells whether an address is surely a mailbox of its domain. Mail
// servers that know the routing of old days send fred%a.example@example.org and
// a.example!fred@example.org elsewhere, and other letters than ASCII cannot be
// answered everywhere.
func ownMailbox(address string) bool {
	local, _ := splitAddress(address)
	return !strings.ContainsAny(local, "%!/|") && local[0] != '-' && !strings.ContainsFunc(local, func(r rune) bool { return r > '~' })
}

// PersonOf gives the person who has this address, nil if nobody has.
func (s *Settings) PersonOf(address string) *Person {
	for _, p := range s.People {
		if slices.ContainsFunc(p.Addresses, func(a string) bool { return asciiLower(a) == asciiLower(address) }) {
			return p
		}
	}
	return nil
}

// PostAddress is where a person mails to so as to post to an app.
type PostAddress struct{ App, Address string }

// PostAddresses gives, in the order of the rules, the addresses by which the
// person posts: the first that names each app.
func (s *Settings) PostAddresses(person string) []PostAddress {
	var found []PostAddress
	for _, rule := range s.Rules {
		for _, p := range rule.patterns() {
			if rule.Action != Post || !p.has("person") && rule.Person != person {
				continue
			}
			for _, app := range s.appsOf(rule, p) {
				known := slices.ContainsFunc(found, func(a PostAddress) bool { return a.App == app })
				if address, ok := p.fill(person, app); ok && !known {
					found = append(found, PostAddress{app, address})
				}
			}
		}
	}
	return found
}

// appsOf gives the apps that a rule posts to by this pattern.
func (s *Settings) appsOf(rule *Rule, p *pattern) []string {
	if p.has("app") {
		return s.appNames()
	}
	return []string{rule.App}
}
