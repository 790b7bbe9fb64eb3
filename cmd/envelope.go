package cmd

import (
	netmail "net/mail"
	"strings"

	"github.com/spf13/cobra"

	"mailapp/filter"
)

// environment looks a variable up, as os.LookupEnv does.
type environment func(name string) (string, bool)

func (env environment) get(name string) string { v, _ := env(name); return v }

func (env environment) has(names ...string) bool {
	for _, n := range names {
		if _, ok := env(n); !ok {
			return false
		}
	}
	return true
}

// The mail servers whose environments differ, as the setting mta names them.
const (
	mtaPostfix   = "postfix"
	mtaExim      = "exim"
	mtaOpenSMTPD = "opensmtpd"
	mtaQmail     = "qmail"
	mtaCourier   = "courier"
	mtaSendmail  = "sendmail"
	mtaDovecot   = "dovecot" // Pigeonhole's pipe
	mtaNone      = ""        // run by hand, by cron or by a program that tells nothing
)

// foundMTA tells which mail server calls us, by the variables that only it
// sets (measured; see mailapp(7) and shared/MTA.md).
func foundMTA(env environment) string {
	switch {
	case env.has("LOCAL", "HOST", "DTLINE"):
		return mtaQmail // and Courier, which sets the same
	case env.has("LOCAL", "DOMAIN", "ORIGINAL_RECIPIENT"):
		return mtaPostfix
	case env.has("LOCAL_PART", "DOMAIN"):
		return mtaExim
	case env.has("SENDER", "RECIPIENT", "LOCAL", "DOMAIN"):
		return mtaOpenSMTPD
	case env.has("SENDER", "RECIPIENT", "ORIG_RECIPIENT"):
		return mtaDovecot
	case env.has("AGENT"):
		return mtaSendmail
	}
	return mtaNone
}

// flagEnvelope is what was given on the command line, for MTAs that tell
// through arguments; nil means not given.
type flagEnvelope struct{ sender, recipient, sasl *string }

func addEnvelopeFlags(c *cobra.Command) {
	c.Flags().String("sender", "", "the envelope sender's `ADDRESS`; empty is the null sender")
	c.Flags().String("recipient", "", "the envelope recipient's `ADDRESS`")
	c.Flags().String("sasl-user", "", "the `LOGIN` with which the sender logged in to the mail server")
}

func envelopeFlags(c *cobra.Command) flagEnvelope {
	given := func(name string) *string {
		if !c.Flags().Changed(name) {
			return nil
		}
		value, _ := c.Flags().GetString(name) // Changed tells that it is there
		return &value
	}
	return flagEnvelope{given("sender"), given("recipient"), given("sasl-user")}
}

// readEnvelope finds the envelope: flags first, then the MTA's environment,
// then the trace fields that the MTA wrote, and To only when run by hand
// (C16). mta is the setting, or "" to find it out; m is nil where the header
// could not be read.
func readEnvelope(env environment, flags flagEnvelope, mta string, m *filter.Message) filter.Envelope {
	if mta == "" {
		mta = foundMTA(env)
	}
	e := filter.Envelope{MTA: mta, Extension: extension(env)}
	if mta == mtaPostfix {
		e.SASLLogin = env.get("SASL_USERNAME")
	}
	if flags.sasl != nil {
		e.SASLLogin = *flags.sasl
	}
	e.Sender, e.SenderKnown = envelopeSender(env, flags, mta, m)
	e.Recipient = envelopeRecipient(env, flags, mta, m)
	return e
}

// envelopeSender gives the envelope sender and whether it is known; known and
// empty is the null sender. Postfix's local(8) replaces odd characters in
// SENDER, so there the Return-Path that it wrote goes first; elsewhere a
// Return-Path may be the sender's own and counts only when nothing else does,
// not even a line "From sender date", which is Sendmail's only word of it.
func envelopeSender(env environment, flags flagEnvelope, mta string, m *filter.Message) (string, bool) {
	if flags.sender != nil {
		return bareAddress(*flags.sender), true
	}
	path, wrote := returnPath(m)
	if mta == mtaPostfix && wrote {
		return path, true
	}
	if sender, ok := env("SENDER"); ok {
		return bareAddress(sender), true
	}
	if line, ok := env("RPLINE"); ok {
		return bareAddress(strings.TrimPrefix(strings.TrimSpace(line), "Return-Path:")), true
	}
	if m != nil {
		if sender, ok := m.MboxSender(); ok {
			return sender, true
		}
	}
	return path, wrote
}

// returnPath gives the topmost Return-Path.
func returnPath(m *filter.Message) (string, bool) {
	value, ok := topmost(m, "Return-Path")
	return bareAddress(value), ok
}

// topmost gives the value of the first field of that name as it stands.
func topmost(m *filter.Message, name string) (string, bool) {
	if m == nil {
		return "", false
	}
	for _, f := range m.Fields() {
		if strings.EqualFold(f.Name, name) {
			return strings.TrimSpace(f.Value), true
		}
	}
	return "", false
}

// bareAddress takes off blanks and angle brackets. The sender MAILER-DAEMON is
// how pipe(8) spells the null one.
func bareAddress(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	if s == "MAILER-DAEMON" || s == "#@[]" {
		return ""
	}
	return s
}

func envelopeRecipient(env environment, flags flagEnvelope, mta string, m *filter.Message) string {
	if flags.recipient != nil {
		return bareAddress(*flags.recipient)
	}
	for _, name := range []string{"ORIGINAL_RECIPIENT", "ORIG_RECIPIENT", "RECIPIENT"} {
		if r := bareAddress(env.get(name)); mta != mtaNone && r != "" {
			return r
		}
	}
	local, host := env.get("LOCAL"), env.get("HOST")
	if host == "" {
		host = env.get("DOMAIN")
	}
	if mta != mtaNone && local != "" && host != "" {
		return local + "@" + host
	}
	names := []string{"Delivered-To", "X-Original-To"}
	if mta == mtaNone {
		names = append(names, "To")
	}
	for _, name := range names {
		if value, ok := topmost(m, name); ok {
			if list, err := netmail.ParseAddressList(value); err == nil && len(list) == 1 {
				return list[0].Address
			}
		}
	}
	return ""
}

// extension is the part of the recipient after the delimiter, as the MTA cut
// it off: without its delimiter.
func extension(env environment) string {
	for _, name := range []string{"EXTENSION", "EXT", "LOCAL_PART_SUFFIX"} {
		if ext := env.get(name); ext != "" {
			return strings.TrimLeft(ext, "+-")
		}
	}
	return ""
}

// withoutSecret gives the recipient as it may be shown.
func withoutSecret(e filter.Envelope) string { return oneLine(e.Shown(), 300) }
