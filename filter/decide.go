package filter

import (
	"regexp"
	"slices"
	"strings"

	"mailapp/filter/auth"
)

// Envelope is what the mail server says of a delivery. It is believed.
type Envelope struct {
	Sender      string // envelope sender, "" if null or unknown
	SenderKnown bool   // "" is the null sender (RFC 5321 §4.5.5)
	Recipient   string // envelope recipient with its extension, "" if unknown
	Extension   string // its address extension, "" if unknown; a part of Recipient or beside it
	SASLLogin   string // login of the submitter, "" if there is none
	MTA         string // postfix, exim, ...
	Untraced    bool   // no field of the header is surely a mail server's
}

// Shown is the recipient as it may be shown: an extension, which may be a
// secret that proves the sender, is left out (C29). It is what follows a +, what
// the mail server says, or what has the form of a secret. For qmail, which calls
// most of the address an extension, its word is not enough.
func (e Envelope) Shown() string {
	local, domain := splitAddress(e.Recipient)
	local, _, _ = strings.Cut(local, "+")
	if cut := len(local) - len(e.Extension) - 1; e.MTA != "qmail" && e.MTA != "courier" && e.Extension != "" && cut > 0 &&
		asciiLower(local[cut+1:]) == asciiLower(e.Extension) {
		local = local[:cut]
	}
	if len(local) > secretLength {
		local = secretForm.pattern().ReplaceAllString(local, "")
	}
	if domain == "" {
		return local
	}
	return local + "@" + domain
}

// secretLength is how long an address secret is.
const secretLength = 20

// secretForm is what an address secret looks like, behind any delimiter.
var secretForm = worded(`(?i)[-_=.#][a-z2-7]{20}$`)

// Action is what is to be done with a message.
type Action string

// The actions. The zero one fails safe: nothing is done until more is known.
const (
	Undecided Action = ""
	Post      Action = "post"
	Register  Action = "register"
	Reject    Action = "reject"
	Drop      Action = "drop"
	Keep      Action = "keep"
	Forward   Action = "forward"
	Hold      Action = "hold"
)

// Names that stand for a rule where none of the settings decided.
const (
	NoRule  = "no rule"  // none matched
	OwnMail = "own mail" // mailapp itself sent it (C18)
)

// unprovenReason tells an unproven sender nothing about people (C17).
const unprovenReason = "This address takes mail only from senders that can be verified."

// Verdict is what becomes of one message.
type Verdict struct {
	Action    Action
	Rule      string            // its name, NoRule or OwnMail
	RuleDef   *Rule             // nil for NoRule and OwnMail
	Reason    string            // public, of Reject only: a whole sentence
	Why       string            // for the owner: why the action is not the rule's own, "" if it is
	Person    string            // whom the post is for, known also while undecided on evidence
	App       string            // where the post goes, likewise
	Recipient string            // the envelope recipient as the rule took it: without extension, lower case; "" if no rule matched
	Extension string            // the part of the recipient that may be an address secret; never to be logged
	Fields    map[string]string // Post: what PostFields gives
	Cut       []Cut             // Post: what was cleaned out of the text
	Trace     []TraceStep
}

// TraceStep tells what one rule came to.
type TraceStep struct {
	Rule    string
	Line    int // in the settings file, 0 for what is no rule
	Matched bool
	Why     string // in words, what the mail chose is quoted
}

// Decide finds the first rule that matches. It is pure, and may be called with
// less than is needed: ev is nil while nobody has asked who the sender is, and
// m may be a mere header. Where the first match depends on what is not known,
// the Action is Undecided. Automatic mail is never posted nor answered (C18).
// The error is a [*Defect], or trouble in reading the body.
func (s *Settings) Decide(m *Message, e Envelope, ev *auth.Evidence) (Verdict, error) {
	d := decision{settings: s, facts: newFacts(s, m, e), evidence: ev}
	if m.OwnLoop() {
		d.trace(TraceStep{OwnMail, 0, true, "mailapp itself sent this message"})
		return d.end(Drop, OwnMail, "mailapp itself sent it"), nil
	}
	for _, rule := range s.Rules {
		found, why, err := d.try(rule)
		if err != nil {
			return Verdict{Trace: d.verdict.Trace}, err
		}
		d.trace(TraceStep{rule.Name, rule.Line, found == yes, why})
		if found == no {
			continue
		}
		d.verdict.RuleDef, d.verdict.Rule, d.verdict.Recipient = rule, rule.Name, d.facts.named.recipient
		if found == unknown {
			return d.verdict, nil
		}
		err = d.act(rule)
		return d.verdict, err
	}
	if why := d.automatic(); why != "" {
		return d.end(Drop, NoRule, "no rule matched, and "+why), nil
	}
	return d.end(Hold, NoRule, "no rule matched"), nil
}

// decision is one run of Decide.
type decision struct {
	settings *Settings
	facts    *facts
	evidence *auth.Evidence
	verdict  Verdict
}

func (d *decision) trace(step TraceStep) { d.verdict.Trace = append(d.verdict.Trace, step) }

