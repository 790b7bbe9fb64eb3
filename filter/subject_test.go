package filter

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// C21: whatever it is spelled like, it is the same subject.
func TestFold(t *testing.T) {
	const want = "make money fast"
	for _, raw := range []string{
		" Make money fast",
		"MAKE MONEY FAST",
		"  Make \t money\n  fast  ",
		"Make\r\n money fast",
		"=?utf-8?B?TWFrZSBtb25leSBmYXN0?=",
		"=?utf-8?B?TWFrZSBtb25leSBmYXN0IA?=",
		"=?UTF-8*en?q?Make_money_fast?=",
		"=?utf-8?Q?Make money fast?=",
		"=?utf-8?q?Make?= =?utf-8?q?_money?=\n =?utf-8?b?IGZhc3Q=?=",
		"=?iso-8859-1?q?Make?= money =?windows-1252?q?fast?=",
		"=?x-nonsense?q?Make_money_fast?=",
		"=?utf-16be?b?AE0AYQBrAGUAIABtAG8AbgBlAHkAIABmAGEAcwB0?=",
		"=?utf-7?q?Make_+AG0-oney_fast?=",
		"Make\u00a0money\u3000fast",
		"M\u200bake\u2060 mo\u00adney f\ufeffast",
		"\u202eMake\u202c money \u2066fast\u2069",
		"Ma\ufe0fke mon\u034fey fa\U000e0041st",
		"Make\x00 mo\x07ney fast\x1b",
		"=?utf-8?q?Make=00_money=0A_fast?=",
		"\x7fMake money fast",
	} {
		if got := fold(raw); got != want {
			t.Errorf("fold(%q) = %q", raw, got)
		}
	}
	pairs := [][2]string{
		{"Straße", "STRASSE"},
		{"Cafe\u0301", "=?iso-8859-1?q?CAF=C9?="},
		{"Caf\xe9", "café"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος"},
		{"Ꮟ", "ꮟ"},
		{"=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "€"}, // a letter split over two words
		{"=?utf-8?q?=E2=82?= =?utf-8?b?rA==?=", "€"},
		{"=?iso-2022-jp?b?GyRCJUYlOSVIGyhC?=", "テスト"},
		{"=?gb2312?b?suLK1A==?=", "测试"},
		{"=?koi8-r?b?8NLJ18XU?=", "привет"},
		{"=?iso-8859-1?q?f=C3=BCr?=", "für"}, // UTF-8, labelled wrong
		{"=?us-ascii?q?f=FCr?=", "für"},
		{"=?utf-8?q?f=FCr?=", "für"},
		{"=?utf-8?q?50%?= off", "50% off"},
		{"=?utf-8?q?a?=b=?utf-8?q?c?=", "abc"},
		{"=?utf-8?q??=", ""},
		{"1 = 2?", "1 = 2?"},
		{"=?utf-8?q?why?_me?=", "why? me"},
	}
	for _, p := range pairs {
		if a, b := fold(p[0]), fold(p[1]); a != b {
			t.Errorf("fold(%q) = %q, fold(%q) = %q", p[0], a, p[1], b)
		}
	}
	for _, raw := range []string{"Make money faster", "Makemoney fast", ""} {
		if fold(raw) == want {
			t.Errorf("%q folds to %q", raw, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, seed := range []string{"Make money", "=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "=?utf-7?q?+AG0-?=", "\xff\xfe", "İSTANBUL", "=?hz-gb-2312?q?~{VPND~}?="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		folded := fold(raw)
		if !utf8.ValidString(folded) || strings.ContainsAny(folded, "\r\n\x00\u200b\ufffd") {
			t.Errorf("fold(%q) = %q", raw, folded)
		}
		if again := foldText(comparableText(folded)); again != folded {
			t.Errorf("fold(%q) = %q, and folded again %q", raw, folded, again)
		}
	})
}

func TestDecodeUTF7(t *testing.T) {
	for in, want := range map[string]string{"a+-b": "a+b", "+AOQ-": "ä", "Hi+AOQ!": "Hiä!", "+2D3eAA-": "😀", "+A": ""} {
		if got := decodeUTF7(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
