package auth

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// The signed message of RFC 8463 appendix A.3, and its keys.
const (
	joesEd25519 = ` v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==`
	joesRSA = ` v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=`
	joesSubject = " Is dinner ready?"
	joesBody    = "Hi.\n\nWe lost the game.  Are you hungry yet?\n\nJoe.\n"
)

var joesKeys = map[string]string{
	"brisbane._domainkey.football.example.com.": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
	"test._domainkey.football.example.com.": "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/b" +
		"yYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
}

// joesMail is that message with one of its signatures, or anything instead.
func joesMail(signature, subject, body string) Request {
	fields := []Field{
		{"DKIM-Signature", signature},
		{"From", " Joe SixPack <joe@football.example.com>"},
		{"To", " Suzie Q <suzie@shopping.example.net>"},
		{"Subject", subject},
		{"Date", " Fri, 11 Jul 2003 21:00:37 -0700 (PDT)"},
		{"Message-ID", " <20030712040037.46341.5F8J@football.example.com>"},
	}
	return Request{
		Fields: fields, From: "joe@football.example.com", Recipient: "suzie@shopping.example.net",
		People:  []Person{{Name: "joe", Addresses: []string{"joe@football.example.com"}}},
		Message: func() io.Reader { return strings.NewReader("X: y\n\n" + body) },
		LookupTXT: func(_ context.Context, name string) ([]string, error) {
			if key, ok := joesKeys[name]; ok {
				return []string{key}, nil
			}
			return nil, &net.DNSError{IsNotFound: true}
		},
		Now: time.Unix(1600000000, 0),
	}
}

// RFC 8463 appendix A: a signer that is not ours.
func TestDKIMVectors(t *testing.T) {
	for _, signature := range []string{joesEd25519, joesRSA} {
		ev, err := Check(t.Context(), joesMail(signature, joesSubject, joesBody))
		if err != nil || ev.Person != "joe" || ev.Method != DKIM || ev.Signature != "" {
			t.Errorf("%v\n%s", err, sentences(ev))
		}
		if ev, _ := Check(t.Context(), joesMail(signature, joesSubject, joesBody+"x")); ev.Proven() {
			t.Error("a changed body is proven")
		}
	}
}

// A signature has one spelling, since it may stand for its message: of the last
// letter only some bits count, and other readers let any pass that have those.
func TestDKIMSpelling(t *testing.T) {
	ev, err := Check(t.Context(), joesMail(strings.Replace(joesRSA, "+8=", "+9=", 1), joesSubject, joesBody))
	if err != nil || ev.Proven() || !strings.Contains(sentences(ev), "is not base64") {
		t.Errorf("%v\n%s", err, sentences(ev))
	}
}

// A signature that ends needs to know what time it is.
func TestDKIMTimeUnknown(t *testing.T) {
	for _, tag := range []string{"x=4102444800", "t=1528637909"} {
		req := joesMail(strings.Replace(joesRSA, "t=1528637909", tag, 1), joesSubject, joesBody)
		req.Now = time.Time{}
		ev, _ := Check(t.Context(), req)
		if said := sentences(ev); !strings.Contains(said, "expired") && !strings.Contains(said, "in the future") {
			t.Errorf("%s:\n%s", tag, said)
		}
	}
}

// The message is not read and nothing is asked where that can prove nobody.
func TestDKIMNotTried(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"not accepted": func(r *Request) { r.People[0].Accept = []Method{SASL} },
		"not needed":   func(r *Request) { r.SASLLogin = "joe@football.example.com" },
		"nobody's":     func(r *Request) { r.From = "eve@football.example.com" },
		"not to us":    func(r *Request) { r.Recipient = "eve@shopping.example.net" },
	} {
		req := joesMail(joesRSA, joesSubject, joesBody)
		change(&req)
		req.Message = func() io.Reader { t.Errorf("%s: the message is read", name); return strings.NewReader("") }
		req.LookupTXT = func(context.Context, string) ([]string, error) {
			t.Errorf("%s: the DNS is asked", name)
			return nil, nil
		}
		if _, err := Check(t.Context(), req); err != nil {
			t.Error(err)
		}
	}
}

// collapsed is what relaxed canonicalization keeps of a text, roughly.
func collapsed(s string) string { return strings.Join(strings.Fields(s), " ") }

