package filter

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"mailapp/filter/strictyaml"
)

const (
	maxRuleName   = 80
	maxReason     = 300
	defaultReason = "This mail is not accepted here."
)

func (p *parser) rules(n strictyaml.Node) {
	if n.IsText() || n.IsMapping() {
		n.Mistake("here belongs a list of rules, each beginning with a dash")
		return
	}
	if n.IsSet() && len(n.List()) == 0 {
		n.Mistake("there are no rules; without one no mail is ever posted")
	}
	catchAll := ""
	var register strictyaml.Node
	for i, item := range n.List() {
		named := item.In("rule %d", i+1)
		if name := item.Peek("name"); name != "" {
			named = item.In("rule %q", shorten(name, maxRuleName))
		}
		rule, always := p.rule(named)
		if catchAll != "" {
			named.Mistake("it is never reached, because rule %q before it has no conditions", catchAll)
		}
		if rule.Name != "" && slices.ContainsFunc(p.s.Rules, func(r *Rule) bool { return r.Name == rule.Name }) {
			named.Mistake("there is another rule of that name")
		}
		if always && catchAll == "" {
			catchAll = rule.Name
		}
		p.s.Rules = append(p.s.Rules, rule)
		if rule.Action == Register {
			register = named
		}
	}
	posts := func(r *Rule) bool { person, _ := r.names("person"); return r.Action == Post && person }
	if register.IsSet() && !slices.ContainsFunc(p.s.Rules, posts) {
		register.Mistake("who registers could post nowhere: no rule posts to a recipient with {person}")
	}
}

// checkAnswers refuses to send receipts from an address that posts or registers:
// a robot that answers them would get an answer again.
func (p *parser) checkAnswers(root, receipts strictyaml.Node) {
	from := comparedAddress(p.s.Receipts.From)
	for _, rule := range p.s.Rules {
		fits := slices.ContainsFunc(rule.patterns(), func(p *pattern) bool { return p.strict != nil && p.strict.MatchString(from) })
		switch {
		case fits && (rule.Action == Post || rule.Action == Register):
			mistakeAt(receipts, root, "receipts come from %s, but rule %q is for what is mailed there, so it would take answers to receipts; set from: to another address", from, rule.Name)
			return
		case fits && len(rule.conditions) == 1:
			return // all of it ends there
		}
	}
}

// rule reads one rule and tells whether it has no conditions.
func (p *parser) rule(n strictyaml.Node) (rule *Rule, always bool) {
	keys := mapping(n, n, aRule)
	rule = &Rule{Name: line(keys["name"], maxRuleName), Line: n.Pos().Line}
	always = true
	for _, w := range conditions {
		if keys[w.key].IsSet() {
			always = false
			rule.conditions = append(rule.conditions, p.condition(w.key, keys[w.key]))
		}
	}
	rule.Action = Action(oneOf(keys["do"], "action", anAction, ""))
	if rule.Action != Undecided {
		p.action(n, rule, keys)
	}
	return rule, always
}

// action reads what the rule's action needs, and refuses what it does not use.
func (p *parser) action(n strictyaml.Node, rule *Rule, keys map[string]strictyaml.Node) {
	for _, w := range uses {
		if keys[w.key].IsSet() && !slices.Contains(usedBy[rule.Action], w.key) {
			keys[w.key].Mistake("%s is not used by %s", w.key, rule.Action)
		}
	}
	switch rule.Action {
	case Post:
		rule.Person = p.post(n, rule, keys["person"], "person", p.s.PersonNames())
		rule.App = p.post(n, rule, keys["app"], "app", p.s.appNames())
		rule.First = Action(oneOf(keys["first"], "treatment of a first post", firstPost, ""))
	case Register:
		rule.Invite = p.invite(n, keys["invite"])
	case Reject:
		rule.Reason = defaultReason
		if keys["reason"].IsSet() {
			rule.Reason = line(keys["reason"], maxReason)
		}
	case Keep:
		rule.Maildir, rule.Command = keys["maildir"].Text(), command(keys["command"])
		if countSet(keys["maildir"], keys["command"]) != 1 {
			n.Mistake("keep needs exactly one of maildir and command")
		}
	case Forward:
		for _, item := range keys["to"].List() {
			rule.To = append(rule.To, address(item))
		}
		if !keys["to"].IsSet() {
			n.Mistake("forward needs to: one or more addresses")
		}
	}
}

// post reads who, or where to, a rule posts: what is "person" or "app", and the
// recipient names it unless n does.
func (p *parser) post(rule strictyaml.Node, r *Rule, n strictyaml.Node, what string, known []string) string {
	byRecipient, always := r.names(what)
	switch {
	case n.IsSet() && byRecipient:
		n.Mistake("the recipient names the %s already by {%s}", what, what)
	case n.IsSet():
		return n.OneOf(what, known...)
	case !always:
		rule.Mistake("post needs {%s} in its recipient, or the key %s", what, what)
	}
	return ""
}

