package filter_test

// A small DKIM signer (RFC 6376 §5) for the corpus. It signs whatever a
// DKIM-Signature field says, also what no signer should, and shares no code
// with the verifier.

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// signKeys are made once, by the placeholders that stand for them. The short one
// needs GODEBUG=rsa1024min=0.
var signKeys = sync.OnceValue(func() map[string]crypto.Signer {
	keys := map[string]crypto.Signer{"ED25519": ed25519.NewKeyFromSeed(make([]byte, 32))}
	for name, bits := range map[string]int{"RSA": 2048, "RSA1024": 1024, "RSA512": 512} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		keys[name] = key
	}
	return keys
})

// publicKeys fills in the keys of a dns file.
func publicKeys(dns string) string {
	for name, key := range signKeys() {
		public, _ := key.Public().(ed25519.PublicKey)
		if name != "ED25519" {
			public, _ = x509.MarshalPKIXPublicKey(key.Public())
		}
		dns = strings.ReplaceAll(dns, "@"+name+"@", base64.StdEncoding.EncodeToString(public))
	}
	return dns
}

// sign fills in the signatures of a message. If it has been changed since,
// they are those of signed, field by field.
func sign(t *testing.T, message, signed string) string {
	if signed == "" {
		signed = message
	}
	_, text, mbox := strings.Cut(signed, "\n")
	if !strings.HasPrefix(signed, "From ") || !mbox {
		text = signed
	}
	header, body, _ := strings.Cut(text, "\n\n")
	fields := regexp.MustCompile(`\n[^ \t]`).FindAllStringIndex("\n"+header, -1)
	var all []string
	for i, at := range fields {
		end := len(header)
		if i+1 < len(fields) {
			end = fields[i+1][0]
		}
		all = append(all, strings.TrimSuffix(header[at[0]:end], "\n"))
	}
	for _, f := range all {
		if strings.Contains(f, "@B@") {
			bh, b := signature(t, all, f, body)
			message = strings.Replace(message, "@BH@", bh, 1)
			message = strings.Replace(message, "@B@", b, 1)
		}
	}
	return message
}

var tagOf = func(field, name string) string {
	m := regexp.MustCompile(`(?s)[;:]\s*` + name + `\s*=([^;]*)`).FindStringSubmatch(field)
	if m == nil {
		return ""
	}
	return strings.Join(strings.Fields(m[1]), "")
}

// signature returns bh= and b= for a field of the header.
func signature(t *testing.T, header []string, field, body string) (bh, b string) {
	hash := crypto.SHA256
	if strings.HasSuffix(tagOf(field, "a"), "sha1") {
		hash = crypto.SHA1
	}
	inHeader, inBody, _ := strings.Cut(tagOf(field, "c")+"/", "/")
	text := canonicalBody(body, strings.HasPrefix(inBody, "relaxed"))
	if n, err := strconv.Atoi(tagOf(field, "l")); err == nil {
		text = text[:n]
	}
	bh = base64.StdEncoding.EncodeToString(digest(hash, text))
	var data strings.Builder
	picked := map[string]int{}
	for _, name := range strings.Split(tagOf(field, "h"), ":") {
		if f := pick(header, name, picked); f != "" {
			data.WriteString(canonicalField(f, inHeader == "relaxed") + "\r\n")
		}
	}
	unsigned := emptyB.ReplaceAllString(strings.Replace(field, "@BH@", bh, 1), "") // RFC 6376 §3.7
	data.WriteString(canonicalField(unsigned, inHeader == "relaxed"))
	return bh, base64.StdEncoding.EncodeToString(signHash(t, field, hash, digest(hash, data.String())))
}

var emptyB = regexp.MustCompile(`\s*@B@=?\s*`)

func signHash(t *testing.T, field string, hash crypto.Hash, sum []byte) []byte {
	name, opts := "RSA", crypto.SignerOpts(hash)
	switch s := tagOf(field, "s"); {
	case strings.HasPrefix(tagOf(field, "a"), "ed25519"):
		name, opts = "ED25519", crypto.Hash(0) // RFC 8463 §3: the hash itself is signed
	case strings.Contains(s, "1024"):
		name = "RSA1024"
	case strings.Contains(s, "512"):
		name = "RSA512"
	}
	b, err := signKeys()[name].Sign(rand.Reader, sum, opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func digest(hash crypto.Hash, text string) []byte {
	h := hash.New()
	h.Write([]byte(text))
	return h.Sum(nil)
}

// pick takes fields of a name from the bottom up (RFC 6376 §5.4.2).
func pick(header []string, name string, picked map[string]int) string {
	name = strings.ToLower(name)
	skip := picked[name]
	for i := len(header) - 1; i >= 0; i-- {
		if n, _, _ := strings.Cut(header[i], ":"); !strings.EqualFold(strings.TrimSpace(n), name) {
			continue
		}
		if skip == 0 {
			picked[name]++
			return header[i]
		}
		skip--
	}
	return ""
}

var blanks = regexp.MustCompile(`[ \t]+`)

// canonicalField follows RFC 6376 §3.4.1 and §3.4.2, without the line end.
func canonicalField(field string, relaxed bool) string {
	if !relaxed {
		return strings.ReplaceAll(field, "\n", "\r\n")
	}
	name, value, _ := strings.Cut(field, ":")
	value = blanks.ReplaceAllString(strings.ReplaceAll(value, "\n", ""), " ")
	return strings.ToLower(strings.TrimRight(name, " \t")) + ":" + strings.Trim(value, " ")
}

// canonicalBody follows RFC 6376 §3.4.3 and §3.4.4.
func canonicalBody(body string, relaxed bool) string {
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	for i, line := range lines {
		if relaxed {
			lines[i] = strings.TrimRight(blanks.ReplaceAllString(line, " "), " ")
		}
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 && relaxed {
		return ""
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}
