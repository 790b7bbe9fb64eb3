package auth

import (
	"context"
	"strings"
	"testing"
	"time"
)

func noon(year int, month time.Month, dayOfMonth int) time.Time {
	return time.Date(year, month, dayOfMonth, 12, 0, 0, 0, time.UTC)
}

// Addresses that were given out stay good: the form of a token is fixed.
func TestToken(t *testing.T) {
	for _, c := range []struct {
		person, app string
		until       time.Time
		want        string
	}{
		{"alice", "sofas", time.Time{}, "aaabob2gu6l34jyr72wq"},
		{"alice", "sofas", noon(2027, 1, 31), "kfy6w6l7j6zaq6ffkcuq"},
		{"alice", "cars", time.Time{}, "aaad4ecdvo6te44w3y5q"},
		{"alic", "esofas", time.Time{}, "aaaep5t2djxpyxq7elxq"},
	} {
		got, err := Token(aliceKey, c.person, c.app, c.until)
		if err != nil || got != c.want {
			t.Errorf("%s, %s, %v: %q, %v, want %q", c.person, c.app, c.until, got, err, c.want)
		}
	}
	for name, make := range map[string]func() (string, error){
		"short key":  func() (string, error) { return Token(aliceKey[:15], "alice", "sofas", time.Time{}) },
		"blank key":  func() (string, error) { return Token(strings.Repeat(" ", 20), "alice", "sofas", time.Time{}) },
		"no person":  func() (string, error) { return Token(aliceKey, "", "sofas", time.Time{}) },
		"no app":     func() (string, error) { return Token(aliceKey, "alice", "", time.Time{}) },
		"NUL":        func() (string, error) { return Token(aliceKey, "alice\x00", "sofas", time.Time{}) },
		"before day": func() (string, error) { return Token(aliceKey, "alice", "sofas", noon(1969, 12, 31)) },
		"first day":  func() (string, error) { return Token(aliceKey, "alice", "sofas", noon(1970, 1, 1)) },
		"too far":    func() (string, error) { return Token(aliceKey, "alice", "sofas", noon(2149, 6, 7)) },
	} {
		if got, err := make(); err == nil || got != "" {
			t.Errorf("%s: made %q", name, got)
		}
	}
	if _, err := Token(aliceKey, "alice", "sofas", noon(2149, 6, 6)); err != nil {
		t.Errorf("the last day that there is: %v", err)
	}
}

// secretOf is what a token comes to at a time.
func secretOf(extension string, now time.Time) Evidence {
	ev, _ := Check(context.Background(), Request{From: "alice@good.example", Extension: extension, Claimed: "alice", ClaimedApp: "sofas",
		Now: now, People: []Person{secretly(alice(), aliceKey, nil)}})
	return ev
}

func TestTokenEnds(t *testing.T) {
	until, err := Token(aliceKey, "alice", "sofas", noon(2027, 1, 31))
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		now  time.Time
		want bool
	}{
		{end.Add(-time.Nanosecond), true}, {end, false}, {end.AddDate(1, 0, 0), false},
		{end.Add(-time.Second).In(time.FixedZone("", 14*3600)), true}, // a day is one of UTC
		{time.Time{}, false}, // nobody has said what time it is
	} {
		ev := secretOf(until, c.now)
		if ev.Proven() != c.want || !c.want && !strings.Contains(why(ev, AddressSecret), "good until 2027-01-31") {
			t.Errorf("at %v: %t\n%s", c.now, ev.Proven(), sentences(ev))
		}
	}
	if !secretOf(aliceToken, time.Time{}).Proven() {
		t.Error("a token without an end ended")
	}
}

// C16: a secret is for an app, so an address that names none has no secret.
func TestTokenWithoutApp(t *testing.T) {
	ev, err := Check(t.Context(), Request{From: "alice@good.example", Extension: tokenOf(aliceKey, "alice", "", 0), Claimed: "alice",
		People: []Person{secretly(alice(), aliceKey, nil)}})
	if err != nil || ev.Proven() {
		t.Errorf("%v\n%s", err, sentences(ev))
	}
}

// No extension but the token proves anything, and none is ever shown (C29).
func FuzzToken(f *testing.F) {
	f.Add(aliceToken)
	f.Add(strings.ToUpper(aliceToken))
	f.Add(tokenOf(aliceKey, "alice", "sofas", 1))
	f.Add(tokenOf(aliceKey, "alice", "cars", 0))
	f.Add(aliceToken + "\n")
	f.Fuzz(func(t *testing.T, extension string) {
		now := noon(2026, 6, 1)
		ev := secretOf(extension, now)
		if ev.Proven() && lower(extension) != aliceToken {
			raw, _ := tokenText.DecodeString(lower(extension))
			if last := uint16(raw[0])<<8 | uint16(raw[1]); lower(extension) != tokenOf(aliceKey, "alice", "sofas", last) {
				t.Errorf("%q proves alice", extension)
			}
		}
		if len(extension) >= minKey && strings.Contains(sentences(ev), extension) {
			t.Errorf("%q is shown:\n%s", extension, sentences(ev))
		}
	})
}
