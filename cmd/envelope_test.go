package cmd

import (
	"bufio"
	"strings"
	"testing"

	"mailapp/filter"
)

// What each mail server sets was measured (see mailapp's shared MTA notes);
// here is one delivery of each.
var (
	postfixEnv = map[string]string{
		"SENDER": "jos__@example.org", "RECIPIENT": "mailapp@example.org", "ORIGINAL_RECIPIENT": "fred_x+k7@example.org",
		"LOCAL": "mailapp", "DOMAIN": "example.org", "EXTENSION": "k7", "USER": "mailapp", "LOGNAME": "mailapp",
		"SASL_USERNAME": "fred", "CLIENT_ADDRESS": "192.0.2.1",
	}
	eximEnv = map[string]string{
		"SENDER": "a@example.org", "RECIPIENT": "fred_x+k7@example.org", "LOCAL_PART": "fred_x", "LOCAL_PART_SUFFIX": "+k7",
		"DOMAIN": "example.org", "SASL_USERNAME": "forged",
	}
	opensmtpdEnv = map[string]string{
		"SENDER": "", "RECIPIENT": "fred_x+k7@example.org", "LOCAL": "fred_x+k7", "DOMAIN": "example.org", "USER": "mailapp",
	}
	qmailEnv = map[string]string{
		"SENDER": "a@example.org", "RECIPIENT": "joe-fred_x@example.org", "LOCAL": "joe-fred_x", "EXT": "fred_x", "HOST": "example.org",
		"RPLINE": "Return-Path: <a@example.org>\n", "DTLINE": "Delivered-To: joe-fred_x@example.org\n", "UFLINE": "From a ...",
	}
	courierEnv = map[string]string{
		"SENDER": "a@example.org", "LOCAL": "joe-fred_x", "EXT": "fred_x", "HOST": "example.org",
		"RPLINE": "Return-Path: <a@example.org>", "DTLINE": "Delivered-To: joe-fred_x@example.org",
	}
)