// Whatever is changed in a signed message, nothing is proven but what the
// signer had signed.
func FuzzDKIM(f *testing.F) {
	f.Add(joesEd25519, joesSubject, joesBody)
	f.Add(joesRSA, joesSubject, joesBody)
	f.Add(strings.Replace(joesRSA, "q=dns/txt", "l=3; x=99", 1), joesSubject+"\n\tx", joesBody+"\r\n")
	f.Add(" v=1; d=a.football.example.com; s=x", "", "\r")
	f.Fuzz(func(t *testing.T, signature, subject, body string) {
		if strings.Contains(strings.NewReplacer("\n ", "", "\n\t", "").Replace(signature+"\n "+subject), "\n") || strings.HasSuffix(signature, "\n") {
			t.Skip("no header that filter lets pass")
		}
		for _, s := range []string{signature, joesEd25519} {
			ev, err := Check(t.Context(), joesMail(s, subject, body))
			if err != nil {
				t.Fatal(err)
			}
			if ev.Proven() && (collapsed(subject) != collapsed(joesSubject) || collapsed(body) != collapsed(joesBody)) {
				t.Errorf("%q, %q, %q is proven", s, subject, body)
			}
		}
	})
}

func TestAligned(t *testing.T) {
	for _, c := range []struct {
		domain, from, record string // of the organisational domain
		want                 bool
	}{
		{"good.example", "good.example", "v=DMARC1; p=none; adkim=s", true},
		{"good.example", "a.good.example", "", true},
		{"a.good.example", "b.a.good.example", "", true},
		{"good.example", "a.good.example", "v=DMARC1; p=none", true},
		{"good.example", "a.good.example", "v=DMARC1; p=none; adkim=s", false},
		{"good.example", "a.good.example", "v=DMARC1; adkim=s", false},
		{"good.example", "a.good.example", "v=DMARC1; p=none; adkim=x", false},
		{"a.good.example", "good.example", "", false},
		{"a.good.example", "good.example", "v=DMARC1; p=none", true},
		{"a.good.example", "good.example", " v=DMARC1; p=none", false},
		{"a.good.example", "good.example", "v=DMARC1; p=maybe", false},
		{"a.good.example", "good.example", "v=DMARC1; p=none; p=none", false},
		{"a.good.example", "good.example", "v=DMARC10; p=none", false},
		{"a.good.example", "b.good.example", "v = DMARC1 ; p = Reject ; adkim = R ;", true},
		{"a.good.example", "b.good.example", "", false},
		{"good.co.uk", "a.good.co.uk", "", true},
		{"co.uk", "good.co.uk", "v=DMARC1; p=none", false},
		{"evil.co.uk", "good.co.uk", "v=DMARC1; p=none", false},
		{"evilgood.example", "good.example", "v=DMARC1; p=none", false},
		{"", "good.example", "v=DMARC1; p=none", false},
		{"good.example", "a b.good.example", "v=DMARC1; p=none", false},
	} {
		r := newResolver(t.Context(), func(_ context.Context, name string) ([]string, error) {
			if c.record == "" || strings.Count(name, ".") > 3 {
				return nil, &net.DNSError{IsNotFound: true}
			}
			return []string{"unrelated", c.record}, nil
		})
		if got, err := r.aligned(c.domain, c.from, adkim); got != c.want || err != nil {
			t.Errorf("%s for %s with %q: %t, %v", c.domain, c.from, c.record, got, err)
		}
	}
}