// names tells whether any, and whether every, recipient pattern of the rule has
// the placeholder.
func (r *Rule) names(placeholder string) (some, all bool) {
	for _, c := range r.conditions {
		patterns, ok := c.(recipientCondition)
		if !ok {
			continue
		}
		all = true
		for _, p := range patterns {
			some, all = some || p.has(placeholder), all && p.has(placeholder)
		}
	}
	return some, all
}

func (p *parser) condition(key string, n strictyaml.Node) condition {
	switch key {
	case "domains":
		return domains(n)
	case "recipient":
		return p.recipients(n)
	case "sender":
		return senders(n)
	case "subject":
		return subjectCondition{texts(n)}
	case "header":
		return headers(n)
	case "size":
		return size(n)
	}
	return photosCondition(n.Bool())
}

func domains(n strictyaml.Node) condition {
	var c domainsCondition
	for _, item := range n.List() {
		domain, err := normalDomain(item.Text())
		if err != nil && item.IsText() {
			item.Mistake("here belongs a domain such as example.org, not %q", item.Text())
		}
		c = append(c, domain)
	}
	return c
}

// senders reads addresses, @domains and <>.
func senders(n strictyaml.Node) condition {
	var c senderCondition
	for _, item := range n.List() {
		if item.Text() == "<>" {
			c = append(c, "")
		} else {
			c = append(c, addressOrDomain(item))
		}
	}
	return c
}

// invite reads who may register.
func (p *parser) invite(rule, n strictyaml.Node) []string {
	var invited []string
	for _, item := range n.List() {
		invited = append(invited, addressOrDomain(item))
	}
	if !n.IsSet() {
		rule.Mistake("register needs invite: the addresses, or @domains, that may register")
	}
	return invited
}

// addressOrDomain reads an address, or all of a domain written as @domain.
func addressOrDomain(n strictyaml.Node) string {
	domain, isDomain := strings.CutPrefix(n.Text(), "@")
	if !isDomain {
		return asciiLower(address(n))
	}
	normal, err := normalDomain(domain)
	if err != nil {
		n.Mistake("here belongs @ and a domain such as @example.org, not %q", n.Text())
	}
	return "@" + normal
}

var sizeWords = worded(`^(over|under)\s+(\S.*)$`)

func size(n strictyaml.Node) condition {
	words := sizeWords.pattern().FindStringSubmatch(n.Text())
	if words == nil {
		if n.IsText() {
			n.Mistake("here belongs a size such as over 10M or under 800k, not %q", n.Text())
		}
		return sizeCondition{}
	}
	bytes, ok := strictyaml.ParseSize(words[2])
	if !ok {
		n.Mistake("%q is not a size such as 800k or 10M", words[2])
	}
	return sizeCondition{over: words[1] == "over", bytes: bytes, text: n.Text()}
}

func headers(n strictyaml.Node) condition {
	var c headerCondition
	for _, e := range n.Entries() {
		if !isFieldName([]byte(e.Key)) || strings.ContainsAny(e.Key, ": \t") {
			e.Name.Mistake("%q is not the name of a header field", e.Key)
		}
		field := fieldCondition{name: e.Key}
		switch {
		case !e.Value.IsSet():
			e.Name.Mistake("field %q needs present, absent, a text or a /pattern/", e.Key)
		case e.Value.IsText() && e.Value.Text() == "present":
			field.want = wantPresent
		case e.Value.IsText() && e.Value.Text() == "absent":
			field.want = wantAbsent
		default:
			field.texts = texts(e.Value)
		}
		c = append(c, field)
	}
	if n.IsMapping() && len(c) == 0 {
		n.Mistake("header names no field, so the rule would always match")
	}
	return c
}

// texts reads whole texts and /patterns/ that header values are compared with.
func texts(n strictyaml.Node) textList {
	list := textList{whole: map[string]bool{}}
	for _, item := range n.List() {
		text := item.Text()
		list.count++
		switch isPattern := strings.HasPrefix(text, "/"); {
		case isPattern && (len(text) < 3 || !strings.HasSuffix(text, "/")):
			item.Mistake("a pattern stands between two slashes, as in /cheap .* watches/")
		case isPattern:
			re, err := regexp.Compile("(?i)" + norm.NFC.String(text[1:len(text)-1]))
			if err != nil {
				item.Mistake("the pattern is not RE2: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
				continue
			}
			list.patterns = append(list.patterns, re)
		default:
			list.whole[fold(text)] = true
		}
	}
	return list
}
