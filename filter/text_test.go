package filter

import "testing"

// C22: HTML-only mail as its reader sees it.
func TestHTMLText(t *testing.T) {
	tests := []struct{ name, html, want string }{
		{"words", "a  b\n\tc", "a b c"},
		{"inline", "<b>bo</b>ld <i> it</i>", "bold it"},
		{"entities", "Tom &amp; Jerry &lt;3 &euro;40 &nbsp;x", "Tom & Jerry <3 €40 \u00a0x"},
		{"paragraphs", "<p>one</p>\n<p>two</p>", "one\n\ntwo"},
		{"breaks", "one<br>two<br/>three<br><br>four", "one\ntwo\nthree\n\nfour"},
		{"many breaks", "one<br><br><br><br><br>two", "one\n\n\ntwo"},
		{"divs", "<div>one</div><div>two<div>three</div></div>four", "one\ntwo\nthree\nfour"},
		{"empty div", "<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"},
		{"list", "x<ul><li>one</li><li> two</ul>y", "x\n\n- one\n- two\n\ny"},
		{"table", "<table><tr><td>a<td>b<tr><td>c</table>d", "a b\nc\n\nd"},
		{"pre", "<pre>a  b\n  c</pre>d", "a  b\n  c\n\nd"},
		{"letters that end in a blank's byte", "à<b>b</b>Å<i>c</i>", "àbÅc"},
		{"script", "a<script>alert('<p>x')</script><style>p{}</style>b<title>t</title>", "ab"},
		{"comment", "a<!-- x --><!--[if mso]>y<![endif]-->b", "ab"},
		{"hidden", `a<div style="color:red; DISPLAY : none">x<div>y</div>z</div>b<span hidden>w</span>c`, "abc"},
		{"tiny", `a<span style="font-size:0px">x</span>b<span style="font-size:0.9em">y</span>`, "aby"},
		{"invisible", `a<span style="visibility:hidden">x</span><p style="opacity:0">y</p>b`, "ab"},
		{"hidden paragraph not closed", `<p hidden>x<p>a`, "a"},
		{"hidden void", `a<img style="display:none">b`, "a b"},
		{"hidden row", `<table><tr style="display:none"><td>x</td></tr><tr><td>a</td></tr></table>`, "a"},
		{"signature", "a<div>-- <br>Fred</div>", "a\n-- \nFred"},
		{"no signature", "a<div>--<br>Fred</div>", "a\n--\nFred"},
		{"cut off", "a<div", "a"},
		{"unknown tags", "<o:p>a</o:p><x-y hidden>b</x-y>", "ab"},
		{"size of its own", `<table><td style="font-size:0px;padding:0">x<table><td style="font-size:0"><div style="font-size:13px">The sofa<div>is</div>red</div>y</td></table>z</td></table>a`, "The sofa\nis\nred\n\na"},
		{"visible in hidden", `<div style="visibility:hidden">x<ul><li>y</ul><b style="visibility:visible">a</b><b style="font-size:9px">z</b></div>b`, "a\nb"},
		{"block ends hidden paragraph", `<p style="display:none">pre<div>The sofa is red</div>`, "The sofa is red"},
		{"block ends tiny paragraph", `<p style="font-size:0">pre<div>The sofa is red</div>`, "The sofa is red"},
		{"class hidden", `<style>/* x */ .a {display:none} .b,p.c{font-size:0}</style><p class=a>x</p><p class=b>y</p><p class=c>z</p>a`, "a"},
		{"class hidden elsewhere", `<style>.x .a{display:none} .x > .b{display:none} #y .b{display:none}</style><p class=a>a</p><p class=b>b</p>`, "a\n\nb"},
		{"all hidden", `<body style="display:none"><p>a<script>x</script><style>y</style></p>`, "a"},
		{"stray ends", "</div></pre></p>a</b>", "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := joinPassages([]passage{{text: htmlText(tt.html)}})
			if tt.name == "signature" {
				got = htmlText(tt.html)
			}
			if trimEnds(got) != trimEnds(tt.want) {
				t.Errorf("%q: got %q, want %q", tt.html, got, tt.want)
			}
		})
	}
}

