package filter

import (
	"slices"
	"strings"

	"mailapp/filter/auth"
	"mailapp/filter/strictyaml"
)

// The keys of rules.yaml: what each takes and what it means, in one place. The
// parser reads by these tables, and the schema is made from them.

// shape is what may stand behind a key. Those in objects are mappings with the
// keys given there.
type shape string

const (
	anAddress    shape = "address"
	addresses    shape = "addresses"
	anInvitation shape = "invitation" // addresses, and @domains
	senderList   shape = "senders"    // the same, and <>
	someDomains  shape = "domains"
	someHeaders  shape = "headers"
	aHost        shape = "host"
	aServer      shape = "server"
	aPath        shape = "path"
	aProgram     shape = "program"
	aSize        shape = "size"
	aSizeLimit   shape = "size-limit"
	aTime        shape = "time"
	aCount       shape = "count"
	aName        shape = "name"
	aSentence    shape = "sentence"
	aText        shape = "text"
	someTexts    shape = "texts"
	someProofs   shape = "proofs"
	someMailbox  shape = "recipients"
	aWebAddress  shape = "web-address"
	aDatabase    shape = "database"
	anEntrance   shape = "entrance"
	aFew         shape = "few"
	thePace      shape = "pace"
	trueOrFalse  shape = "yes"
	thePeople    shape = "people"
	theApps      shape = "apps"
	theRules     shape = "rules"
	theWith      shape = "with"
	theFields    shape = "fields"
	theClean     shape = "clean"
	aPriceFormat shape = "price-format"

	anMTA     shape = "mta"
	aRefusal  shape = "refusal"
	unproven  shape = "unproven"
	aProof    shape = "proof"
	anAction  shape = "action"
	firstPost shape = "first"

	theSettings shape = "settings"
	theReceipts shape = "receipts"
	theBrowser  shape = "browser"
	theTrust    shape = "trust"
	aPerson     shape = "person"
	anApp       shape = "app"
	aSecret     shape = "secret"
	aRule       shape = "rule"
)

// enumerations are the shapes that are one of a few words.
var enumerations = map[shape][]string{
	anMTA:     {"postfix", "exim", "opensmtpd", "qmail", "courier", "sendmail", "dovecot"},
	aRefusal:  {string(ByBounce), string(ByMail)},
	unproven:  {string(Hold), string(Drop), string(Reject)},
	aProof:    {string(auth.SASL), string(auth.AuthenticationResults), string(auth.AddressSecret), string(auth.DKIM)},
	anAction:  {string(Post), string(Register), string(Reject), string(Drop), string(Keep), string(Forward), string(Hold)},
	firstPost: {string(Hold)},

	aPriceFormat: PriceFormats,
}

// mayBeEmpty are the shapes of what may be there and hold nothing, because all
// of it is a comment, say.
var mayBeEmpty = []shape{theReceipts, theBrowser, theTrust, thePeople, theApps, theWith, theFields, theClean}

// keyWord is a key of one of the mappings.
type keyWord struct {
	key    string
	takes  shape
	needed bool
	help   string
}

// meaning says behind a colon what the key is for, or which words it takes.
func (w keyWord) meaning() string {
	if words := enumerations[w.takes]; len(words) > 1 {
		last := len(words) - 1
		return strings.Join(words[:last], ", ") + " or " + words[last]
	}
	return strings.ToLower(w.help[:1]) + strings.TrimSuffix(w.help[1:], ".")
}

