package flow

import (
	"fmt"
	"net/url"
	"strings"
)

// Origin is a part of the web that a run may reach (C28).
type Origin struct {
	Scheme string // http or https
	Host   string // in lower case; without the leading "*." if Below
	Port   string
	Below  bool // any host below Host, and not Host itself
}

// ParseOrigin reads scheme://host[:port], where the host may begin with "*.".
// A path is an error unless it is just "/".
func ParseOrigin(s string) (Origin, error) {
	wrong := func(why string) (Origin, error) {
		return Origin{}, fmt.Errorf("%q is no origin such as https://www.example.org: %s", s, why)
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return wrong("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return wrong("it must begin with http:// or https://")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return wrong("only a scheme, a host and a port belong there")
	}
	o := OriginOf(u)
	o.Host, o.Below = strings.CutPrefix(o.Host, "*.")
	switch {
	case o.Host == "":
		return wrong("the host is missing")
	case strings.Contains(o.Host, "*"):
		return wrong("a * can only stand for the beginning of the host, as in *.example.org")
	case o.Below && !strings.Contains(o.Host, "."):
		return wrong("that is most of the web")
	case !isASCII(o.Host):
		return wrong("write the host as the browser does, with xn--")
	}
	return o, nil
}

// OriginOf gives a URL's own origin.
func OriginOf(u *url.URL) Origin {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return Origin{Scheme: u.Scheme, Host: strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), Port: port}
}

// Covers tells whether other lies in o.
func (o Origin) Covers(other Origin) bool {
	if o.Scheme != other.Scheme || o.Port != other.Port {
		return false
	}
	if o.Below {
		return strings.HasSuffix(other.Host, "."+o.Host)
	}
	return o.Host == other.Host
}

// String gives the origin as it is written.
func (o Origin) String() string {
	host := o.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if o.Below {
		host = "*." + host
	}
	if o.Port == map[string]string{"http": "80", "https": "443"}[o.Scheme] {
		return o.Scheme + "://" + host
	}
	return o.Scheme + "://" + host + ":" + o.Port
}

func isASCII(s string) bool {
	for _, c := range []byte(s) {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