func trimEnds(text string) string {
	for len(text) > 0 && text[len(text)-1] == '\n' {
		text = text[:len(text)-1]
	}
	return text
}

func TestSplitSubject(t *testing.T) {
	tests := []struct{ subject, title, price string }{
		{"Sofa - $40", "Sofa", "40"},
		{"Sofa", "Sofa", ""},
		{"", "", ""},
		{"Re: Fwd: AW: Sofa", "Sofa", ""},
		{"RE[2]: Sofa", "Sofa", ""},
		{"Fw:Sofa", "Sofa", ""},
		{"Reply to Fred", "Reply to Fred", ""},
		{"Sofa 40 €", "Sofa", "40"},
		{"Sofa, 40€", "Sofa", "40"},
		{"Sofa CHF 40", "Sofa", "40"},
		{"Sofa CHF 40.-", "Sofa", "40"},
		{"Sofa Fr. 40.–", "Sofa", "40"},
		{"Sofa (40 EUR)", "Sofa", "40"},
		{"Sofa (40 EUR) red", "Sofa red", "40"},
		{"$40 Sofa", "Sofa", "40"},
		{"£1,200.50: Boat", "Boat", "1200.50"},
		{"Boat 1.200,50 €", "Boat", "1200.50"},
		{"Boat $1'200'000", "Boat", "1200000"},
		{"Lamp $12.50", "Lamp", "12.50"},
		{"Lamp $12.00", "Lamp", "12"},
		{"Lamp $007", "Lamp", "7"},
		{"Sofa for $40", "Sofa", "40"},
		{"Sofa - $40 - today", "Sofa - today", "40"},
		{"Sofa, $40, red", "Sofa, red", "40"},
		{"Sofa $40!", "Sofa", "40"},
		{"iPhone 12 $300", "iPhone 12", "300"},
		{"Sofa 40 euros", "Sofa", "40"},
		{"Sofa US$40", "Sofa", "40"},
		{"Sofa - free", "Sofa", "0"},
		{"Sofa (free)", "Sofa", "0"},
		{"Sofa, FREE!", "Sofa", "0"},
		{"Sofa for free", "Sofa", "0"},
		{"Sofa - zu verschenken", "Sofa", "0"},
		{"$40", "$40", "40"},
		// What is not certain is no price.
		{"Free sofa", "Free sofa", ""},
		{"Sugar free", "Sugar free", ""},
		{"Sofa 40", "Sofa 40", ""},
		{"Sofa $40, table $50", "Sofa $40, table $50", ""},
		{"Sofa $40-50", "Sofa $40-50", ""},
		{"Sofa $40 - $50", "Sofa $40 - $50", ""},
		{"Room $40/week", "Room $40/week", ""},
		{"Room $40 per week", "Room $40 per week", ""},
		{"Sofa 1 200 €", "Sofa 1 200 €", ""},
		{"Model X$40", "Model X$40", ""},
		{"40% off $", "40% off $", ""},
		{"Euro 6 diesel", "Euro 6 diesel", ""},
		{"Audi RS 6", "Audi RS 6", ""},
	}
	for _, tt := range tests {
		if title, p := splitSubject(tt.subject); title != tt.title || p.amount != tt.price {
			t.Errorf("%q: got %q, %q; want %q, %q", tt.subject, title, p.amount, tt.title, tt.price)
		}
	}
}

func FuzzSplitSubject(f *testing.F) {
	for _, seed := range []string{"Sofa - $40", "Re: Sofa (1.200,50 €) today", "£1 £2", "- free"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, subject string) {
		title, _ := splitSubject(readable(subject))
		if title == "" && splitable(subject) {
			t.Errorf("%q lost its title", subject)
		}
	})
}

// splitable tells whether there is anything but reply marks.
func splitable(subject string) bool {
	return replyMark.pattern().ReplaceAllString(readable(subject), "") != ""
}
