package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

const (
	aliceKey  = "k7qmx2vd4hz6tnwb"
	dmarcPass = ` mx.example.org; dmarc=pass header.from=good.example`
)

// aliceToken is alice's address secret for the app sofas, without an end.
var aliceToken = tokenOf(aliceKey, "alice", "sofas", 0)

func secretly(p Person, key string, err error) Person {
	p.Secret = func() (string, error) { return key, err }
	return p
}

func accepting(p Person, methods ...Method) Person {
	p.Accept = methods
	return p
}

// findings of one method.
func findings(ev Evidence, m Method) (all []Finding) {
	for _, c := range ev.Checks {
		if c.Method == m {
			all = append(all, c)
		}
	}
	return all
}

func why(ev Evidence, m Method) string {
	var all []string
	for _, c := range findings(ev, m) {
		all = append(all, c.Why)
	}
	return strings.Join(all, "\n")
}

// C13, C16: which proof proves whom, and that From must be theirs.
func TestCheck(t *testing.T) {
	withSecret := secretly(alice(), aliceKey, nil)
	family := Person{Name: "carol", Addresses: []string{"alice@good.example"}, Logins: []string{"alice"}}
	for _, c := range []struct {
		name string
		req  Request
		want string // person
		by   Method
		says string
	}{
		{name: "From alone is never enough", // C13
			req: Request{From: "alice@good.example"}},
		{name: "no From: nobody, whatever else there is",
			req:  Request{SASLLogin: "alice", Extension: aliceToken, Claimed: "alice", People: []Person{withSecret}},
			says: "nobody is proven: there is no From field"},
		{name: "From without a domain", req: Request{From: "alice", SASLLogin: "alice"}, says: "no local part or no domain"},
		{name: "From with a U-label", req: Request{From: "alice@göod.example", SASLLogin: "alice"}, says: "A-labels"},
		{name: "login", req: Request{From: "alice@good.example", SASLLogin: "alice"}, want: "alice", by: SASL},
		{name: "login as an address of the person", req: Request{From: "alice@good.example", SASLLogin: "Alice@Good.example"}, want: "alice", by: SASL},
		{name: "login in another case is another login", req: Request{From: "alice@good.example", SASLLogin: "Alice"}, says: "is no person's; whoever may post by it needs it under people, logins, in rules.yaml"},
		{name: "login of nobody", req: Request{From: "alice@good.example", SASLLogin: "mallory"}, says: "is no person's; whoever may post by it needs it under people, logins, in rules.yaml"},
		{name: "login that is the local part of an address only", req: Request{From: "dave@good.example", SASLLogin: "dave",
			People: []Person{{Name: "dave", Addresses: []string{"dave@good.example"}}}}, says: "is no person's; whoever may post by it needs it under people, logins, in rules.yaml"},
		{name: "login of bob, From alice", // C16
			req: Request{From: "alice@good.example", SASLLogin: "bob"}, says: `belongs to "bob", but From`},
		{name: "login of bob, From alice, her domain proven", // C16
			req: Request{From: "alice@good.example", SASLLogin: "bob", Fields: header(one(dmarcPass), nil)}, says: "proves nothing"},
		{name: "login of nobody, her domain proven",
			req: Request{From: "alice@good.example", SASLLogin: "mallory", Fields: header(one(dmarcPass), nil)}, says: "proves nothing"},
		{name: "login of alice and her domain proven: the first wins",
			req: Request{From: "alice@good.example", SASLLogin: "alice", Fields: header(one(dmarcPass), nil)}, want: "alice", by: SASL},
		{name: "login that alice does not accept, and a domain that she does",
			req: Request{From: "alice@good.example", SASLLogin: "alice", Fields: header(one(dmarcPass), nil),
				People: []Person{accepting(alice(), AuthenticationResults)}},
			want: "alice", by: AuthenticationResults, says: "does not accept sasl"},
		{name: "domain that alice does not accept",
			req: Request{From: "alice@good.example", Fields: header(one(dmarcPass), nil),
				People: []Person{accepting(alice(), SASL)}}, says: "does not accept authentication-results"},
		{name: "From in capitals, as phones write it",
			req: Request{From: "Alice@GOOD.example", Fields: header(one(dmarcPass), nil)}, want: "alice", by: AuthenticationResults},
		{name: "From is nobody's", // C16
			req: Request{From: "eve@good.example", Fields: header(one(dmarcPass), nil)}, says: `From "eve@good.example" is no person's address; whoever may post from it needs it under people, addresses, in rules.yaml`},
		{name: "the Kelvin sign is not k",
			req:  Request{From: "\u212aate@good.example", SASLLogin: "kate", People: []Person{{Name: "kate", Addresses: []string{"kate@good.example"}, Logins: []string{"kate"}}}},
			says: "is not an address of that person"},
		{name: "the domain is behind the last @",
			req: Request{From: "alice@good.example@evil.example", SASLLogin: "alice"}, says: "is not an address of that person"},
		{name: "a quoted @ does not end the local part",
			req: Request{From: `"a@evil.example"@good.example`, Fields: header(one(dmarcPass), nil),
				People: []Person{{Name: "odd", Addresses: []string{`"a@evil.example"@good.example`}}}},
			want: "odd", by: AuthenticationResults},
		{name: "a shared login and address, nobody claimed",
			req: Request{From: "alice@good.example", SASLLogin: "alice", People: []Person{alice(), family}}, says: "several people share"},
		{name: "a shared login and address, carol claimed",
			req:  Request{From: "alice@good.example", SASLLogin: "alice", Claimed: "carol", People: []Person{alice(), family}},
			want: "carol", by: SASL},
		{name: "a shared address, bob claimed who does not share it", // C16
			req: Request{From: "alice@good.example", Fields: header(one(dmarcPass), nil), Claimed: "bob", People: []Person{alice(), family, bob()}}, says: "several people share"},
		{name: "a person without a name cannot be proven",
			req: Request{From: "alice@good.example", SASLLogin: "alice", People: []Person{{Addresses: []string{"alice@good.example"}, Logins: []string{"alice"}}}}},
		{name: "secret", req: Request{From: "alice@good.example", Extension: aliceToken, Claimed: "alice", People: []Person{withSecret}},
			want: "alice", by: AddressSecret},
		{name: "secret in capitals, and a key file with a line end",
			req:  Request{From: "alice@good.example", Extension: strings.ToUpper(aliceToken), Claimed: "alice", People: []Person{secretly(alice(), " k7qmx2vd4hz6tnwb\n", nil)}},
			want: "alice", by: AddressSecret},
		{name: "secret of alice, From bob", // C16
			req: Request{From: "bob@good.example", Extension: aliceToken, Claimed: "alice", People: []Person{withSecret, bob()}}, says: `is not an address of "alice"`},
		{name: "secret of alice proves alice only", // C16
			req: Request{From: "bob@good.example", Extension: aliceToken, Claimed: "bob", People: []Person{withSecret, secretly(bob(), aliceKey, nil)}}, says: "is not a secret of"},
		{name: "secret of a person who has no key", req: Request{From: "bob@good.example", Extension: aliceToken, Claimed: "bob", People: []Person{withSecret, bob()}}, says: "has no address secret"},
		{name: "the key is no secret", req: Request{From: "alice@good.example", Extension: aliceKey, Claimed: "alice", People: []Person{withSecret}}, says: "has not the form"},
		{name: "wrong secret", req: Request{From: "alice@good.example", Extension: "aaaa" + aliceToken[4:], Claimed: "alice", People: []Person{withSecret}}, says: "is not a secret"},
		{name: "the beginning of the secret", req: Request{From: "alice@good.example", Extension: aliceToken[:18], Claimed: "alice", People: []Person{withSecret}}, says: "has not the form"},
		{name: "the secret spelt another way: bits that stand for nothing",
			req: Request{From: "alice@good.example", Extension: aliceToken[:19] + otherTail(aliceToken[19]), Claimed: "alice", People: []Person{withSecret}}, says: "is not a secret"},
		{name: "empty key", req: Request{From: "alice@good.example", Extension: tokenOf("", "alice", "sofas", 0), Claimed: "alice", People: []Person{secretly(alice(), " \n", nil)}}, says: "too weak"},
		{name: "weak key, even if it matches", req: Request{From: "alice@good.example", Extension: tokenOf("hunter2", "alice", "sofas", 0), Claimed: "alice", People: []Person{secretly(alice(), "hunter2", nil)}}, says: "too weak"},
		{name: "secret where the owner of the domain forbids it: dmarc=fail", req: Request{From: "alice@good.example", Extension: aliceToken, Claimed: "alice", People: []Person{withSecret},
			Fields: header(one(` mx.example.org; dmarc=fail header.from=good.example`), nil)}, says: "dmarc=fail, so the extension was not compared"},
		{name: "secret, and dmarc=fail of another From", req: Request{From: "alice@good.example", Extension: aliceToken, Claimed: "alice", People: []Person{withSecret},
			Fields: header(one(` mx.example.org; dmarc=fail header.from=evil.example`), nil)}, want: "alice", by: AddressSecret},
		{name: "secret, and a dmarc=fail that anybody can have written", req: Request{From: "alice@good.example", Extension: aliceToken, Claimed: "alice", People: []Person{withSecret},
			Fields: header(nil, one(` mx.example.org; dmarc=fail header.from=good.example`))}, want: "alice", by: AddressSecret},
		{name: "secret, and a dmarc=fail in a message that passed no server", req: Request{From: "alice@good.example", Extension: aliceToken, Claimed: "alice", People: []Person{withSecret},
			Fields: header(one(` mx.example.org; dmarc=fail header.from=good.example`), nil)[:3]}, want: "alice", by: AddressSecret},
		{name: "secret, and dmarc=none", req: Request{From: "alice@good.example", Extension: aliceToken, Claimed: "alice", People: []Person{withSecret},
			Fields: header(one(` mx.example.org; dmarc=none header.from=good.example`), nil)}, want: "alice", by: AddressSecret},
		{name: "no extension", req: Request{From: "alice@good.example", Claimed: "alice", People: []Person{withSecret}}, says: "has no extension"},
		{name: "nobody claimed", req: Request{From: "alice@good.example", Extension: aliceToken, People: []Person{withSecret}}, says: "does not name the person"},
		{name: "a stranger claimed", req: Request{From: "alice@good.example", Extension: aliceToken, Claimed: "eve", People: []Person{withSecret}}, says: "no one person"},
		{name: "secret that alice does not accept", req: Request{From: "alice@good.example", Extension: aliceToken, Claimed: "alice",
			People: []Person{accepting(withSecret, SASL)}}, says: "does not accept address-secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.req.AuthservID = "mx.example.org"
			c.req.ClaimedApp = "sofas"
			if c.req.Recipient == "" {
				c.req.Recipient = "alice_ads@example.org"
			}
			if c.req.People == nil {
				c.req.People = []Person{alice(), bob()}
			}
			ev, err := Check(context.Background(), c.req)
			if err != nil || ev.Person != c.want || ev.Method != c.by || ev.Proven() != (c.want != "") {
				t.Errorf("%q by %q, %v; want %q by %q\n%s", ev.Person, ev.Method, err, c.want, c.by, sentences(ev))
			}
			if !strings.Contains(sentences(ev), c.says) {
				t.Errorf("nothing says %q\n%s", c.says, sentences(ev))
			}
			explained(t, ev)
		})
	}
}

