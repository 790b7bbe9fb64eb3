package flow

import (
	"strings"
	"testing"
)

// Each mistake is found, at its place.
func TestParseMistakes(t *testing.T) {
	const head = "origins: [https://a.org]\nsteps:\n"
	tests := []struct{ name, yaml, want string }{
		{"empty", "", `f:1:1: origins is missing`},
		{"no steps", "origins: [https://a.org]\n", `f:1:1: steps is missing`},
		{"not yaml", "steps: [", `f:1:1: not YAML`},
		{"unknown key", head + "  - click: a\nstep: 3\n", `f:4:1: unknown key "step"; did you mean "steps"?`},
		{"unknown verb", head + "  - clik: a\n", `f:3:5: step 1: unknown step "clik"; did you mean "click"?`},
		{"two verbs", head + "  - {click: a, expect: b}\n", `f:3:5: step 1: a step is one of`},
		{"no verb", head + "  -\n", `f:3:4: step 1: a step is one of`},
		{"text as step", head + "  - click\n", `f:3:5: step 1: here belong keys and values`},
		{"empty click", head + "  - click:\n", `f:3:11: step 1: click: here belongs what to look for`},
		{"keys as click", head + "  - click: {a: b}\n", `f:3:12: step 1: click: here belongs a text, not keys and values`},
		{"broken placeholder", head + "  - click: '{{ti tle}}'\n", `a placeholder is a name in two pairs of braces`},
		{"half placeholder", head + "  - click: 'a {{title}'\n", `something is missing`},
		{"relative open", head + "  - open: /login\n", `f:3:11: step 1: open: an address begins with http://`},
		{"empty open", head + "  - open:\n", `here belongs an address`},
		{"fill without fields", head + "  - fill: {}\n", `here belong a field and its value`},
		{"fill a text", head + "  - fill: Title\n", `here belong keys and values, not "Title"`},
		{"field twice", head + "  - fill: {A: x, A: y}\n", `"A" is given twice`},
		{"upload other", head + "  - upload: {Photos: \"{{title}}\"}\n", `f:3:22: step 1: upload: upload takes "{{photos}}" and nothing else`},
		{"upload more", head + "  - upload: {Photos: \"{{photos}}.jpg\"}\n", `upload takes "{{photos}}" and nothing else`},
		{"photos in fill", head + "  - fill: {A: \"{{photos}}\"}\n", `{{photos}} belongs to upload`},
		{"publish twice", head + "  - publish: a\n  - publish: b\n", `f:4:5: step 2: publish stands only once in a flow`},                                // C26
		{"click after publish", head + "  - publish: a\n  - click: b\n", `f:4:5: step 2: after publish only expect, wait-for, read`},                     // C26
		{"open after publish", head + "  - publish: a\n  - open: https://a.org/\n", `after publish only expect, wait-for, read`},                         // C26
		{"password in open", head + "  - open: \"https://a.org/?p={{password}}\"\n", `{{password}} is a secret: only fill, type and http-login take it`}, // C29
		{"password in click", head + "  - click: \"{{password}}\"\n", `{{password}} is a secret: only fill, type and http-login take it`},                // C29
		{"password in choose", head + "  - choose: {A: \"{{password}}\"}\n", `{{password}} is a secret`},                                                 // C29
		{"password in locator of fill", head + "  - fill: {\"{{password}}\": x}\n", `{{password}} is a secret`},                                          // C29
		{"password in origin", "origins: [\"https://{{password}}.org\"]\nsteps: [{click: a}]\n", `{{password}} is a secret`},                             // C29
		{"password in fails-when", head + "  - click: a\nfails-when: {see: \"{{password}}\", fault: site}\n", `{{password}} is a secret`},                // C29
		{"origin with path", "origins: [https://a.org/x]\nsteps: [{click: a}]\n", `f:1:11: "https://a.org/x" is no origin such as https://www.example.org: only a scheme`},
		{"origin without scheme", "origins: a.org\nsteps: [{click: a}]\n", `it must begin with http:// or https://`},
		{"origin for all", "origins: [\"https://*\"]\nsteps: [{click: a}]\n", `a * can only stand for the beginning`},
		{"origin for most", "origins: [\"https://*.org\"]\nsteps: [{click: a}]\n", `that is most of the web`},
		{"origin in letters", "origins: [\"https://bücher.example\"]\nsteps: [{click: a}]\n", `write the host as the browser does`},
		{"fails-when without fault", head + "  - click: a\nfails-when:\n  - see: x\n", `f:5:5: fails-when: fault is missing: sender, owner or site`},
		{"fails-when without see", head + "  - click: a\nfails-when:\n  - fault: site\n", `see is missing`},
		{"unknown fault", head + "  - click: a\nfails-when:\n  - {see: x, fault: senders}\n", `f:5:21: fails-when: unknown fault "senders"; did you mean "sender"?`},
		{"read nothing", head + "  - read: {}\n", `here belong names and where to read them`},
		{"read without at", head + "  - read: {a: {from: text}}\n", `at is missing: the element to read text from`},
		{"read url at", head + "  - read: {a: {from: url, at: b}}\n", `the page's url is not read at an element; did you mean from: link?`},
		{"read twice", head + "  - read: {a: {from: url}}\n  - read: {a: {from: url}}\n", `"a" is read twice`},
		{"read bad from", head + "  - read: {a: {from: Inner HTML, at: b}}\n", `from is text, url, link, value, property/NAME or the name of an attribute`},
		{"read bad pattern", head + "  - read: {a: {from: url, matching: '('}}\n", `missing closing )`},
		{"read bad name", head + "  - read: {a b: {from: url}}\n", `a name consists of letters`},
		{"read text only", head + "  - read: {a: url}\n", `here belong keys and values`},
		{"http-login without user", head + "  - click: a\nhttp-login: {password: \"{{password}}\"}\n", `f:4:13: http-login: user is missing: the name`},
		{"password as user", head + "  - click: a\nhttp-login: {user: \"{{password}}\", password: x}\n", `f:4:20: http-login: {{password}} is a secret`}, // C29
		{"zero limit", head + "  - click: a\nlimit: 0s\n", `f:4:8: here belongs a time`},
		{"few photos", head + "  - click: a\nphotos: {least: 3, most: 2}\n", `f:4:17: photos: the site cannot need more photos than the 2 that it takes`},
		{"no photos", head + "  - click: a\nphotos: {most: 0}\n", `f:4:16: photos: here belongs a number from 1 to 9999, not "0"`},
		{"small photos", head + "  - click: a\nphotos: {pixels: 64}\n", `here belongs a number from 100 to 9999, not "64"`},
		{"light photos", head + "  - click: a\nphotos: {bytes: 5k}\n", `photos: no photo is smaller than 10k`},
		{"other photos", head + "  - click: a\nphotos: {types: [pgn]}\n", `f:4:18: photos: unknown type of picture "pgn"; did you mean "png"?`},
		{"heic photos", head + "  - click: a\nphotos: {types: heic}\n", `unknown type of picture "heic"`},
		// What stands beside a verb.
		{"unknown modifier", head + "  - {click: a, optinal: 3s}\n", `f:3:16: step 1: unknown key "optinal"; did you mean "optional"?`},
		{"bad time", head + "  - {click: a, optional: 3}\n", `f:3:26: step 1: here belongs a time such as 90s or 4m`},
		{"optional open", head + "  - {open: https://a.org/, optional: 3s}\n", `f:3:38: step 1: open does not wait for anything that could be missing; did you mean if?`},
		{"optional press", head + "  - {press: Enter, optional: 3s}\n", `press does not wait for anything`},
		{"optional expect", head + "  - {expect: a, optional: 3s}\n", `f:3:27: step 1: what is expected cannot be optional; did you mean wait-for?`},
		{"long timeout", "origins: [https://a.org]\nlimit: 1m\nsteps:\n  - {click: a, timeout: 2m}\n", `f:4:25: step 1: one step cannot have more time than all of them: limit is 1m0s`},
		{"long optional", head + "  - {click: a, optional: 4m}\n", `f:3:26: step 1: one step cannot have more time`},
		{"optional over timeout", head + "  - {click: a, optional: 9s, timeout: 2s}\n", `f:3:26: step 1: optional is longer than timeout`},
		{"long step-limit", head + "  - click: a\nlimit: 9s\nstep-limit: 10s\n", `f:5:13: one step cannot have more time than all of them: limit is 9s`},
		{"optional block", head + "  - {if: a, optional: 3s, then: [click: b]}\n", `f:3:23: step 1: optional belongs to a step with a verb`},
		{"then beside a verb", head + "  - {click: a, if: b, then: [click: c]}\n", `f:3:29: step 1: then belongs to an if or unless without a verb`},
		{"else without if", head + "  - {click: a, else: [click: c]}\n", `f:3:22: step 1: else belongs to an if or unless`},
		{"else alone", head + "  - else: [click: c]\n", `a step is one of`},

		// Structures.
		{"block without then", head + "  - {if: a, else: [click: b]}\n", `f:3:5: step 1: then is missing`},
		{"block of both", head + "  - {if: a, unless: b, then: [click: c]}\n", `f:3:5: step 1: a block begins with if or with unless, not with both`},
		{"unreachable else", head + "  - if: {field: price, is: '0'}\n    then: [{unless: {field: price, is: '0'}, then: [click: a], else: [click: b]}]\n", `f:4:12: step 1.1: the block of line 3 has decided this already, so one of the branches is never reached`},
		{"empty then", head + "  - {if: a, then: []}\n", `f:3:19: this list is empty`},
		{"empty if", head + "  - {click: b, if: ''}\n", `f:3:20: step 1: if: here belongs what to look for`},
		{"mistake in a block", head + "  - {if: a, then: [click: b, clik: c]}\n", `f:3:30: step 1.2: unknown step "clik"; did you mean "click"?`},
		{"mistake in else", head + "  - {if: a, then: [click: b], else: [clik: c]}\n", `f:3:38: step 1.2: unknown step "clik"`},
		{"empty for-each-photo", head + "  - for-each-photo: []\n", `this list is empty`},
		{"unset for-each-photo", head + "  - for-each-photo:\n", `f:3:20: step 1: for-each-photo: here belong the steps`},
		{"unset window", head + "  - window:\n", `f:3:12: step 1: window: here belong the steps to do in the window`},
		{"optional window", head + "  - {window: [click: a], optional: 2s}\n", `window does not wait for anything that could be missing`},
		{"photos in photos", head + "  - for-each-photo: [for-each-photo: [click: a]]\n", `f:3:22: step 1.1: for-each-photo cannot stand in another one`},
		{"photo outside", head + "  - upload: {A: \"{{photo}}\"}\n", `f:3:17: step 1: upload: {{photo}} is known only inside for-each-photo; did you mean {{photos}}?`},
		{"photos inside", head + "  - for-each-photo: [upload: {A: \"{{photos}}\"}]\n", `inside for-each-photo upload takes "{{photo}}"`},
		{"photo as text", head + "  - for-each-photo: [fill: {A: \"{{photo}}\"}]\n", `{{photo}} belongs to upload; {{photo-count}} tells how many there are`},
		{"pages without until", head + "  - pages: {cases: [{on: a, steps: [click: b]}]}\n", `f:3:12: step 1: pages: until is missing: where the walk ends`},
		{"pages without cases", head + "  - pages: {until: a}\n", `f:3:12: step 1: pages: cases is missing`},
		{"empty cases", head + "  - pages: {until: a, cases: []}\n", `f:3:30: step 1: pages: this list is empty`},
		{"case without on", head + "  - pages: {until: a, cases: [{steps: [click: b]}]}\n", `f:3:31: case 1.1: on is missing: how to know the page`},
		{"case without steps", head + "  - pages: {until: a, cases: [{on: b}]}\n", `f:3:31: case 1.1: steps is missing`},
		{"case without progress", head + "  - pages: {until: a, cases: [{on: b, steps: [wait-for: c, {if: d, then: [expect: e]}]}]}\n", `f:3:31: case 1.1: nothing here leads to another page`},
		{"case twice", head + "  - pages: {until: a, cases: [{on: b, steps: [click: x]}, {on: b, steps: [click: y]}]}\n", `f:3:59: case 1.2: this is never reached: line 3 asks for the same`},
		{"case like until", head + "  - pages: {until: a, cases: [{on: a, steps: [click: x]}]}\n", `f:3:31: case 1.1: this is never reached`},
		{"no rounds", head + "  - pages: {until: a, at-most: 0, cases: [{on: b, steps: [click: x]}]}\n", `f:3:32: step 1: pages: here belongs how often`},
		{"unknown part", head + "  - do: logn\nparts: {login: {steps: [click: a]}}\n", `f:3:9: step 1: do: unknown part "logn"; did you mean "login"?`},
		{"no parts", head + "  - do: login\n", `f:3:9: step 1: do: unknown part "login": the flow has no parts`},
		{"do nothing", head + "  - do:\n", `f:3:8: step 1: do: here belongs the name of a part`},
		{"part without steps", head + "  - click: a\nparts: {login: {needed-unless: b}}\n", `f:4:16: part "login": steps is missing`},
		{"empty part", head + "  - click: a\nparts: {login: }\n", `f:4:9: part "login": steps is missing`},
		{"part of itself", head + "  - do: a\nparts:\n  a: {steps: [do: b]}\n  b: {steps: [click: x, do: a]}\n", `f:5:19: step a.1: do: part "a" would do itself without end`},
		{"part with a bad name", head + "  - click: a\nparts: {a b: {steps: [click: x]}}\n", `f:4:9: a name consists of letters`},
		{"mistake in a part", head + "  - click: a\nparts: {login: {steps: [clik: x]}}\n", `f:4:25: step login.1: unknown step "clik"`},
		{"read-each outside list", head + "  - read-each: {at: a, read: {b: {at: c}}}\n", `f:3:5: step 1: read-each belongs to the section list`},

		{"list without rows", head + "  - click: a\nlist: [click: a]\n", `f:4:7: read-each is missing`},
		{"rows without titles", head + "  - click: a\nlist: [{if: a, then: [read-each: {at: a, read: {url: {at: c, from: link}}}]}]\n", `f:4:48: step list.1.1: read-each: title is missing: an ad is known again by its url and title`},
		{"one column for all", head + "  - click: a\nlist: [read-each: {at: a, read: {b: {from: url}}}]\n", `f:4:37: step list.1: read-each: b: every row would have the same`},

		// The point of no return, C26.
		{"publish in a part", head + "  - click: a\nparts: {a: {steps: [publish: x]}}\n", `f:4:21: step a.1: a part cannot publish`},
		{"publish in a block", head + "  - {if: a, then: [publish: x]}\n", `f:3:20: step 1.1: publish stands in no block and no loop`},
		{"publish if", head + "  - {publish: x, if: a}\n", `f:3:6: step 1: publish stands in no block and no loop, and beside no if`},
		{"publish for photos", head + "  - for-each-photo: [publish: x]\n", `publish stands in no block and no loop`},
		{"publish in a window", head + "  - window: [publish: x]\n", `publish stands in no block and no loop`},
		{"publish in pages", head + "  - pages: {until: a, cases: [{on: b, steps: [publish: x]}]}\n", `publish stands in no block and no loop`},
		{"optional publish", head + "  - {publish: x, optional: 2s}\n", `f:3:28: step 1: publish does not wait for anything`},
		{"publish in list", head + "  - click: a\nlist: [publish: x]\n", `f:4:8: step list.1: list only looks: there is nothing to publish`},
		{"click in a block after publish", head + "  - publish: a\n  - {if: b, then: [click: c]}\n", `f:4:20: step 2.1: after publish only expect`},
		{"do after publish", head + "  - publish: a\n  - do: b\nparts: {b: {steps: [click: c]}}\n", `f:4:5: step 2: after publish only expect`},
		{"press after publish", head + "  - publish: a\n  - press: Enter\n", `after publish only expect`},
		{"click after publish in remove", head + "  - click: a\nremove:\n  - publish: a\n  - click: b\n", `f:6:5: step remove.2: after publish only expect`},

		// Secrets, C29.
		{"password in if", head + "  - {click: a, if: \"{{password}}\"}\n", `{{password}} is a secret`},
		{"password as field", head + "  - {click: a, if: {field: password, is: set}}\n", `f:3:28: step 1: if: {{password}} is a secret`},
		{"password in a test", head + "  - wait-for: {text: \"{{password}}\"}\n", `{{password}} is a secret`},
		{"password in a regexp", head + "  - wait-for: {url: \"/x{{password}}/\"}\n", `{{password}} is a secret`},
		{"password in a count", head + "  - wait-for: {count: a, is: \"{{password}}\"}\n", `{{password}} is a secret`},
		{"password in a chain", head + "  - click: css/a >> css/[x=\"{{password}}\"]\n", `{{password}} is a secret`},
		{"password in an alternative", head + "  - click: [a, \"{{password}}\"]\n", `{{password}} is a secret`},
		{"password in a prompt", head + "  - answer: {prompt: \"{{password}}\"}\n", `{{password}} is a secret`},
		{"password in say", head + "  - click: a\nfails-when: {see: b, fault: site, say: \"{{password}}\"}\n", `{{password}} is a secret`},
		{"password read", head + "  - read: {a: {at: \"{{password}}\"}}\n", `{{password}} is a secret`},

		// Verbs of their own kind.
		{"field items", head + "  - fill: [{at: a}]\n", `f:3:12: step 1: fill: with is missing: what it gets`},
		{"no field items", head + "  - fill: []\n", `f:3:11: step 1: fill: this list is empty`},
		{"unknown press", head + "  - press: Entr\n", `f:3:12: step 1: press: unknown key "Entr"; did you mean "Enter"?`},
		{"unknown held key", head + "  - press: Strg+A\n", `f:3:12: step 1: press: only Control, Shift, Alt, Meta can be held with another key, not "Strg"`},
		{"empty press", head + "  - press:\n", `here belongs a key such as Enter`},
		{"bad viewport", head + "  - viewport: 1280 by 900\n", `f:3:15: step 1: viewport: a viewport is width and height in pixels, such as 1280x900`},
		{"empty viewport", head + "  - viewport:\n", `here belongs width and height`},
		{"viewport of the flow", head + "  - click: a\nviewport: wide\n", `f:4:11: a viewport is width and height`},
		{"empty answer", head + "  - answer: {}\n", `here belong dialogs and what they get`},
		{"unknown dialog", head + "  - answer: {confrm: accept}\n", `f:3:14: step 1: answer: unknown key "confrm"; did you mean "confirm"?`},
		{"unknown reply", head + "  - answer: {alert: dismiss}\n", `f:3:21: step 1: answer: unknown reply "dismiss"; there are: fail, accept`},
		{"read null", head + "  - read: {a: }\n", `f:3:12: step 1: read: here belongs where to read a, as in {at: css/.a}`},
		{"read a value at", head + "  - read: {a: {from: \"{{title}}\", at: b}}\n", `f:3:15: step 1: read: a: a value is not read at an element`},
		{"read all of a value", head + "  - read: {a: {from: \"{{title}}\"}}\n", `f:3:15: step 1: read: a: matching is missing: what to take of the value`},
		{"read from given", head + "  - read: {a: {from: given, matching: x}}\n", `f:3:22: step 1: read: a: the value itself stands here, as in from: "{{title}}"`},
		{"read the password", head + "  - read: {a: {from: \"{{password}}\", matching: x}}\n", `{{password}} is a secret`},
		{"read as", head + "  - read: {a: {at: b, as: numbr}}\n", `f:3:27: step 1: read: a: unknown form "numbr"; did you mean "number"?`},
		{"read our word", head + "  - read: {photo-count: {at: b}}\n", `{{photo-count}} is a word of the language`},
		{"read a parameter", head + "  - read: {area: {at: b}}\nparameters: {area: {type: text}}\n", `f:3:12: step 1: read: "area" is a parameter; give the value another name`},

		// Conditions.
		{"test of nothing", head + "  - wait-for: {at: a}\n", `f:3:20: step 1: wait-for: at belongs to text or value, which is not here`},
		{"no test", head + "  - wait-for: {}\n", `f:3:15: step 1: wait-for: here belongs what to look for: see, gone`},
		{"unknown test", head + "  - expect: {sea: a}\n", `f:3:14: step 1: expect: unknown key "sea"; did you mean "see"?`},
		{"count without number", head + "  - wait-for: {count: a}\n", `f:3:23: step 1: wait-for: is is missing, or at-least or at-most: how many`},
		{"count of a word", head + "  - wait-for: {count: a, is: many}\n", `f:3:30: step 1: wait-for: here belongs a number such as 3 or "{{photo-count}}", not "many"`},
		{"count twice", head + "  - wait-for: {count: a, is: 3, at-least: 2}\n", `is says it all`},
		{"count of none", head + "  - wait-for: {count: a, at-least: 3, at-most: 2}\n", `no count is at least 3 and at most 2`},
		{"count and field", head + "  - wait-for: {count: a, field: b, is: 2}\n", `both count and field take is`},
		{"value without at", head + "  - wait-for: {value: a}\n", `f:3:23: step 1: wait-for: at is missing: the field that holds the value`},
		{"field without is", head + "  - wait-for: {field: a}\n", `f:3:23: step 1: wait-for: is is missing`},
		{"field in braces", head + "  - wait-for: {field: \"{{a}}\", is: set}\n", `the name of a placeholder without its braces`},
		{"path as url", head + "  - wait-for: {url: done*}\n", `f:3:21: step 1: wait-for: the whole address is compared: let "done*" begin with * or http`},
		{"bad regexp", head + "  - wait-for: {text: /(/}\n", `f:3:22: step 1: wait-for: error parsing regexp: missing closing )`},
		{"regexp of one kind", head + "  - wait-for: {text: '/(?i)a/'}\n", `"(?i)" is not read alike by browsers and mailapp`},
		{"empty text", head + "  - wait-for: {text: ' '}\n", `here belongs a text; one that is empty is called: empty`},
		{"empty list of conditions", head + "  - wait-for: []\n", `f:3:15: step 1: wait-for: this list is empty`},

		// Locators.
		{"unknown kind", head + "  - click: xpth///a\n", `f:3:12: step 1: click: unknown kind of locator "xpth/"; did you mean "xpath"? text that really begins so is written text/…`},
		{"unknown role", head + "  - click: role/buton Save\n", `f:3:12: step 1: click: unknown role "buton"; did you mean "button"?`},
		{"unknown aria", head + "  - click: 'aria/Save[level=\"2\"]'\n", `aria/ knows a name and [role="…"], not [level=…]`},
		{"nth first", head + "  - click: nth/2\n", `nth/2 says which one, but not of what`},
		{"nth of zero", head + "  - click: a >> nth/0\n", `nth/ takes a number from 1, or last, not "0"`},
		{"empty link", head + "  - click: 'a >>  >> b'\n", `here belongs what to look for`},
		{"open bracket", head + "  - click: css/a[b\n", `f:3:12: step 1: click: in the selector "a[b" a ']' is missing`},
		{"open quote", head + "  - click: xpath///a[text()='b]\n", `a '\'' is missing`},
		{"closed bracket", head + "  - click: css/a)\n", `in the selector "a)" a ')' closes nothing`},
		{"quoted placeholder in xpath", head + "  - click: xpath///a[text()=\"{{title}}\"]\n", `in XPath a placeholder stands without quotes, since its value brings its own: text()={{title}}`},
		{"alternative twice", head + "  - click: [a, a]\n", `f:3:16: step 1: click: "a" is given twice`},
		{"no alternatives", head + "  - click: []\n", `f:3:12: step 1: click: this list is empty`},
		{"list in a list", head + "  - click: [a, [b]]\n", `f:3:16: step 1: click: here belongs a text, not a list`},

		// Parameters and fails-when.
		{"parameter without type", head + "  - click: a\nparameters: {area: {help: x}}\n", `f:4:20: parameter "area": type is missing: text, number, choice or yes-no`},
		{"unknown type", head + "  - click: a\nparameters: {area: {type: yes/no}}\n", `f:4:27: parameter "area": unknown type "yes/no"; did you mean "yes-no"?`},
		{"choice without choices", head + "  - click: a\nparameters: {area: {type: choice}}\n", `choices is missing: the values of a choice`},
		{"choices of a text", head + "  - click: a\nparameters: {area: {type: text, choices: [a]}}\n", `only a choice has choices; did you mean type: choice?`},
		{"wrong default", head + "  - click: a\nparameters: {area: {type: number, default: far}}\n", `f:4:44: parameter "area": the default must be a number, not "far"`},
		{"required with default", head + "  - click: a\nparameters: {area: {type: text, default: a, required: true}}\n", `a parameter that is required needs no default`},
		{"parameter by our word", head + "  - click: a\nparameters: {password: {type: text}}\n", `f:4:14: {{password}} is a word of the language`},
		{"unknown key of fails-when", head + "  - click: a\nfails-when: {sea: b, fault: site}\n", `f:4:14: fails-when: unknown key "sea"; did you mean "see"?`},
		{"empty fails-when", head + "  - click: a\nfails-when: []\n", `f:4:13: this list is empty`},
		{"empty origins", "origins: []\nsteps: [click: a]\n", `f:1:10: this list is empty`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("f", []byte(tt.yaml))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}