// C16: the recipient is the mail server's word. C18: the null sender is found
// in every form.
func TestReadEnvelope(t *testing.T) {
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		env   map[string]string
		flags flagEnvelope
		mail  string
		want  filter.Envelope
	}{
		"postfix": {env: postfixEnv, mail: "Return-Path: <josé@example.org>\n",
			want: filter.Envelope{Sender: "josé@example.org", SenderKnown: true, Recipient: "fred_x+k7@example.org", Extension: "k7", SASLLogin: "fred", MTA: mtaPostfix}},
		"postfix, null sender": {env: with(postfixEnv, "SENDER", "MAILER-DAEMON"), mail: "Return-Path: <>\n",
			want: filter.Envelope{SenderKnown: true, Recipient: "fred_x+k7@example.org", Extension: "k7", SASLLogin: "fred", MTA: mtaPostfix}},
		"exim: only Postfix is believed about SASL": {env: eximEnv, mail: "Return-Path: <forged@evil.example>\n",
			want: filter.Envelope{Sender: "a@example.org", SenderKnown: true, Recipient: "fred_x+k7@example.org", Extension: "k7", MTA: mtaExim}},
		"opensmtpd, null sender": {env: opensmtpdEnv,
			want: filter.Envelope{SenderKnown: true, Recipient: "fred_x+k7@example.org", MTA: mtaOpenSMTPD}},
		"qmail": {env: qmailEnv,
			want: filter.Envelope{Sender: "a@example.org", SenderKnown: true, Recipient: "joe-fred_x@example.org", Extension: "fred_x", MTA: mtaQmail}},
		"qmail, double bounce": {env: with(qmailEnv, "SENDER", "#@[]"),
			want: filter.Envelope{SenderKnown: true, Recipient: "joe-fred_x@example.org", Extension: "fred_x", MTA: mtaQmail}},
		"courier": {env: courierEnv,
			want: filter.Envelope{Sender: "a@example.org", SenderKnown: true, Recipient: "joe-fred_x@example.org", Extension: "fred_x", MTA: mtaQmail}},
		"dovecot": {env: map[string]string{"SENDER": "a@example.org", "RECIPIENT": "fred@example.org", "ORIG_RECIPIENT": "fred_x@example.org", "HOME": "/", "USER": "fred"},
			want: filter.Envelope{Sender: "a@example.org", SenderKnown: true, Recipient: "fred_x@example.org", MTA: mtaDovecot}},
		"flags first, as pipe(8) gives them": {env: postfixEnv, mail: "Return-Path: <b@example.org>\n",
			flags: flagEnvelope{text("MAILER-DAEMON"), text("<anna_y@example.org>"), text("anna")},
			want:  filter.Envelope{SenderKnown: true, Recipient: "anna_y@example.org", Extension: "k7", SASLLogin: "anna", MTA: mtaPostfix}},
		"by hand": {mail: "Return-Path: <a@example.org>\nTo: Fred <fred_x@example.org>\n",
			want: filter.Envelope{Sender: "a@example.org", SenderKnown: true, Recipient: "fred_x@example.org"}},
		"by hand, delivered before": {mail: "Delivered-To: fred_x@example.org\nTo: other@example.org\n",
			want: filter.Envelope{Recipient: "fred_x@example.org"}},
		"by hand, several in To": {mail: "To: a@example.org, b@example.org\n", want: filter.Envelope{}},
		"sendmail's only word of the sender": {env: map[string]string{"AGENT": "sendmail"},
			mail: "From a@example.org  Mon Nov 23 00:00:00 2026\nReturn-Path: <forged@evil.example>\n",
			want: filter.Envelope{Sender: "a@example.org", SenderKnown: true, MTA: mtaSendmail}},
		"sendmail, null sender": {env: map[string]string{"AGENT": "sendmail"}, mail: "From MAILER-DAEMON  Mon Nov 23 00:00:00 2026\n",
			want: filter.Envelope{SenderKnown: true, MTA: mtaSendmail}},
		"a mail server's To is nobody's word": {env: map[string]string{"AGENT": "sendmail"}, mail: "To: fred_x@example.org\n",
			want: filter.Envelope{MTA: mtaSendmail}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := filter.Read(bufio.NewReader(strings.NewReader(c.mail + "From: a@example.org\n\nx\n")))
			if err != nil {
				t.Fatal(err)
			}
			env := environment(func(name string) (string, bool) { v, ok := c.env[name]; return v, ok })
			if got := readEnvelope(env, c.flags, "", m); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func with(env map[string]string, name, value string) map[string]string {
	copied := map[string]string{name: value}
	for k, v := range env {
		if k != name {
			copied[k] = v
		}
	}
	return copied
}

// C29: an address secret is shown nowhere.
func TestWithoutSecret(t *testing.T) {
	for in, want := range map[filter.Envelope]string{
		{Recipient: "fred_x+k7q3@example.org"}: "fred_x@example.org",
		{Recipient: "fred_x@example.org"}:      "fred_x@example.org",
		{Recipient: "fred@a+b.example"}:        "fred@a+b.example",
		{Recipient: "nonsense"}:                "nonsense",
		{}:                                     "",
		{Recipient: "fred_x-K7q3@example.org", Extension: "k7q3", MTA: mtaPostfix}:                                          "fred_x@example.org",
		{Recipient: "joe-fred_x@example.org", Extension: "fred_x", MTA: mtaQmail}:                                           "joe-fred_x@example.org",
		{Recipient: "k7q3@example.org", Extension: "k7q3", MTA: mtaPostfix}:                                                 "k7q3@example.org",
		{Recipient: "fred_x=k7q3@example.org", Extension: "other", MTA: mtaPostfix}:                                         "fred_x=k7q3@example.org",
		{Recipient: "fred_x-k7q3@example.org", Extension: "k7q3", MTA: mtaExim}:                                             "fred_x@example.org",
		{Recipient: "fred_x-AAAAO4O45ucum2lqgi4q@example.org"}:                                                              "fred_x@example.org",
		{Recipient: "joe-fred_x-aaaao4o45ucum2lqgi4q@example.org", Extension: "fred_x-aaaao4o45ucum2lqgi4q", MTA: mtaQmail}: "joe-fred_x@example.org",
	} {
		if got := withoutSecret(in); got != want {
			t.Errorf("%+v: %q, want %q", in, got, want)
		}
	}
}
