package filter

import (
	"slices"
	"strings"
	"testing"
)

const register = `
- {name: register, recipient: register@example.org, do: register, invite: ["@example.net", Zoe@example.com]}
- {name: ads, recipient: ["{person}_{app}@example.org"], do: post}
- {name: garage, recipient: garage@example.org, do: post, person: fred, app: sofas}
- {name: any, recipient: "*_{app}@example.com", do: post, person: ann.b}
- {name: by name, recipient: "{person}@bikes.example", do: post, app: bikes-ch}
`

func registered() []*Person {
	return []*Person{
		{Name: "zoe", Addresses: []string{"zoe@example.com"}, Key: "zoe's own key, quite long"},
		{Name: "fred", Addresses: []string{"another.fred@example.com"}}, // the owner's fred stays fred
		{Name: "thief", Addresses: []string{"Fred@example.org"}},        // and keeps his address
		{Name: "zoe", Addresses: []string{"zoe@example.net"}},
	}
}

// Who has registered is named by a recipient like the owner's people, and takes
// nothing from them.
func TestRegisteredPeople(t *testing.T) {
	s := parse(t, household+register)
	m := open(t, "From: zoe@example.com\nSubject: x\n\nx\n")
	e := Envelope{Recipient: "zoe_sofas@example.org"}
	v, err := s.Decide(m, e, nil)
	if err != nil || v.Action != Undecided || v.Person != "" || !strings.Contains(words(v), `person "zoe" is not known yet`) {
		t.Errorf("before the people are known: %+v, %v", v, err)
	}
	all := s.WithRegistered(registered())
	if got := all.PersonNames(); !slices.Equal(got, []string{"fred", "ann.b", "zoe"}) {
		t.Errorf("people: %q", got)
	}
	v, err = all.Decide(m, e, nil)
	if err != nil || v.Action != Undecided || v.Person != "zoe" || v.App != "sofas" {
		t.Errorf("with the people: %+v, %v", v, err)
	}
	if v, err = s.WithRegistered(nil).Decide(m, e, nil); err != nil || v.Rule != NoRule {
		t.Errorf("without zoe: %+v, %v", v, err)
	}
	request := all.AuthRequest(m, e, v, func(Source) func() (string, error) { return nil })
	key, err := request.People[2].Secret()
	if key != "zoe's own key, quite long" || err != nil || request.People[0].Name != "fred" {
		t.Errorf("key %q, %v", key, err)
	}
}

// Who is invited may ask to register; nobody else is answered (C17).
func TestRegister(t *testing.T) {
	s := parse(t, household+register)
	for _, tt := range []struct {
		header string
		sender Envelope
		want   Action
	}{
		{"From: zoe@EXAMPLE.com", Envelope{}, Register},
		{"From: Any One <anyone@example.net>", Envelope{}, Register},
		{"From: x@sub.example.net", Envelope{}, Hold},
		{"From: x@example.org", Envelope{Sender: "zoe@example.com", SenderKnown: true}, Hold},
		{"From: zoe@example.com", Envelope{SenderKnown: true}, Drop},
		{"From: zoe@example.com\nAuto-Submitted: auto-replied", Envelope{}, Drop},
		{"From: zoe@example.com\nList-Id: <a.b>", Envelope{}, Drop},
		{"From: zoe@example.com\nPrecedence: bulk", Envelope{}, Drop},
	} {
		tt.sender.Recipient = "register+abc@example.org"
		v, err := s.Decide(open(t, tt.header+"\nSubject: x\n\nx\n"), tt.sender, nil)
		if err != nil || v.Action != tt.want {
			t.Errorf("%q: %s because %s, %v; want %s", tt.header, v.Action, v.Why, err, tt.want)
		}
	}
	for _, e := range []Envelope{{Recipient: "register@example.org"}, {Recipient: "register@example.org", Sender: "zoe@example.com", SenderKnown: true}} {
		v, err := s.Decide(open(t, "From: zoe@example.com, a@b.c\nSubject: x\n\nx\n"), e, nil)
		if v.Action == Register || err == nil == !e.SenderKnown {
			t.Errorf("two authors: %+v, %v", v, err)
		}
	}
}

func TestCheckPerson(t *testing.T) {
	s := parse(t, household+register+"- {name: zeros, recipient: '{person}0{app}@zero.example', do: hold}\n").WithRegistered(registered())
	for _, tt := range []struct{ name, address, want string }{
		{"new", "new@Example.NET", ""},
		{"zoe", "new@example.net", "there is a person"},
		{"new", "ZOE@example.com", "an address of zoe"},
		{"new", "fred@example.org", "an address of fred"},
		{"new", "not an address", "not a plain mail address"},
		{"New One", "new@example.net", "is made of"},
		{"", "new@example.net", "is made of"},
		{strings.Repeat("x", 61), "new@example.net", "is made of"},
		{"new0one", "new@example.net", `rule "zeros"`},
	} {
		got, err := s.CheckPerson(tt.name, tt.address)
		switch {
		case tt.want == "" && (err != nil || got != "new@example.net"):
			t.Errorf("%s: %q, %v", tt.name, got, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s, %s: %v, want %s", tt.name, tt.address, err, tt.want)
		}
	}
}

func TestPostAddresses(t *testing.T) {
	s := parse(t, household+register)
	for person, want := range map[string][]PostAddress{
		"fred": {{"sofas", "fred_sofas@example.org"}, {"bikes-ch", "fred_bikes-ch@example.org"}},
		"zoe":  {{"sofas", "zoe_sofas@example.org"}, {"bikes-ch", "zoe_bikes-ch@example.org"}},
	} {
		if got := s.PostAddresses(person); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", person, got, want)
		}
	}
	s = parse(t, household+"- {name: garage, recipient: garage@example.org, do: post, person: fred, app: sofas}\n")
	if got := s.PostAddresses("fred"); !slices.Equal(got, []PostAddress{{"sofas", "garage@example.org"}}) || s.PostAddresses("ann.b") != nil {
		t.Errorf("garage: %v", got)
	}
}