// otherTail is a last character that stands for the same bytes.
func otherTail(c byte) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	return alphabet[strings.IndexByte(alphabet, c)+1:][:1]
}

// explained checks that every method has its say, in order, and that exactly
// what won is said to have passed, or more that would have.
func explained(t *testing.T, ev Evidence) {
	var order []Method
	passed := Method("")
	for _, c := range ev.Checks {
		if len(order) == 0 || order[len(order)-1] != c.Method {
			order = append(order, c.Method)
		}
		if c.Passed && passed == "" {
			passed = c.Method
		}
		if c.Why == "" || strings.HasSuffix(c.Why, ".") {
			t.Errorf("%s: not a sentence of ours: %q", c.Method, c.Why)
		}
	}
	if !slices.Equal(order, methods) {
		t.Errorf("methods tried: %v", order)
	}
	if passed != ev.Method {
		t.Errorf("proven by %q, but %q passed first", ev.Method, passed)
	}
}

// C16: the proven address is spelt as the settings spell it, so that a job
// has one key however a phone writes the sender.
func TestAddressSpelling(t *testing.T) {
	p := Person{Name: "alice", Addresses: []string{"other@x.example", "Alice@good.example"}, Logins: []string{"alice"}}
	ev, _ := Check(context.Background(), Request{From: "aLICE@Good.Example", SASLLogin: "alice", People: []Person{p}})
	if ev.Address != "Alice@good.example" {
		t.Errorf("proven address %q", ev.Address)
	}
}

