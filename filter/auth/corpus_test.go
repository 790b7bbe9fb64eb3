package auth

import "strings"

// The corpus is the specification of what Authentication-Results prove.
//
// Every message is From alice@good.example; our mail server is mx.example.org.
// above are values of Authentication-Results fields above the topmost
// Received, below those under it.
type specimen struct {
	why   string // one line: why the answer must be this
	above []string
	below []string
	want  answer
	says  string // stands in one of the sentences
}

type answer string

const (
	proof   answer = "proof"
	nothing answer = "nothing"
	later   answer = "later" // exit 75
)

func one(field string) []string { return []string{field} }

// servers are fields as mail servers in use write them.
var servers = []specimen{
	{why: "OpenDMARC", want: proof, above: one(
		` mx.example.org; dmarc=pass (p=none dis=none) header.from=good.example`)},
	{why: "OpenDKIM: comment with a semicolon, quoted header.b, a second method", want: proof, above: one(
		" mx.example.org;\n\tdkim=pass (1024-bit key; secure) header.d=good.example header.i=@good.example header.b=\"mj+deT/Q\";\n\tdkim-atps=neutral")},
	{why: "OpenDKIM 2.11 with algorithm and selector", want: proof, above: one(
		" mx.example.org;\r\n\tdkim=pass (2048-bit key; unprotected) header.d=good.example header.i=@good.example header.a=rsa-sha256 header.s=mail header.b=AbCdEfGh;\r\n\tdkim-atps=neutral")},
	{why: "OpenDKIM forgot the space after the colon in some releases", want: nothing, says: "do not prove", above: one(
		`mx.example.org; dkim=permerror (bad message/signature format)`)},
	{why: "three milters, one field each", want: proof, above: []string{
		` mx.example.org; dmarc=pass (p=reject dis=none) header.from=good.example`,
		` mx.example.org; spf=pass smtp.mailfrom=alice@good.example`,
		" mx.example.org;\n\tdkim=pass (2048-bit key) header.d=good.example header.i=@good.example header.b=aBcD1234"}},
	{why: "policyd-spf: key=value pairs in a comment are no properties", want: proof, above: []string{
		` mx.example.org; spf=softfail (domain owner discourages use of this host) smtp.mailfrom=x.example (client-ip=192.0.2.1; helo=a.example; envelope-from=a@x.example; receiver=<UNKNOWN>)`,
		` mx.example.org; dmarc=pass (p=none dis=none) header.from=good.example`}},
	{why: "rspamd: address with = in it as a quoted string, quoted string in a comment", want: proof, above: one(
		" mx.example.org;\n\tdkim=pass header.d=good.example header.s=20251104 header.b=PqTrvVUn;\n\tdmarc=pass (policy=none) header.from=good.example;\n\tspf=pass (mx.example.org: domain of \"l+b-1=x.example@lists.example\" designates 2600:3c04::5321 as permitted sender) smtp.mailfrom=\"l+b-1=x.example@lists.example\";\n\tarc=pass (\"lists.example:s=arc-20240116:i=1\")")},
	{why: "rspamd names the login of its user", want: proof, above: one(
		` mx.example.org; auth=pass smtp.auth=alice smtp.mailfrom=alice@good.example`)},
	{why: "Gmail's own shape: header.i without header.d, dis=NONE in comments", want: proof, above: one(
		" mx.example.org;\r\n       dkim=pass header.i=@good.example header.s=20230601 header.b=\"Q/lkPYpe\";\r\n       spf=pass (google.com: domain of alice@good.example designates 209.85.220.41 as permitted sender) smtp.mailfrom=alice@good.example;\r\n       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=good.example")},
	{why: "Exim's ${authresults}: iprev and a login", want: proof, above: one(
		" mx.example.org;\n\tiprev=pass (mobile.example) smtp.remote-ip=192.0.2.7;\n\tauth=pass (PLAIN) smtp.auth=alice@good.example")},
	{why: "Exim writes an IPv6 address bare, though a colon must be quoted (RFC 2045 §5.1)", want: proof, above: one(
		" mx.example.org;\n\tiprev=pass (mobile.example) smtp.remote-ip=2001:db8::1;\n\tdkim=pass\n\t\theader.d=good.example header.s=s header.a=rsa-sha256")},
	{why: "amavis: a comment behind the authserv-id", want: proof, above: one(
		" mx.example.org (amavisd-new);\n\tdkim=pass (2048-bit key) header.d=good.example")},
	{why: "Fastmail: extension methods and policy properties", want: proof, above: []string{
		" mx.example.org;\n    x-csa=none;\n    x-me-sender=none;\n    x-ptr=pass smtp.helo=mail.good.example\n      policy.ptr=mail.good.example",
		" mx.example.org;\n    bimi=skipped (DMARC Policy is not at enforcement)",
		" mx.example.org;\n    dmarc=pass policy.published-domain-policy=none\n      policy.applied-disposition=none policy.evaluated-disposition=none\n      (p=none,d=none,d.eval=none) policy.policy-from=p\n      header.from=good.example;\n    iprev=pass smtp.remote-ip=192.0.2.9 (mail.good.example)"}},
	{why: "Fastmail: x-bits=2048 has no ptype, so the field is not grammatical", want: nothing, says: "cannot be read", above: one(
		" mx.example.org;\n    dkim=pass (2048-bit rsa key sha256) header.d=good.example header.b=0EDw+VrK x-bits=2048;\n    dmarc=pass header.from=good.example")},
	{why: "Exchange: action=none has no ptype", want: nothing, says: "cannot be read", above: one(
		" mx.example.org; spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=good.example; dkim=pass (signature was verified)\r\n header.d=good.example;dmarc=pass action=none\r\n header.from=good.example;compauth=pass reason=100")},
	{why: "Exchange Online writes no authserv-id at all", want: nothing, says: `of "spf" did not count`, above: one(
		" spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=good.example;dmarc=pass header.from=good.example")},
	{why: "Yahoo ends with a semicolon, behind which a result would have to follow", want: proof, above: one(
		` mx.example.org; dkim=pass header.i=@good.example header.s=s; dmarc=pass(p=NONE) header.from=good.example;`)},
	{why: "Yahoo without it: a comment needs no space before it", want: proof, above: one(
		` mx.example.org; dkim=pass header.i=@good.example header.s=s; dmarc=pass(p=NONE) header.from=good.example`)},
	{why: "OpenDKIM's AuthservIDWithJobID: a slash is no token", want: nothing, says: "cannot be read", above: one(
		` mx.example.org/4F2x1; dmarc=pass header.from=good.example`)},
	{why: "RFC 8601 B.2: nothing was checked", want: nothing, above: one(` mx.example.org 1; none`)},
	{why: "RFC 8601 B.5: forwarded by a list, SPF fails, the signature holds", want: proof, above: one(
		" mx.example.org;\n      dkim=pass (good signature) header.d=good.example;\n spf=fail smtp.mailfrom=list.example")},
	{why: "RFC 8601 B.6: comments wherever they may stand, versions 1", want: proof, above: one(
		" (Hello) mx.example.org (authserv-id here) 1 (version) ;\r\n (what) dkim (method) / (slash) 1 (v) = (equals) pass (result)\r\n reason (r) = (e) \"good\" (c)\r\n header (type) . (dot) d (property) = (equals) good.example (end)")},
	{why: "a list broke one signature, the author's holds", want: proof, above: one(
		` mx.example.org; dkim=fail (body hash) header.d=list.example; dkim=pass header.d=good.example`)},
	{why: "no DMARC record, but an aligned signature", want: proof, above: one(
		` mx.example.org; dmarc=none header.from=good.example; dkim=pass header.d=good.example`)},
	{why: "unsigned mail whose DMARC passes by SPF", want: proof, above: one(
		` mx.example.org; dkim=none; spf=pass smtp.mailfrom=good.example; dmarc=pass header.from=good.example`)},
}