// end sets an action, and the trace's last line where no rule stands for it.
func (d *decision) end(action Action, rule, why string) Verdict {
	d.verdict.Action, d.verdict.Rule, d.verdict.Why = action, rule, why
	if rule == NoRule {
		d.trace(TraceStep{NoRule, 0, true, why + ": " + string(action)})
	}
	return d.verdict
}

// try asks a rule's conditions in their order up to the first that fails. One
// that is not known leaves the rule open only if all others hold.
func (d *decision) try(rule *Rule) (answer, string, error) {
	d.facts.named = d.facts.unnamed()
	result := yes
	var whys []string
	for _, c := range rule.conditions {
		a, why, err := c.holds(d.facts)
		if err != nil {
			return no, "", err
		}
		whys = append(whys, why)
		if a == no {
			return no, why, nil
		}
		if a == unknown {
			result = unknown
		}
	}
	if len(whys) == 0 {
		return yes, "it has no conditions", nil
	}
	return result, strings.Join(whys, "; "), nil
}

// act does what the matching rule says, unless the mail is automatic.
func (d *decision) act(rule *Rule) error {
	v := &d.verdict
	why := d.automatic()
	switch {
	case why != "" && (rule.Action == Post || rule.Action == Reject || rule.Action == Register):
		v.Action, v.Why = Drop, "automatic mail is never posted nor answered: "+why
		d.explain(v.Why)
	case rule.Action == Post:
		return d.post(rule)
	case rule.Action == Register:
		return d.register(rule)
	default:
		v.Action, v.Reason = rule.Action, rule.Reason
	}
	return nil
}

// explain adds to the words of the rule that matched.
func (d *decision) explain(why string) {
	last := &d.verdict.Trace[len(d.verdict.Trace)-1]
	last.Why += "; but " + why
}

// post needs one author (C15), the proof that it is the person whom the address
// names (C16), and the body, in this order.
func (d *decision) post(rule *Rule) error {
	v, named := &d.verdict, d.facts.named
	v.Person, v.App, v.Extension = named.person, named.app, named.extension
	if rule.Person != "" {
		v.Person = rule.Person
	}
	if rule.App != "" {
		v.App = rule.App
	}
	if _, err := d.facts.m.Author(); err != nil {
		return d.noAuthor(err)
	}
	switch {
	case d.evidence == nil:
		return nil
	case !d.evidence.Proven():
		d.unproven("the sender is not proven")
		return nil
	case d.evidence.Person != v.Person:
		d.unproven("the proven sender is " + d.evidence.Person + " and not " + v.Person)
		return nil
	case !d.facts.m.HasBody():
		return nil
	}
	fields, cut, err := d.facts.m.PostFields(d.settings.App(v.App))
	if err != nil {
		return err
	}
	for name, text := range fields {
		fields[name] = v.WithoutSecret(text)
	}
	for i := range cut {
		cut[i].Text = v.WithoutSecret(cut[i].Text)
	}
	v.Action, v.Fields, v.Cut = Post, fields, cut
	return nil
}

// WithoutSecret takes the extension of the recipient out of a text of the mail,
// which quotes it where somebody has answered or forwarded: it may be a secret,
// and the text will be read by others (C29).
func (v Verdict) WithoutSecret(text string) string {
	if len(v.Extension) < leastSecret {
		return text
	}
	return regexp.MustCompile(`(?i)[-+_=.#]?`+regexp.QuoteMeta(v.Extension)).ReplaceAllString(text, "")
}

// leastSecret is the length of an address secret. Shorter extensions are words.
const leastSecret = 20

// register needs one author (C15) whom the rule invites. Nothing is proven by
// that; what follows is a question to that address.
func (d *decision) register(rule *Rule) error {
	author, err := d.facts.m.Author()
	if err != nil {
		return d.noAuthor(err)
	}
	_, domain := splitAddress(author)
	listed := slices.Contains(rule.Invite, asciiLower(author)) || slices.Contains(rule.Invite, "@"+domain)
	if !listed || !ownMailbox(author) {
		d.unproven("the author " + quote(author) + " is not invited")
		return nil
	}
	d.verdict.Action = Register
	return nil
}

// noAuthor says why a message has no author that could be proven: to who has
// logged in, or runs us by hand. Anybody else's envelope sender may be forged,
// and whoever that is should not get the bounce (C17).
func (d *decision) noAuthor(err error) error {
	if d.facts.e.SASLLogin != "" || !d.facts.e.SenderKnown {
		return err
	}
	d.unproven("nobody can be proven: " + err.Error())
	return nil
}

// unproven does what the settings say of mail whose sender is not the one it
// should be (C17).
func (d *decision) unproven(why string) {
	d.verdict.Action, d.verdict.Why = d.settings.Trust.Unproven, why
	if d.verdict.Action == Reject {
		d.verdict.Reason = unprovenReason
	}
	d.explain(why)
}

// automatic says why no person sent this mail, "" if one may have (C18).
func (d *decision) automatic() string {
	if why := d.facts.e.Automatic(); why != "" {
		return why
	}
	return d.facts.m.Automatic()
}
