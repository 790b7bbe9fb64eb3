// The conditions: whether something holds on the page. A function of the
// others' functions that gives its own.
//
// A condition is {any, not, name}: it holds if all tests of one of any do, or,
// with not, if that is not so. A test is {kind, at, least, most, is: {source,
// flags}, holds}, where holds is what was decided outside the page.
//
// A state that ends the run is no plain text of the ad's own: typed has all that
// this run has filled in.
(function conditions(names, finder, source, typed) {
  const {space, fold, short, shown, enabled, describe} = names;
  const {find, every, see, lines} = finder;

  const quote = s => `"${short(s, 80)}"`;
  const no = why => ({ok: false, why});
  const yes = {ok: true};
  const visible = s => s.normalize('NFC').replace(/[\u200b-\u200d\u2060\ufeff\u00ad]/g, '');
  const fits = (is, text) => new RegExp(is.source, is.flags).test(visible(text ?? ''));

  // ---- whose words it is

  const own = [...new Set(typed.flatMap(t => [t, ...t.split('\n')]).map(t => space(visible(t))).filter(t => t))].sort((a, b) => b.length - a.length);
  const anyBlanks = t => new RegExp(t.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(' ', '\\s+'), 'gi');
  const cutShort = line => /^(.+?)\s*(\u2026|\.\.\.)$/.exec(fold(line))?.[1];

  // The page's text without those lines of the ad that are like what is looked
  // for, also where the page shows only how one of these begins; and which
  // elements have their text or name from the ad.
  function theirs(like) {
    const ours = own.filter(like);
    if (ours.length === 0) return finder.everything();
    const exprs = ours.map(anyBlanks), starts = ours.map(fold);
    const strip = text => exprs.reduce((rest, e) => rest.replace(e, '\ufffc'), visible(text));
    const begins = beginning => beginning && starts.some(s => s.startsWith(beginning));
    const left = lines().map(l => begins(cutShort(l)) ? '' : strip(l));
    const called = el => names.names(el).some(n => starts.includes(fold(n.text)));
    return {lines: left, whole: strip(left.join('\n')), own: el => like(el.innerText || '') || called(el)};
  }

  // The one element that at means, for a test of what it is like.
  function one(at, look) {
    const found = find(at, 'state');
    if (found.length === 0) return no(quote(at.name) + ' is not on the page');
    if (found.length > 1) return no(quote(at.name) + ' could be several: ' + found.slice(0, 8).map(describe).join(', '));
    return look(found[0]);
  }

  const textOf = el => el.matches('input,textarea') ? el.value : el.matches('select') ? el.selectedOptions[0]?.text : el.innerText;
  const compare = (what, is, text) => fits(is, text) ? {ok: true, said: space(text)} : no(`${what} is ${quote(space(text))}`);

  const matches = (wanted, get) => Object.entries(wanted).every(([name, value]) => get(name) === value);
  const alike = (wanted, got) => typeof wanted !== 'object' || wanted === null ? wanted === got :
    got !== null && got !== undefined && Object.entries(wanted).every(([name, value]) => alike(value, got[name]));

  function counted(t) {
    const found = every(t.at, t.hidden ? 'any' : 'see'), n = found.length;
    const odd = found.find(el => !matches(t.attributes || {}, name => el.getAttribute(name)) || !alike(t.properties || {}, el));
    if (odd) return no(describe(odd) + ' is not as wanted');
    if (n >= (t.least ?? 0) && n <= (t.most ?? Infinity)) return yes;
    const wanted = t.least === t.most ? t.least : n < t.least ? `${t.least} or more` : `${t.most} or less`;
    return no(`${quote(t.at.name)} is there ${n === 1 ? 'once' : n + ' times'}, not ${wanted}`);
  }

  const kinds = {
    see: (t, watched) => {
      const seen = see(t.at, watched && theirs);
      return seen ? {ok: true, said: seen.said} : no(quote(t.at.name) + ' is not on the page');
    },
    gone: t => see(t.at) ? no(quote(t.at.name) + ' is still there') : yes,
    count: counted,
    url: t => fits(t.is, location.href) ? yes : no('the URL is ' + source.address(location.href)),
    text: (t, watched) => {
      if (t.at) return one(t.at, el => compare('the text of ' + describe(el), t.is, textOf(el)));
      const all = (watched ? theirs : finder.everything)(l => fits(t.is, l));
      const line = all.lines.findIndex(l => fits(t.is, l));
      if (line >= 0) return {ok: true, said: space(lines()[line])};
      return fits(t.is, all.whole) ? yes : no('the page does not say so');
    },
    value: t => one(t.at, el => {
      if (el.type === 'password') throw new Error('a password is not looked at');
      return el.matches('input[type=checkbox],input[type=radio]') ? compare(describe(el), t.is, el.checked ? 'on' : '') :
        compare(describe(el), t.is, el.matches('select') && !fits(t.is, el.value) ? textOf(el) : el.value ?? el.innerText);
    }),
    enabled: t => one(t.at, el => shown(el) && enabled(el) && !el.readOnly ? yes : no(describe(el) + ' is disabled')),
    field: t => t.holds ? yes : no('a field is not as wanted'),
  };

  // Whether a condition holds, as {ok, said, why}; watched, if it ends the run.
  function holds(c, watched) {
    const whys = [];
    for (const tests of c.any) {
      const got = tests.map(t => kinds[t.kind](t, watched));
      const bad = got.find(g => !g.ok);
      if (!bad) return c.not ? no(c.name + ' holds') : {ok: true, said: got.map(g => g.said).find(s => s)};
      whys.push(bad.why);
    }
    return c.not ? yes : no([...new Set(whys)].join(', and '));
  }

  // Whether a page that is still being built can only come to fulfil it.
  const growing = c => !c.not && c.any.every(tests => tests.every(t =>
    ['see', 'url', 'field', 'enabled'].includes(t.kind) || t.kind === 'count' && t.most === undefined || t.kind === 'text'));

  return {holds, growing, quote};
})