// C29: neither the secret nor what was tried as one is in any sentence.
func TestSecretNotShown(t *testing.T) {
	for _, extension := range []string{aliceToken, aliceKey, "wrongwrongwrongwrong"} {
		ev, _ := Check(context.Background(), Request{From: "alice@good.example", Extension: extension, Claimed: "alice", ClaimedApp: "sofas",
			People: []Person{secretly(alice(), aliceKey, nil)}})
		if said := sentences(ev); strings.Contains(said, extension) || strings.Contains(said, aliceKey) {
			t.Errorf("a secret is shown:\n%s", said)
		}
	}
}

// The secret is not resolved where it cannot decide: that may run a command.
func TestSecretNotResolved(t *testing.T) {
	p := alice()
	p.Secret = func() (string, error) { t.Error("resolved"); return "", nil }
	for _, req := range []Request{
		{From: "alice@good.example", Claimed: "alice"},
		{From: "alice@good.example", Extension: "x"},
		{From: "bob@good.example", Extension: "x", Claimed: "alice"},
		{From: "alice@good.example", Extension: "x", Claimed: "alice", SASLLogin: "alice"},
		{Extension: "x", Claimed: "alice"},
		{From: "alice@good.example", Extension: "x", Claimed: "alice", People: []Person{accepting(p, SASL)}},
	} {
		if req.People == nil {
			req.People = []Person{p}
		}
		if req.ClaimedApp = "sofas"; req.Claimed == "" {
			req.ClaimedApp = ""
		}
		if _, err := Check(context.Background(), req); err != nil {
			t.Error(err)
		}
	}
}