// objects are the mappings whose keys are given.
var objects = map[shape][]keyWord{
	theSettings: {
		{"owner", anAddress, true, "The address of whoever runs mailapp, for its notices."},
		{"mta", anMTA, false, "The mail server that hands messages over; found out at each delivery unless it is given."},
		{"state", aPath, false, "Where the ledger, the log and held messages are kept, instead of the user's own state directory."},
		{"ledger", aDatabase, false, "The URL of a PostgreSQL database for the ledger, where several hosts share the work; a file in the state directory unless this is given."},
		{"ledger-password", aSecret, false, "The password of that database."},
		{"allow-root", trueOrFalse, false, "Handle messages even as root, for whom Chromium has no sandbox; false unless this is given."},
		{"deadline", aTime, false, "How long one message may take, at most 15m; 4m unless this is given."},
		{"give-up", aTime, false, "For how long a job that fails is tried again before it is held and its sender told, at least 1h; 72h unless this is given."},
		{"size-limit", aSizeLimit, false, "The largest message that is taken; 50M unless this is given."},
		{"refusals", aRefusal, false, "How a proven sender learns of a refusal: by a bounce of the mail server, the default, or by a mail of our own."},
		{"receipts", theReceipts, false, "From whom and by what way receipts and notices leave; of sendmail, smtp and maildir there may be one."},
		{"browser", theBrowser, false, "The Chromium that is run, or the address of one elsewhere."},
		{"trust", theTrust, false, "What proves who sent a message. A From line alone never does."},
		{"people", thePeople, false, "The people who may post, by name."},
		{"apps", theApps, false, "The sites to post to, each with the account to post as, by name."},
		{"rules", theRules, true, "What becomes of messages: the first rule whose conditions all hold decides. Without one no mail is ever posted."},
	},
	theReceipts: {
		{"from", anAddress, false, "The From address of receipts and notices; the owner's unless this is given."},
		{"sendmail", aPath, false, "A program to hand them to, called with -i -f and recipients; /usr/sbin/sendmail unless another way is given."},
		{"smtp", aServer, false, "A mail server to hand them to, as host:port, without a login."},
		{"maildir", aPath, false, "A Maildir to put them into, for trying things out."},
	},
	theBrowser: {
		{"url", anEntrance, false, "The address of one elsewhere, ws://, wss://, http:// or https://, in place of a program; or, as it may hold a token, where it is kept: a file, env or command."},
		{"path", aPath, false, "The program; looked for unless this is given."},
		{"sandbox", trueOrFalse, false, "Whether it runs in its own sandbox; true unless this is given."},
		{"most", aFew, false, "How many may run at once on this host; as many as it has room for unless this is given."},
	},
	theTrust: {
		{"authserv-id", aHost, false, "Our own mail server's name in the Authentication-Results that it writes. Without it no such field is believed."},
		{"received-by", aHost, false, "Its name in the Received fields that it writes, where these tell the login. Without it no such field is believed."},
		{"unproven", unproven, false, "What becomes of a message to an app whose sender is not proven; hold unless this is given."},
	},
	aPerson: {
		{"addresses", addresses, true, "The addresses that this person mails from; without one nothing can be proven."},
		{"logins", someTexts, false, "Logins at our own mail server, as it hands them over."},
		{"accept", someProofs, false, "The proofs that count; all unless this is given."},
		{"secret", aSecret, false, "The key of the addresses that mailapp address makes, at least 16 letters."},
	},
	anApp: {
		{"flow", aPath, true, "The file that says what to do on the site, or a recording; see mailapp-flow(5)."},
		{"url", aWebAddress, true, "The address of the site, for {{site}} in the flow."},
		{"account", aText, false, "The account to post as, for {{account}} in the flow."},
		{"password", aSecret, false, "Its password, for {{password}} in the flow."},
		{"keep-session", trueOrFalse, false, "Keep the account's cookies from one mail to the next, so that it need not log in each time."},
		{"images", trueOrFalse, false, "Whether the browser loads the site's pictures, video and sound; true unless this is given."},
		{"pace", thePace, false, "How often the account may publish; messages above that wait."},
		{"with", theWith, false, "What else the flow asks for: its parameters."},
		{"fields", theFields, false, "What a message may set by a line key: value at the head of its text."},
		{"price-format", aPriceFormat, false, "How the site wants prices written, by an example."},
		{"clean", theClean, false, "Rules that cut something from the text, switched off by false."},
	},
	theClean: {
		{cleanEnd, trueOrFalse, false, "What stands behind a line [end]."},
		{cleanSignature, trueOrFalse, false, "What stands behind a line of two hyphens and a blank."},
		{cleanSentFrom, trueOrFalse, false, "Lines such as Sent from my iPhone."},
		{cleanQuotes, trueOrFalse, false, "The mail that is answered, below or above the answer."},
		{cleanForwarded, trueOrFalse, false, "The header of a mail that is passed on."},
		{cleanListFooter, trueOrFalse, false, "What a mailing list adds at the end."},
		{cleanDisclaimer, trueOrFalse, false, "What a company's mail server adds at the end."},
	},
	thePace: {
		{"every", aTime, false, "The least time from one ad to the next."},
		{"per-day", aCount, false, "The most ads within 24 hours."},
		{"same-title", aTime, false, "The least time between two ads with the same title."},
	},
	aSecret: {
		{"file", aPath, false, "A file that only its owner can read."},
		{"env", aName, false, "The name of an environment variable."},
		{"command", aProgram, false, "A program and its arguments, which prints the secret; no shell sees it."},
	},
	aRule: slices.Concat([]keyWord{
		{"name", aSentence, true, "What the log and receipts call the rule."},
		{"do", anAction, true, "What to do with the message."},
	}, conditions, uses),
}