// All questions of one message have one time limit, and no name is asked twice.
func TestResolverTime(t *testing.T) {
	asked := 0
	r := newResolver(t.Context(), func(ctx context.Context, _ string) ([]string, error) {
		asked++
		<-ctx.Done()
		return nil, ctx.Err()
	})
	r.left = 20 * time.Millisecond
	for _, name := range []string{"a.example", "b.example", "a.example"} {
		if _, err := r.txt(name); !errors.Is(err, ErrTemporary) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked != 2 || r.left > 0 {
		t.Errorf("asked %d times, %v left", asked, r.left)
	}
}

func TestParseTags(t *testing.T) {
	for list, want := range map[string]string{
		"a=b; c = d=e\r\n\t;": "a=b c=d=e", "": "", " ; ; ": "", "a_1=": "a=", "a=b;a=b": "error", "a": "error", "=b": "error",
		"1a=b": "error", "a b=c": "error", "a=\x00": "error", "a=\xff": "error", "A=b;a=c": "A=b a=c",
	} {
		tags, err := parseTags(list)
		for _, pair := range strings.Fields(want) {
			name, value, ok := strings.Cut(pair, "=")
			switch {
			case !ok && err == nil, ok && err != nil:
				t.Errorf("%q: %v, %v", list, tags, err)
			case ok && list != "a_1=" && tags[name] != value:
				t.Errorf("%q: %v", list, tags)
			}
		}
		if want == "" && (err != nil || len(tags) > 0) {
			t.Errorf("%q: %v, %v", list, tags, err)
		}
	}
}

func TestALabels(t *testing.T) {
	for in, want := range map[string]string{
		"Good.Example": "good.example", "bücher.example": "xn--bcher-kva.example", "Bücher.example": "xn--bcher-kva.example",
		"xn--bcher-kva.example": "xn--bcher-kva.example", "ｇood.example": "", "good。example": "", "example": "", "": "", "good.example.": "",
		"a..b": "", "-a.example": "", "a_b.example": "", "[192.0.2.1]": "", "a b.example": "", "good.example\n": "",
		strings.Repeat("a", 64) + ".example": "", strings.Repeat("a.", 127) + "ab": "", strings.Repeat("ü", 1000) + ".example": "",
	} {
		if got := aLabels(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A body comes as it was signed, however it is read.
func TestBody(t *testing.T) {
	for in, want := range map[string]string{
		"A: b\n\nx\ny\n": "x\r\ny\r\n", "A: b\r\n\r\nx\r\n": "x\r\n", "A: b\n c\n\n\nx": "\r\nx", "A: b\n": "", "A: b\n \n\nx": "x",
		"A: " + strings.Repeat("b", 1<<17) + "\n\nx": "x", "A: b\n\nx\ry": "bare CR", "A: b\n\nx\r": "bare CR", "A: b\n\nx\r\r\n": "bare CR",
	} {
		for _, slow := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader, iotest.HalfReader} {
			body, err := bodyOf(slow(strings.NewReader(in)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(&wireReader{in: slow(body)})
			if errors.Is(err, errBareCR) {
				got = []byte("bare CR")
			}
			if string(got) != want {
				t.Errorf("%.30q: %q, want %q", in, got, want)
			}
		}
	}
	broken := errors.New("disk")
	if _, err := bodyOf(iotest.ErrReader(broken)); !errors.Is(err, ErrTemporary) || !errors.Is(err, broken) {
		t.Errorf("unreadable: %v", err)
	}
}

// What cannot be read of the message may be readable later.
func TestDKIMUnreadable(t *testing.T) {
	req := joesMail(joesRSA, joesSubject, joesBody)
	req.Message = func() io.Reader {
		return io.MultiReader(strings.NewReader("X: y\n\nHi"), iotest.ErrReader(errors.New("disk")))
	}
	if ev, err := Check(t.Context(), req); !errors.Is(err, ErrTemporary) || ev.Proven() {
		t.Errorf("%v\n%s", err, sentences(ev))
	}
}

// C24: what a header can make us do is bounded, and a limit proves nothing.
func TestDKIMLimits(t *testing.T) {
	start := time.Now()
	folds := strings.Repeat("\n x", 300_000)
	for name, change := range map[string]func(*Request){
		"larger than 262144 bytes, or a field of it than 65536": func(r *Request) { r.Fields[3].Value = folds },
		"longer than 16384 bytes":                               func(r *Request) { r.Fields[0].Value += folds },
		"the signed header is larger than": func(r *Request) {
			r.Fields[0].Value = strings.Replace(joesRSA, "h=", "h=x:", 1)
			for range 20 {
				r.Fields = append(r.Fields, Field{"X", folds[:60<<10]})
			}
		},
		"of 1900 signatures that could prove the author only 5 were verified": func(r *Request) {
			for range 1900 {
				r.Fields = append(r.Fields, Field{"DKIM-Signature", strings.Replace(joesRSA, "s=test", "s=other", 1)})
			}
			r.Fields[0].Name = "X"
		},
		"more than 10000 empty lines": func(r *Request) {
			whole := r.Message
			r.Message = func() io.Reader { return io.MultiReader(whole(), strings.NewReader(strings.Repeat("\r\n", 10_002))) }
		},
		"its key record is longer than 8192 bytes": func(r *Request) {
			r.LookupTXT = func(context.Context, string) ([]string, error) {
				return []string{"n=" + strings.Repeat("x", 8192) + ";" + joesKeys["test._domainkey.football.example.com."]}, nil
			}
		},
	} {
		req := joesMail(joesRSA, joesSubject, joesBody)
		change(&req)
		ev, err := Check(t.Context(), req)
		if err != nil || ev.Proven() || !strings.Contains(sentences(ev), name) {
			t.Errorf("%s: %v\n%s", name, err, sentences(ev))
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