// planted are fields into which the sender wrote: what an honest server quotes
// is in quotes or comments, and must stay there.
var planted = []specimen{
	{why: "the classic: a result within a quoted MAIL FROM", want: nothing, above: one(
		` mx.example.org; spf=fail smtp.mailfrom="x; dkim=pass header.d=good.example"@evil.example`)},
	{why: "the same with an escaped quote, which ends nothing", want: nothing, above: one(
		` mx.example.org; spf=fail smtp.mailfrom="x\"; dkim=pass header.d=good.example; a=\""@evil.example`)},
	{why: "a double backslash does end the string; what follows is not grammatical", want: nothing, says: "cannot be read", above: one(
		` mx.example.org; spf=fail smtp.mailfrom="x\\"; dkim=pass header.d=good.example; a="@evil.example`)},
	{why: "a result within a comment", want: nothing, above: one(
		` mx.example.org; spf=fail (x; dkim=pass header.d=good.example) smtp.mailfrom=evil.example`)},
	{why: "within nested comments", want: nothing, above: one(
		` mx.example.org; spf=fail (a(b)c; dkim=pass header.d=good.example; (d)) smtp.mailfrom=evil.example`)},
	{why: "an escaped parenthesis does not close a comment", want: nothing, above: one(
		` mx.example.org; spf=fail (x\); dkim=pass header.d=good.example; a=\() smtp.mailfrom=evil.example`)},
	{why: "a quote within a comment opens no string, so the comment ends here", want: nothing, above: one(
		` mx.example.org; spf=fail ("); dkim=fail (") header.d=good.example`)},
	{why: "a parenthesis within a string opens no comment", want: nothing, above: one(
		` mx.example.org; spf=fail smtp.mailfrom="("@evil.example; dkim=fail header.d=good.example; x=none reason=")"`)},
	{why: "planted in a reason", want: nothing, above: one(
		` mx.example.org; spf=fail reason="x; dmarc=pass header.from=good.example" smtp.mailfrom=evil.example`)},
	{why: "planted in an unquoted local part: semicolons are not allowed there, but = is", want: nothing, above: one(
		` mx.example.org; spf=pass smtp.mailfrom=dkim=pass.header.d=good.example@evil.example`)},
	{why: "planted in the HELO name as a comment that does not close", want: nothing, says: "not closed", above: one(
		` mx.example.org; iprev=fail smtp.helo=(; dkim=pass header.d=good.example`)},
	{why: "planted over a fold", want: nothing, above: one(
		" mx.example.org; spf=fail smtp.mailfrom=\"x;\r\n dkim=pass header.d=good.example\"@evil.example")},
	{why: "planted in the local part of header.i", want: nothing, above: one(
		` mx.example.org; dkim=pass header.i="x header.d=good.example"@evil.example`)},
	{why: "the good domain as local part of another", want: nothing, above: one(
		` mx.example.org; dkim=pass header.i=good.example@evil.example`)},
	{why: "an address within a quoted string is a text, not an address", want: nothing, above: one(
		` mx.example.org; dkim=pass header.i="@good.example"`)},
	{why: "two properties without space between them", want: nothing, says: "no space", above: one(
		` mx.example.org; dkim=pass header.i="x"header.d=good.example`)},
	{why: "an encoded word that decodes to a result", want: nothing, says: "encoded word", above: one(
		` mx.example.org; dkim=pass header.d=good.example (=?us-ascii?Q?x=29=3B_dkim=3Dfail?=)`)},
	{why: "a server that does not quote: the string ends early, the rest is no grammar", want: nothing, says: "cannot be read", above: one(
		` mx.example.org; spf=fail smtp.mailfrom="a"b; dkim=pass header.d=good.example`)},
	{why: "a broken field of ours cannot agree with a good one", want: nothing, says: "cannot be read", above: []string{
		` mx.example.org; dmarc=pass header.from=good.example`,
		` mx.example.org; dmarc=fail (oops header.from=good.example`}},
}

