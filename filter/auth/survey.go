package auth

import (
	"fmt"
	"strings"
)

// Which Authentication-Results fields count (C14, RFC 8601 §5 and §7.1).
//
// Every server puts its trace on top of what it was given. So what stands
// above the topmost Received field was written after our own mail server took
// the message over, and a sender cannot write there. What stands below may be
// anybody's, even if it bears our authserv-id: our server should have removed
// forged ones, but does not everywhere.
//
// Some milters write below the Received field of their own server (OpenDKIM
// and OpenDMARC before 2026 insert at index 1, rspamd under Postfix). There
// the field looks like one that the sender planted as the first line of the
// message, so it does not count, and a Finding tells the admin.
//
// The authserv-id is compared as a whole, but without regard to ASCII case:
// it is by custom a domain name (RFC 8601 §2.5), which has no case, and its
// secrecy protects nothing, since the place of the field does.

// survey is what the header holds of Authentication-Results.
type survey struct {
	received bool      // there is a Received field
	ours     []results // fields that count
	broken   string    // why one of ours above Received cannot be read, "" if all can
	foreign  string    // an authserv-id above Received that is not ours, "" if none
	unknown  string    // why a field above Received has no readable authserv-id, "" if none
	below    int       // fields of ours that stand too low to count
}

// surveyHeader believes nothing where no authserv-id is configured, and
// nothing in a message that never passed a mail server.
func surveyHeader(fields []Field, authservID string) survey {
	var s survey
	if authservID == "" {
		return s
	}
	for _, f := range fields {
		// A space before the colon makes a Received field no less of a
		// border, but never makes a field evidence.
		if strings.EqualFold(strings.TrimRight(f.Name, " \t"), "Received") {
			s.received = true
		}
		if strings.EqualFold(f.Name, "Authentication-Results") {
			s.add(f.Value, lower(authservID))
		}
	}
	if !s.received {
		return survey{}
	}
	return s
}

func (s *survey) add(value, authservID string) {
	r, err := parseResults(value)
	ours := r.id != "" && lower(r.id) == authservID
	switch {
	case s.received:
		if ours {
			s.below++
		}
	case r.id == "":
		s.unknown = fmt.Sprint(err)
	case !ours:
		s.foreign = r.id
	case err != nil:
		s.broken = err.Error()
	default:
		s.ours = append(s.ours, r)
	}
}

// notes tells an admin what did not count and why.
func (s *survey) notes(authservID string) []string {
	var notes []string
	id := shown(authservID)
	if s.below > 0 {
		notes = append(notes, fmt.Sprintf("%d Authentication-Results of %s below the topmost Received did not count, because a sender can write there too; the mail server has to insert them above its own Received (RFC 8601 §4)", s.below, id))
	}
	if s.foreign != "" {
		notes = append(notes, fmt.Sprintf("an Authentication-Results of %s did not count, because the configured authserv-id is %s (RFC 8601 §5)", shown(s.foreign), id))
	}
	if s.unknown != "" {
		notes = append(notes, fmt.Sprintf("an Authentication-Results without a readable authserv-id did not count: %s (RFC 8601 §2.2)", s.unknown))
	}
	return notes
}

// untraced is why no mail server's word counts.
const untraced = "the mail comes from a mailbox in which the text of one mail may pass for another, header and all, so no field is surely our mail server's"

// tryResults weighs the fields that count.
func (q *inquiry) tryResults() trial {
	if q.AuthservID == "" {
		return trial{why: "no authserv-id is configured, so no Authentication-Results is believed (RFC 8601 §5)"}
	}
	if q.Untraced {
		return trial{why: untraced}
	}
	if !q.results.received {
		// Only a message that never passed a mail server has no Received,
		// so nothing in it was written by ours.
		return trial{why: "the header has no Received field, so no field in it is surely our mail server's (RFC 8601 §7.1)"}
	}
	t := q.judgeResults()
	t.notes = q.results.notes(q.AuthservID)
	return t
}

func (q *inquiry) judgeResults() trial {
	id := shown(q.AuthservID)
	if q.results.broken != "" {
		// It cannot be said to agree with the others, so they do not count.
		return trial{why: fmt.Sprintf("an Authentication-Results of %s cannot be read: %s (RFC 8601 §2.2)", id, q.results.broken)}
	}
	if len(q.results.ours) == 0 {
		return trial{why: fmt.Sprintf("no Authentication-Results of %s stands above the topmost Received (RFC 8601 §7.1)", id)}
	}
	who, why := q.author()
	if who == nil {
		return trial{why: why}
	}
	w := q.weigh(who)
	sentOn := q.sentOn(w)
	switch {
	case w.proof != "" && sentOn != "":
		return trial{why: w.proof + ", but " + sentOn}
	case w.proof != "":
		return trial{who: who, passed: true, why: w.proof}
	case w.against != "":
		return trial{why: w.against}
	case w.unsure != "":
		return trial{who: who, why: w.unsure, err: fmt.Errorf("%w: %s", ErrTemporary, w.unsure)}
	}
	return trial{why: fmt.Sprintf("our mail server's results (%s) do not prove the From domain %s (RFC 8601 §2.7)", said(q.results.ours), shown(q.from.domain))}
}

// sentOn says why a proof may be that of a copy, "" if it cannot be. A message
// that was signed stays so, and passes DMARC, whoever sends it on, to whomever,
// with whatever is not signed changed (RFC 6376 §8.6, §8.15). A login, or a
// client that may send for the From domain, shows that it comes from there. Who
// wrote to nobody by name wrote to us as likely as to others.
func (q *inquiry) sentOn(w scales) string {
	if w.pass[passAuth] != "" || w.pass[passSPF] != "" {
		return ""
	}
	if err := q.doubled(); err != nil {
		return err.Error()
	}
	addressed := len(q.values("To"))+len(q.values("Cc")) > 0
	if addressed && !q.names("To") && !q.names("Cc") {
		return "neither To nor Cc names the envelope recipient, so it may be a copy that was sent on (RFC 6376 §8.6)"
	}
	return ""
}

// said lists the first few results of our fields.
func said(fields []results) string {
	const most = 8
	var words []string
	for _, f := range fields {
		for _, r := range f.list {
			if len(words) == most {
				return strings.Join(words, ", ") + ", …"
			}
			words = append(words, shownWord(r.method)+"="+shownWord(r.word))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
