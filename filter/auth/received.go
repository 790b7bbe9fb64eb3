package auth

import "strings"

// The login in the topmost Received field, as Postfix writes it where
// smtpd_sasl_authenticated_header is set:
//
//	from helo (name [address])
//		(using TLSv1.3 with cipher …)
//		(Authenticated sender: fred)
//		by mx.example.org (Postfix) with ESMTPSA id 4F7D81
//		for <fred_sofas@example.org>; Mon, 3 Nov 2025 10:00:00 +0000
//
// The HELO name, the client's name, the names in its certificate and the
// recipient are the sender's to choose. So the field is read clause by clause,
// and the login counts only as the whole of the comment that stands directly
// before the by clause, in a field of our own server that also says by its
// protocol that somebody had logged in (RFC 3848). A field with anything odd in
// it has no login. Only the topmost Received is our own server's for sure.

// login is a SASL login that a Received field names.
type login struct {
	name string // "" if there is none
	why  string // why there is none
}

const noReceivedBy = "no received-by is configured, so no login in a Received field is believed"

// receivedLogin reads the topmost Received field if it is by host.
func receivedLogin(fields []Field, host string) login {
	if host == "" {
		return login{why: noReceivedBy}
	}
	for _, f := range fields {
		if !strings.EqualFold(strings.TrimRight(f.Name, " \t"), "Received") {
			continue
		}
		t, err := parseTrace(f.Value)
		switch {
		case len(f.Name) != len("Received") || err != nil:
			return login{why: "the topmost Received field is not in the form that Postfix writes"}
		case !strings.EqualFold(t.by, host):
			return login{why: "the topmost Received field is not by " + shown(host)}
		}
		return t.login()
	}
	return login{why: "the header has no Received field"}
}

// trace is what a Received field says of the client and the server.
type trace struct {
	comments []string // between the from and the by clause
	by       string
	protocol string // in upper case
}

// parseTrace reads a Received field of the form above. The id and for clauses
// may be missing; the date is not read.
func parseTrace(field string) (trace, error) {
	var t trace
	s := scanner{in: field[:min(len(field), maxField)]}
	s.space()
	s.clause("from")
	s.traceWord()
	t.comments = s.comments()
	s.clause("by")
	t.by = s.traceWord()
	s.comments()
	s.clause("with")
	t.protocol = strings.ToUpper(s.traceWord())
	s.comments()
	if s.next('i') {
		s.clause("id")
		s.traceWord()
		s.comments()
	}
	if s.next('f') {
		s.clause("for")
		s.path()
		s.comments()
	}
	s.want(';')
	return t, s.err
}

const loginComment = "Authenticated sender: "

// login returns the login if the field tells of exactly one.
func (t trace) login() login {
	told := 0
	for _, c := range t.comments {
		if strings.Contains(lower(c), lower(strings.TrimSpace(loginComment))) {
			told++
		}
	}
	switch t.protocol {
	case "ESMTPA", "ESMTPSA", "LMTPA", "LMTPSA", "UTF8SMTPA", "UTF8SMTPSA", "UTF8LMTPA", "UTF8LMTPSA": // RFC 3848, RFC 6531 §4.3
	default:
		return login{why: "the topmost Received field tells of no login (RFC 3848)"}
	}
	if told != 1 {
		return login{why: "the topmost Received field does not name one authenticated sender"}
	}
	name, ok := strings.CutPrefix(t.comments[len(t.comments)-1], loginComment)
	if !ok || !plainLogin(name) {
		return login{why: "the authenticated sender in the topmost Received field is not in the place and form that Postfix writes"}
	}
	return login{name: name}
}

// plainLogin tells whether a login is of atoms, dots and at signs, so that it
// needs no quotes in a comment.
func plainLogin(name string) bool {
	s := scanner{in: name}
	for s.is(atext) || s.next('.') || s.next('@') {
		s.at++
	}
	return name != "" && ascii(name) && s.done()
}

// clause reads the keyword of a Received clause and the CFWS behind it, in
// which no comment may be.
func (s *scanner) clause(keyword string) {
	if word := s.run(atext, false); lower(word) != keyword {
		s.fail(keyword + " missing")
		return
	}
	if len(s.comments()) > 0 {
		s.fail("comment behind " + keyword)
	}
}

// traceWord reads a name, an address literal, a protocol or an id.
func (s *scanner) traceWord() string {
	word := s.run(traceText, false)
	if word == "" {
		s.fail("word missing")
	}
	return word
}

// path reads an address in angle brackets (RFC 5321 §4.1.2).
func (s *scanner) path() {
	s.want('<')
	for !s.done() && !s.take('>') {
		if s.next('"') {
			s.quoted()
		} else if s.run(traceText, false) == "" {
			s.want('@')
		}
	}
}

// comments skips CFWS and returns the texts of its comments as they are written.
func (s *scanner) comments() []string {
	var texts []string
	for !s.done() {
		switch {
		case s.next('('):
			from := s.at + 1
			s.comment()
			if s.err == nil {
				texts = append(texts, s.in[from:s.at-1])
			}
		case s.is(wsp):
			s.at++
		case s.next('\r'), s.next('\n'):
			s.fold()
		default:
			return texts
		}
	}
	return texts
}