// conditions in the order in which they are tried: what the envelope and the
// header show first, what needs the body last.
var conditions = []keyWord{
	{"domains", someDomains, false, "Domains of the recipient."},
	{"recipient", someMailbox, false, "The recipient: an address in which {person} and {app} stand for the names above and * for anything; tried with its +extension and without."},
	{"sender", senderList, false, "The envelope sender or the author: addresses, @domains, or <> for mail that no one answers."},
	{"subject", someTexts, false, "A whole subject, or a /pattern/ (RE2); case never counts."},
	{"header", someHeaders, false, "Header fields by name, all of which must be as said: present, absent, a whole value or a /pattern/."},
	{"size", aSize, false, "The size of the message, as in over 10M or under 800k."},
	{"photos", trueOrFalse, false, "Whether there are photos."},
}

// uses are the keys that actions use beside the conditions; see usedBy.
var uses = []keyWord{
	{"person", aName, false, "Of post: who posts, where the recipient does not name the person."},
	{"app", aName, false, "Of post: where to, where the recipient does not name the app."},
	{"first", firstPost, false, "Of post: hold a person's first post until the owner, or a reply of that person, releases it."},
	{"invite", anInvitation, false, "Of register: the addresses, or @domains, that may register."},
	{"reason", aSentence, false, "Of reject: what the sender reads, a whole sentence."},
	{"maildir", aPath, false, "Of keep: the Maildir that it is delivered to."},
	{"command", aProgram, false, "Of keep: the program, with its arguments, that it is handed to."},
	{"to", addresses, false, "Of forward: the addresses that it is sent on to."},
}

// usedBy has, for each action that uses any, which of uses are its own.
var usedBy = map[Action][]string{
	Post:     {"person", "app", "first"},
	Register: {"invite"},
	Reject:   {"reason"},
	Keep:     {"maildir", "command"},
	Forward:  {"to"},
}

// user gives the action that uses a key.
func user(key string) Action {
	for action, keys := range usedBy {
		if slices.Contains(keys, key) {
			return action
		}
	}
	return Undecided
}

func keys(words []keyWord) []string {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = w.key
	}
	return names
}

// mapping reads the keys of a mapping. It notes those that are missing, at the
// mapping's own name where that has no value, and those without a value: what
// is forgotten would let a rule match, or a person prove, more than it should.
func mapping(n, name strictyaml.Node, s shape) map[string]strictyaml.Node {
	words := objects[s]
	m := n.Mapping(keys(words)...)
	for _, w := range words {
		switch value := m[w.key]; {
		case n.IsSet() && !n.IsMapping():
		case value.IsSet():
			mustHold(w, value)
		case w.needed:
			mistakeAt(n, name, "%s is missing: %s", w.key, w.meaning())
		case value.Pos() != (strictyaml.Pos{}) && !slices.Contains(mayBeEmpty, w.takes):
			value.Mistake("%s has no value", w.key)
		}
	}
	return m
}

// mustHold notes a list, a path or a name that is there and holds nothing.
func mustHold(w keyWord, n strictyaml.Node) {
	switch {
	case n.IsList() && len(n.List()) == 0:
		n.Mistake("the list of %s is empty: %s", w.key, w.meaning())
	case n.IsText() && n.Text() == "" && (w.takes == aPath || w.takes == aName):
		n.Mistake("%s has no value", w.key)
	}
}

// oneOf gives one of the words of an enumeration, or preset where nothing is
// written.
func oneOf(n strictyaml.Node, what string, s shape, preset string) string {
	if !n.IsSet() {
		return preset
	}
	return n.OneOf(what, enumerations[s]...)
}