func TestTemporary(t *testing.T) {
	broken := errors.New("agent locked")
	unreadable := Request{From: "alice@good.example", Extension: aliceToken, Claimed: "alice", ClaimedApp: "sofas",
		People: []Person{secretly(alice(), "", broken)}}
	unsure := header(one(` mx.example.org; dmarc=temperror header.from=good.example`), nil)

	ev, err := Check(context.Background(), unreadable)
	if !errors.Is(err, ErrTemporary) || !errors.Is(err, broken) || ev.Proven() {
		t.Errorf("unreadable secret: %v", err)
	}
	if strings.Contains(sentences(ev), "agent locked") {
		t.Error("the words of a secret's command are in a sentence")
	}

	for name, c := range map[string]struct {
		req  Request
		want bool // temporary
	}{
		"temperror": {Request{From: "alice@good.example", Fields: unsure, People: []Person{alice()}}, true}, // C14
		"temperror, but a login proves it": {
			Request{From: "alice@good.example", Fields: unsure, SASLLogin: "alice", People: []Person{alice()}}, false},
		"temperror, but the secret proves it": {
			Request{From: "alice@good.example", Fields: unsure, Extension: aliceToken, Claimed: "alice", ClaimedApp: "sofas", People: []Person{secretly(alice(), aliceKey, nil)}}, false},
		"temperror about nobody, who would never be proven": {
			Request{From: "eve@good.example", Fields: unsure, People: []Person{alice()}}, false},
		"temperror of a method that alice does not accept": {
			Request{From: "alice@good.example", Fields: unsure, People: []Person{accepting(alice(), SASL)}}, false},
	} {
		c.req.AuthservID = "mx.example.org"
		ev, err := Check(context.Background(), c.req)
		if errors.Is(err, ErrTemporary) != c.want || (err == nil) == c.want {
			t.Errorf("%s: %v\n%s", name, err, sentences(ev))
		}
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Check(ctx, Request{}); !errors.Is(err, ErrTemporary) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// C14: an admin can see why a field of ours did not count.
func TestNotes(t *testing.T) {
	req := specimen{
		above: []string{dmarcPass, ` mx.other.example; none`, " \x00"},
		below: []string{dmarcPass, dmarcPass, ` elsewhere.example; none`},
	}.request()
	ev, err := Check(context.Background(), req)
	if err != nil || !ev.Proven() {
		t.Fatal(err, sentences(ev))
	}
	got := findings(ev, AuthenticationResults)
	if len(got) != 4 || !got[0].Passed || got[1].Passed || got[2].Passed || got[3].Passed {
		t.Fatalf("%+v", got)
	}
	for i, want := range []string{`2 Authentication-Results of "mx.example.org" below`, `"mx.other.example"`, "without a readable authserv-id"} {
		if !strings.Contains(got[i+1].Why, want) {
			t.Errorf("%q does not say %q", got[i+1].Why, want)
		}
	}
	if why(ev, SASL) == "" || why(ev, AddressSecret) == "" {
		t.Error("a method is silent")
	}
}

// What the mail chooses cannot make a sentence long or move the cursor.
func TestShown(t *testing.T) {
	got := shown("\x1b[2J" + strings.Repeat("é", 100))
	if strings.ContainsAny(got, "\x1b") || len(got) > 500 || !strings.HasSuffix(got, "…") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