// places are about whose field it is and where it stands.
var places = []specimen{
	{why: "another server's word", want: nothing, says: `"mx.other.example" did not count`, above: one(
		` mx.other.example; dmarc=pass header.from=good.example`)},
	{why: "our name as the beginning of another", want: nothing, above: one(
		` mx.example.org.evil.example; dmarc=pass header.from=good.example`)},
	{why: "our name as the end of another", want: nothing, above: one(
		` evil-mx.example.org; dmarc=pass header.from=good.example`)},
	{why: "a look-alike letter (Cyrillic ie)", want: nothing, above: one(
		" mx.\u0435xample.org; dmarc=pass header.from=good.example")},
	{why: "a trailing dot is another id", want: nothing, above: one(
		` mx.example.org.; dmarc=pass header.from=good.example`)},
	{why: "our name only in a comment", want: nothing, above: one(
		` (mx.example.org;) evil.example; dmarc=pass header.from=good.example`)},
	{why: "an id cut by a comment is the part before it", want: nothing, above: one(
		` mx.(x)example.org; dmarc=pass header.from=good.example`)},
	{why: "our name quoted is our name", want: proof, above: one(
		` "mx.example.org"; dmarc=pass header.from=good.example`)},
	{why: "our name with a quoted letter escaped is our name", want: proof, above: one(
		` "m\x.example.org"; dmarc=pass header.from=good.example`)},
	{why: "domain names have no case", want: proof, above: one(
		` MX.Example.ORG; dmarc=pass header.from=good.example`)},
	{why: "below Received anybody may have written it", want: nothing, says: "1 Authentication-Results of", below: one(
		` mx.example.org; dmarc=pass header.from=good.example`)},
	{why: "the one below does not spoil the one above", want: proof, says: "below the topmost Received did not count",
		above: one(` mx.example.org; dmarc=pass header.from=good.example`),
		below: one(` mx.example.org; dmarc=fail header.from=good.example`)},
	{why: "the one below does not help the one above", want: nothing,
		above: one(` mx.example.org; dmarc=fail header.from=good.example`),
		below: one(` mx.example.org; dmarc=pass header.from=good.example`)},
	{why: "somebody else's above ours does not spoil ours", want: proof, above: []string{
		` mx.other.example; dmarc=fail header.from=good.example`,
		` mx.example.org; dmarc=pass header.from=good.example`}},
}

// grammar is about what is a field and what is none.
var grammar = []specimen{
	{why: "nothing at all", want: nothing, above: one(``)},
	{why: "only white space", want: nothing, above: one(" \r\n\t")},
	{why: "only the id", want: nothing, says: "';' missing", above: one(` mx.example.org`)},
	{why: "no result behind the semicolon", want: nothing, says: "keyword missing", above: one(` mx.example.org;`)},
	{why: "none", want: nothing, says: "(none) do not prove", above: one(` mx.example.org; none`)},
	{why: "none, then more", want: nothing, says: "cannot be read", above: one(` mx.example.org; none; dmarc=pass header.from=good.example`)},
	{why: "none must be the first and only", want: nothing, says: "cannot be read", above: one(` mx.example.org; dmarc=pass header.from=good.example; none`)},
	{why: "none in upper case", want: nothing, says: "do not prove", above: one(` mx.example.org; NONE (really)`)},
	{why: "version 1 said", want: proof, above: one(` mx.example.org 1; dmarc=pass header.from=good.example`)},
	{why: "version 2 is not known (RFC 8601 §2.2)", want: nothing, says: "unknown version", above: one(` mx.example.org 2; dmarc=pass header.from=good.example`)},
	{why: "a version that is no number", want: nothing, above: one(` mx.example.org one; dmarc=pass header.from=good.example`)},
	{why: "method version 1", want: proof, above: one(` mx.example.org; dmarc/1=pass header.from=good.example`)},
	{why: "method version 2", want: nothing, says: "unknown version", above: one(` mx.example.org; dmarc/2=pass header.from=good.example`)},
	{why: "method version missing", want: nothing, above: one(` mx.example.org; dmarc/=pass header.from=good.example`)},
	{why: "folded wherever white space may be", want: proof, above: one(
		"\r\n mx.example.org\r\n\t1\r\n ;\r\n dmarc\r\n =\r\n pass\r\n reason\r\n =\r\n x\r\n header\r\n .\r\n from\r\n =\r\n good.example\r\n ")},
	{why: "no white space where none must be", want: proof, above: one(`mx.example.org;dmarc=pass header.from=good.example`)},
	{why: "methods, results and properties have no case", want: proof, above: one(` mx.example.org; DMARC=PASS Header.FROM=GOOD.Example`)},
	{why: "a reason with quotes in it", want: proof, above: one(` mx.example.org; dmarc=pass reason="he said \"yes; no\"" header.from=good.example`)},
	{why: "a reason as a token", want: proof, above: one(` mx.example.org; dmarc=pass reason=fine header.from=good.example`)},
	{why: "a reason twice", want: nothing, above: one(` mx.example.org; dmarc=pass reason=a reason=b header.from=good.example`)},
	{why: "a reason behind a property", want: nothing, above: one(` mx.example.org; dmarc=pass header.from=good.example reason=a`)},
	{why: "a quoted property value", want: proof, above: one(` mx.example.org; dmarc=pass header.from="good.example"`)},
	{why: "a comment between all words of the id's end", want: proof, above: one(` mx.example.org((a)(b\)c)); dmarc=pass header.from=good.example`)},
	{why: "trailing comment", want: proof, above: one(` mx.example.org; dmarc=pass header.from=good.example (done)`)},
	{why: "semicolon missing between two results", want: nothing, above: one(` mx.example.org; spf=pass smtp.mailfrom=a.example dmarc=pass header.from=good.example`)},
	{why: "semicolon missing behind the id", want: nothing, above: one(` mx.example.org dmarc=pass header.from=good.example`)},
	{why: "two semicolons", want: nothing, above: one(` mx.example.org;; dmarc=pass header.from=good.example`)},
	{why: "string not closed", want: nothing, says: "not closed", above: one(` mx.example.org; dmarc=pass reason="x header.from=good.example`)},
	{why: "comment not closed", want: nothing, says: "not closed", above: one(` mx.example.org; dmarc=pass (x header.from=good.example`)},
	{why: "comment closed twice", want: nothing, above: one(` mx.example.org; dmarc=pass (x)) header.from=good.example`)},
	{why: "backslash at the end", want: nothing, above: one(` mx.example.org; dmarc=pass header.from=good.example (\`)},
	{why: "NUL", want: nothing, above: one(" mx.example.org; dmarc=pass header.from=good.example (\x00)")},
	{why: "NUL in a value", want: nothing, above: one(" mx.example.org; dmarc=pass header.from=good.example\x00")},
	{why: "bare CR", want: nothing, says: "bare CR", above: one(" mx.example.org;\rdmarc=pass header.from=good.example")},
	{why: "bare CR in a string", want: nothing, says: "bare CR", above: one(" mx.example.org; dmarc=pass reason=\"a\rb\" header.from=good.example")},
	{why: "a line end that folds nothing", want: nothing, says: "line end", above: one(" mx.example.org;\ndmarc=pass header.from=good.example")},
	{why: "DEL", want: nothing, above: one(" mx.example.org; dmarc=pass (\x7f) header.from=good.example")},
	{why: "Latin-1 bytes", want: nothing, says: "not the UTF-8", above: one(" mx.example.org; dmarc=pass (caf\xe9) header.from=good.example")},
	{why: "UTF-8 in a comment is allowed (RFC 6532 §3.2)", want: proof, above: one(` mx.example.org; dmarc=pass (café) header.from=good.example`)},
	{why: "UTF-8 in a local part is allowed (RFC 6531 §3.3)", want: proof, above: one(
		` mx.example.org; spf=pass smtp.mailfrom=josé@bücher.example; dmarc=pass header.from=good.example`)},
	{why: "UTF-8 in a keyword is not", want: nothing, above: one(` mx.example.org; dmärc=pass header.from=good.example`)},
	{why: "full-width letters are not ASCII ones", want: nothing, above: one(` mx.example.org; dmarc=pass header.from=ｇood.example`)},
	{why: "a value that would have to be quoted", want: nothing, says: "quoted", above: one(` mx.example.org; dkim=pass header.b=a/b== header.d=good.example`)},
	{why: "an address with space around its @", want: nothing, above: one(` mx.example.org; dkim=pass header.i= @ good.example`)},
	{why: "an address without a dot in its domain (RFC 6376 §3.5)", want: nothing, above: one(` mx.example.org; spf=none smtp.mailfrom=root@localhost; dmarc=pass header.from=good.example`)},
	{why: "a local part with two dots in a row", want: nothing, above: one(` mx.example.org; spf=none smtp.mailfrom=a..b@x.example; dmarc=pass header.from=good.example`)},
	{why: "an empty value", want: nothing, above: one(` mx.example.org; spf=none smtp.mailfrom=; dmarc=pass header.from=good.example`)},
	{why: "a keyword that ends with a hyphen", want: nothing, above: one(` mx.example.org; dmarc-=pass header.from=good.example`)},
	{why: "longer than 64 kB", want: nothing, says: "longer than", above: one(
		` mx.example.org; dmarc=pass header.from=good.example` + strings.Repeat(" ", maxField))},
	{why: "long, but not too long", want: proof, above: one(
		` mx.example.org; dmarc=pass header.from=good.example` + strings.Repeat(" ", maxField-100))},
	{why: "comments nested too deeply", want: nothing, says: "too deeply", above: one(
		` mx.example.org; dmarc=pass ` + strings.Repeat("(", 17) + strings.Repeat(")", 17) + ` header.from=good.example`)},
	{why: "comments nested just not too deeply", want: proof, above: one(
		` mx.example.org; dmarc=pass ` + strings.Repeat("(", 16) + strings.Repeat(")", 16) + ` header.from=good.example`)},
}

// meaning is about what grammatical results of ours prove.
var meaning = []specimen{
	{why: "DMARC of another From", want: nothing, says: "header.from=", above: one(` mx.example.org; dmarc=pass header.from=evil.example`)},
	{why: "DMARC of a parent is not the From domain", want: nothing, above: one(` mx.example.org; dmarc=pass header.from=example`)},
	{why: "DMARC of a subdomain is not the From domain", want: nothing, above: one(` mx.example.org; dmarc=pass header.from=a.good.example`)},
	{why: "DMARC that names no From", want: nothing, says: "without header.from", above: one(` mx.example.org; dmarc=pass`)},
	{why: "DMARC that names two", want: nothing, above: one(` mx.example.org; dmarc=pass header.from=good.example header.from=evil.example`)},
	{why: "DMARC with the From as an address", want: proof, above: one(` mx.example.org; dmarc=pass header.from=alice@good.example`)},
	{why: "DMARC with somebody else's address", want: nothing, above: one(` mx.example.org; dmarc=pass header.from=bob@good.example`)},
	{why: "DMARC failed", want: nothing, says: "dmarc=fail", above: one(` mx.example.org; dmarc=fail header.from=good.example`)},
	{why: "DMARC failed beside a good signature", want: nothing, says: "dmarc=fail", above: one(
		` mx.example.org; dkim=pass header.d=good.example; dmarc=fail header.from=good.example`)},
	{why: "the same in two fields", want: nothing, says: "dmarc=fail", above: []string{
		` mx.example.org; dkim=pass header.d=good.example`, ` mx.example.org; dmarc=fail header.from=good.example`}},
	{why: "DMARC permanently broken", want: nothing, above: one(` mx.example.org; dmarc=permerror header.from=good.example; dkim=pass header.d=good.example`)},
	{why: "a guess is not a pass", want: nothing, above: one(` mx.example.org; dmarc=bestguesspass header.from=good.example`)},
	{why: "two fields of ours disagree on DMARC", want: nothing, above: []string{
		` mx.example.org; dmarc=pass header.from=good.example`, ` mx.example.org; dmarc=fail header.from=good.example`}},
	{why: "one found a DMARC record and one did not", want: nothing, says: "both", above: []string{
		` mx.example.org; dmarc=pass header.from=good.example`, ` mx.example.org; dmarc=none header.from=good.example`}},
	{why: "two fields of ours disagree on the signature", want: nothing, says: "dkim=pass and another dkim=fail", above: []string{
		` mx.example.org; dkim=pass header.d=good.example`, ` mx.example.org; dkim=fail header.d=good.example`}},
	{why: "one found no signature", want: nothing, says: "dkim=pass and another dkim=none", above: []string{
		` mx.example.org; dkim=pass header.d=good.example`, ` mx.example.org; dkim=none`}},
	{why: "two fields of ours agree", want: proof, above: []string{
		` mx.example.org; dkim=pass header.d=good.example`, ` mx.example.org; dkim=pass header.d=good.example header.s=x`}},
	{why: "many results, all of no use", want: nothing, says: "arc=none, …)", above: one(
		` mx.example.org` + strings.Repeat(`; arc=none`, 20))},
	{why: "two about different signatures do not disagree", want: proof, above: []string{
		` mx.example.org; dkim=pass header.d=good.example`, ` mx.example.org; dkim=fail header.d=list.example`}},
	{why: "another's good signature", want: nothing, above: one(` mx.example.org; dkim=pass header.d=evil.example`)},
	{why: "another's signature with our domain as its identity", want: nothing, above: one(` mx.example.org; dkim=pass header.d=evil.example header.i=@good.example`)},
	{why: "header.i within header.d", want: proof, above: one(` mx.example.org; dkim=pass header.d=good.example header.i=bot@a.good.example`)},
	{why: "an end of a name is not a subdomain", want: nothing, above: one(` mx.example.org; dkim=pass header.d=good.example header.i=@evilgood.example`)},
	{why: "header.i only", want: proof, above: one(` mx.example.org; dkim=pass header.i=alice@good.example`)},
	{why: "header.i only, of a subdomain: no DNS to ask whether that is aligned", want: nothing, above: one(` mx.example.org; dkim=pass header.i=@a.good.example`)},
	{why: "header.d of a public suffix", want: nothing, above: one(` mx.example.org; dkim=pass header.d=example`)},
	{why: "header.d twice", want: nothing, above: one(` mx.example.org; dkim=pass header.d=good.example header.d=evil.example`)},
	{why: "header.d twice, the good one last", want: nothing, above: one(` mx.example.org; dkim=pass header.d=evil.example header.d=good.example`)},
	{why: "the same header.d twice says one thing", want: proof, above: one(` mx.example.org; dkim=pass header.d=good.example header.d=good.example`)},
	{why: "dkim=pass of nobody", want: nothing, above: one(` mx.example.org; dkim=pass`)},
	{why: "body.d is not header.d", want: nothing, above: one(` mx.example.org; dkim=pass body.d=good.example`)},
	{why: "a pass aligned and a fail unaligned", want: proof, above: one(` mx.example.org; dkim=pass header.d=good.example; dkim=fail header.d=evil.example`)},
	{why: "a fail aligned and a pass unaligned", want: nothing, above: one(` mx.example.org; dkim=fail header.d=good.example; dkim=pass header.d=evil.example`)},
	{why: "dkim=policy is no pass", want: nothing, above: one(` mx.example.org; dkim=policy header.d=good.example`)},
	{why: "dkim=neutral is no pass", want: nothing, above: one(` mx.example.org; dkim=neutral header.d=good.example`)},
	{why: "dkim=permerror is no pass", want: nothing, above: one(` mx.example.org; dkim=permerror header.d=good.example`)},
	{why: "dkim=passed is no pass", want: nothing, above: one(` mx.example.org; dkim=passed header.d=good.example`)},
	{why: "domainkeys is not DKIM", want: nothing, above: one(` mx.example.org; domainkeys=pass header.d=good.example`)},
	{why: "x-dmarc is not DMARC", want: nothing, above: one(` mx.example.org; x-dmarc=pass header.from=good.example`)},
	{why: "SPF alone counts, if least (RFC 7489 §3.1.2)", want: proof, says: "spf=pass for", above: one(` mx.example.org; spf=pass smtp.mailfrom=alice@good.example`)},
	{why: "SPF of a bare domain", want: proof, above: one(` mx.example.org; spf=pass smtp.mailfrom=good.example`)},
	{why: "SPF of another's envelope sender", want: nothing, says: "(spf=pass) do not prove", above: one(` mx.example.org; spf=pass smtp.mailfrom=alice@evil.example`)},
	{why: "SPF of the HELO name says nothing of the author (RFC 7489 §3.1.2)", want: nothing, above: one(` mx.example.org; spf=pass smtp.helo=good.example`)},
	{why: "SPF of two envelope senders", want: nothing, above: one(` mx.example.org; spf=pass smtp.mailfrom=x@good.example smtp.mailfrom=x@evil.example`)},
	{why: "SPF of two envelope senders, the good one last", want: nothing, above: one(` mx.example.org; spf=pass smtp.mailfrom=x@evil.example smtp.mailfrom=x@good.example`)},
	{why: "SPF where DMARC failed", want: nothing, says: "dmarc=fail", above: one(` mx.example.org; spf=pass smtp.mailfrom=alice@good.example; dmarc=fail header.from=good.example`)},
	{why: "SPF where there is no DMARC record", want: proof, above: one(` mx.example.org; spf=pass smtp.mailfrom=alice@good.example; dmarc=none header.from=good.example`)},
	{why: "two fields that disagree on SPF", want: nothing, says: "both spf=pass and spf=softfail", above: []string{
		` mx.example.org; spf=pass smtp.mailfrom=alice@good.example`, ` mx.example.org; spf=softfail smtp.mailfrom=alice@good.example`}},
	{why: "SPF of an address within a string that the sender wrote", want: nothing, above: one(` mx.example.org; spf=pass smtp.mailfrom="x@good.example"`)},
	{why: "SPF of a local part that looks like one of ours", want: nothing, above: one(` mx.example.org; spf=pass smtp.mailfrom="alice@good.example"@evil.example`)},
	{why: "a good signature is preferred to SPF", want: proof, says: "dkim=pass for", above: one(` mx.example.org; spf=pass smtp.mailfrom=alice@good.example; dkim=pass header.d=good.example`)},
	{why: "arc=pass is no result about From (RFC 8617 §7.2)", want: nothing, above: one(` mx.example.org; arc=pass header.oldest-pass=0 smtp.remote-ip=192.0.2.1`)},
	{why: "our server let ARC decide its DMARC: that is its word", want: proof, above: one(
		` mx.example.org; arc=pass (i=1 spf=pass dkim=pass); dmarc=pass (p=reject dis=none arc=pass) header.from=good.example`)},
	{why: "best-guess compauth is Microsoft's own and proves nothing", want: nothing, above: one(` mx.example.org; compauth=pass reason=100`)},
	{why: "sender-id of another From beside a good signature: not the same author", want: nothing, above: one(
		` mx.example.org; sender-id=pass header.from=bob@evil.example; dkim=pass header.d=good.example`)},
	{why: "a login of alice", want: proof, above: one(` mx.example.org; auth=pass smtp.auth=alice`)},
	{why: "a login of bob, who shares her domain, beats what the domain proves", want: nothing, says: "not a login of", above: one(
		` mx.example.org; auth=pass smtp.auth=bob; dmarc=pass header.from=good.example`)},
	{why: "a login of nobody", want: nothing, above: one(` mx.example.org; auth=pass smtp.auth=mallory; dkim=pass header.d=good.example`)},
	{why: "a login that is not named", want: nothing, above: one(` mx.example.org; auth=pass (PLAIN); dmarc=pass header.from=good.example`)},
	{why: "two logins", want: nothing, above: one(` mx.example.org; auth=pass smtp.auth=alice smtp.auth=bob`)},
	{why: "two logins, the good one last", want: nothing, above: one(` mx.example.org; auth=pass smtp.auth=bob smtp.auth=alice`)},
	{why: "smtp.mailfrom is not a login", want: nothing, above: one(` mx.example.org; auth=pass smtp.mailfrom=alice@good.example`)},
	{why: "no login is how mail from elsewhere comes", want: proof, above: one(` mx.example.org; auth=none; dmarc=pass header.from=good.example`)},
	{why: "DMARC temporarily unknown", want: later, says: "for now", above: one(` mx.example.org; dmarc=temperror header.from=good.example`)},
	{why: "DKIM temporarily unknown", want: later, above: one(` mx.example.org; dkim=temperror header.d=good.example`)},
	{why: "DKIM temporarily unknown, Exim's spelling, no domain", want: later, above: one(` mx.example.org; dkim=tmperror (pubkey unavailable)`)},
	{why: "SPF temporarily unknown", want: later, above: one(` mx.example.org; spf=temperror smtp.mailfrom=alice@good.example; dkim=none`)},
	{why: "a login temporarily unknown", want: later, above: one(` mx.example.org; auth=temperror`)},
	{why: "another's signature temporarily unknown: time will not help", want: nothing, above: one(` mx.example.org; dkim=temperror header.d=list.example`)},
	{why: "another's SPF temporarily unknown: time will not help", want: nothing, above: one(` mx.example.org; spf=temperror smtp.mailfrom=x@list.example`)},
	{why: "temporary trouble beside a pass", want: proof, above: one(` mx.example.org; dmarc=temperror header.from=good.example; dkim=pass header.d=good.example`)},
	{why: "temporary trouble beside a refusal", want: nothing, above: one(` mx.example.org; dkim=temperror header.d=good.example; dmarc=fail header.from=good.example`)},
	{why: "temporary trouble about another From", want: nothing, above: one(` mx.example.org; dmarc=temperror header.from=evil.example`)},
}
