// The finder: which elements a locator means. A function of names.js's
// functions that gives its own.
//
// A locator is {name, any: alternatives}, an alternative a chain of links
// {kind, value, role, nth}. Of a selector's matches the first visible one
// counts, of a name or text all do, so that several are known as ambiguous.
// Names and texts are also looked for in open shadow roots, which nobody sees,
// and in frames of the same origin where nothing else on the page fits.
(function finder(names) {
  const {space, fold, bare, within, shown, describe, face, faced, coded, labels, accessible, role, rank, withRole, nameable} = names;

  const field = 'input:not([type=hidden]):not([type=submit]):not([type=button]):not([type=reset]):not([type=image])' +
    ':not([type=checkbox]):not([type=radio]):not([type=file]),textarea,[contenteditable]:not([contenteditable=false]),[role=textbox]';
  const box = 'input[type=checkbox],input[type=radio],[role=checkbox],[role=radio],[role=switch]';
  const control = faced + ',' + field + ',' + box + ',select';
  const group = 'fieldset,form,section,article,table,dialog,figure,iframe,[role=group],[role=dialog],[role=region],[role=radiogroup]';

  // What each op looks for by name: a selector.
  const clickable = faced.replace('a,', 'a[href],') + ',' + box;
  const kinds = {
    click: clickable, hover: clickable, drop: clickable, fill: field + ',select', type: field, choose: 'select', box, upload: 'input[type=file]',
    see: control + ',img[alt]', read: control, focus: control, scroll: control + ',img[alt],' + group,
    state: control, any: control + ',img[alt]', inside: group + ',' + control,
  };
  // What opens a list that the page draws, in place of a select.
  const drawn = '[role=combobox],[role=listbox],[aria-haspopup=listbox],[aria-haspopup=menu],[aria-haspopup=true]';
  // Drawn widgets hide the real element.
  const hiddenToo = op => op === 'upload' || op === 'choose';
  const onlyNamed = op => ['fill', 'type', 'choose', 'box', 'upload'].includes(op);

  // ---- the trees of a page

  const cache = new Map(); // of one attempt
  const fresh = () => cache.clear();
  const once = (key, make) => {
    if (!cache.has(key)) cache.set(key, make());
    return cache.get(key);
  };

  // A root and all open shadow roots below it.
  function roots(scope) {
    return once(scope, () => {
      const found = [scope];
      for (const el of scope.querySelectorAll('*')) if (el.shadowRoot) found.push(...roots(el.shadowRoot));
      return found;
    });
  }

  // The document of a frame, or null if it is another site's.
  const documentOf = frame => {
    try {
      return frame.contentDocument;
    } catch {
      return null;
    }
  };

  // The documents in the frames below a root; with any, in hidden ones, too.
  function framed(scope, any) {
    return roots(scope).flatMap(r => [...r.querySelectorAll('iframe,frame')]).filter(f => any || shown(f)).flatMap(f => {
      const doc = documentOf(f);
      return doc?.documentElement ? [doc, ...framed(doc, any)] : [];
    });
  }

  // Where to look for a name: one list after the other, until one has it.
  const layers = scopes => [() => scopes.flatMap(roots), () => scopes.flatMap(s => framed(s)).flatMap(roots)];

  // Every root that is searched, and every one that can be reached.
  const everywhere = () => once('everywhere', () => layers([document]).flatMap(l => l()));
  const reachable = () => [document, ...framed(document, true)].flatMap(roots);

  // ---- by name, role or text

  const all = (list, selector) => list.flatMap(r => [...r.querySelectorAll(selector)]);
  const labelled = el => labels(el).some(l => shown(l));
  const visible = (el, op) => op === 'any' || shown(el, op === 'see') || op === 'box' && labelled(el);

  // Several that are the same to a person: one inside the other, or links to one place.
  function distinct(list) {
    const inner = list.filter(el => !list.some(o => o !== el && within(el, o)));
    return inner.filter((el, i) => !inner.slice(0, i).some(o => el.tagName === 'A' && o.tagName === 'A' && o.href && el.href === o.href));
  }

  // The best of those to which rank gives less than Infinity.
  function best(list, op, rank) {
    const fit = list.map(el => ({el, rank: rank(el)})).filter(c => c.rank < Infinity);
    let pool = fit.filter(c => visible(c.el, op));
    if (pool.length === 0 && (op === 'fill' || op === 'type')) pool = fit.map(c => ({el: editorOf(c.el), rank: c.rank})).filter(c => c.el);
    if (pool.length === 0 && hiddenToo(op)) pool = fit;
    const least = Math.min(...pool.map(c => c.rank));
    return distinct(pool.filter(c => c.rank === least).map(c => c.el));
  }

  // The drawn editor that stands behind a hidden field.
  function editorOf(el) {
    for (let n = el.nextElementSibling; n; n = n.nextElementSibling) {
      const code = shown(n) && [n, ...n.querySelectorAll(coded)].find(e => e.matches(coded))?.querySelector('textarea');
      if (code) return code;
      const parts = [n, ...n.querySelectorAll('iframe,[contenteditable=true]')];
      const found = parts.find(e => shown(e) && (e.isContentEditable || e.tagName === 'IFRAME' && documentOf(e)?.body?.isContentEditable));
      if (found) return found;
    }
    return null;
  }

  function byName(link, list, op) {
    const wanted = fold(link.value);
    const found = best(all(list, kinds[op]), op, el => rank(el, wanted));
    const opens = op === 'choose' ? found.length === 0 : op === 'click' && found.length > 0 && found.every(el => el.tagName === 'LABEL');
    const openers = opens ? best(all(list, drawn), 'click', el => rank(el, wanted)) : [];
    if (openers.length > 0) return openers; // a click on its label opens nothing
    if (found.length > 0 || onlyNamed(op)) return found;
    const text = part => byText(wanted, part, list).filter(el => shown(el));
    const exact = text(false);
    if (op === 'drop') return exact;
    if (link.kind === 'named' && op === 'inside') return [];
    if (link.kind === 'named' && op === 'click') return unlabelled(exact.filter(handed), list, wanted);
    return exact.length > 0 ? exact : text(true);
  }

  // What a name that no button has may mean to the mouse: a text to click, or a
  // field, such as one that opens a list, by the
  // name that stands in or over it.
  const unlabelled = (texts, list, wanted) => texts.length > 0 ? texts :
    best(all(list, field + ',select'), 'click', el => rank(el, wanted) < 2 ? rank(el, wanted) : Infinity);

  // The mouse becomes a hand over what one may click.
  const handed = el => getComputedStyle(el).cursor === 'pointer';

  // The elements whose whole text (or part of it) is wanted, innermost only.
  function byText(wanted, part, list) {
    const fits = el => {
      if (!fold(el.textContent).includes(wanted)) return false;
      return part ? fold(el.innerText).includes(wanted) : fold(el.innerText) === wanted;
    };
    const found = [];
    const walk = el => {
      let deeper = false;
      for (const c of el.children) if (!c.matches('script,style,noscript,template,option')) deeper = walk(c) || deeper;
      if (deeper) return true;
      if (el.tagName === 'BODY' || !fits(el)) return false;
      found.push(el);
      return true;
    };
    for (const r of list) for (const top of r.body ? [r.body] : r.children || []) walk(top);
    return found;
  }

  // The visible elements with this whole text, whatever they are.
  function withText(value) {
    const wanted = fold(value);
    for (const layer of layers([document])) {
      const found = byText(wanted, false, layer()).filter(el => shown(el));
      if (found.length > 0) return found;
    }
    return [];
  }

  // The innermost elements of whose text wanted is a part, as a recording means
  // it: fields by what is in them, hidden texts too.
  function byPart(wanted, scopes) {
    const found = [];
    const walk = node => {
      if (node.nodeType === Node.TEXT_NODE) return node.data;
      if (node.nodeType !== Node.ELEMENT_NODE || node.matches('script,style,head,[type=password]')) return '';
      const before = found.length;
      const text = node.matches('select,textarea,input:not([type=checkbox]):not([type=radio]):not([type=image])') ? node.value :
        [...(node.shadowRoot || node).childNodes].map(walk).join('');
      if (found.length === before && space(text).includes(wanted)) found.push(node);
      return text;
    };
    for (const s of scopes) for (const top of s.childNodes) walk(top);
    return found;
  }

  function byRole(link, list, op) {
    const wanted = fold(link.value);
    const as = link.role === 'image' ? 'img' : link.role; // Chrome's own word
    const called = el => {
      if (as && role(el) !== as) return Infinity;
      if (!wanted) return 0;
      const name = accessible(el);
      return name === space(link.value) ? 0 : fold(name) === wanted ? 0.25 : bare(name) === bare(wanted) ? 0.5 : Infinity;
    };
    return best(all(list, as ? withRole(as) : nameable), op, called);
  }

  // ---- by selector

  // A path from the top of a document is, inside an element, one from there.
  const relative = (expression, scope) => scope.nodeType === Node.DOCUMENT_NODE ? expression : expression.replace(/^(\(*)\//, '$1./');

  function byXPath(expression, scope) {
    const tops = scope.nodeType === Node.DOCUMENT_FRAGMENT_NODE ? [...scope.children] : [scope];
    return tops.flatMap(top => {
      const from = relative(expression, top).replace(/^(\(*)\.\/\/(?=[\w*])/, scope === top ? '$&' : '$1./descendant-or-self::');
      const doc = top.ownerDocument || top;
      const result = doc.evaluate(from, top, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
      const nodes = Array.from({length: result.snapshotLength}, (_, i) => result.snapshotItem(i));
      return nodes.map(n => n.nodeType === Node.ELEMENT_NODE ? n : n.parentElement || n.ownerElement).filter(n => n);
    });
  }

  function bySelector(link, scopes) {
    if (link.kind === 'xpath') return scopes.flatMap(s => byXPath(link.value, s));
    return all(link.kind === 'pierce' ? scopes.flatMap(roots) : scopes, link.value);
  }

  // A selector of a drawn widget's label means its field, but where the label
  // itself can be acted on.
  const fieldOf = (el, op) => el.tagName === 'LABEL' && el.control && (onlyNamed(op) || op === 'state' || op === 'focus') ? el.control : el;

  // ---- chains and alternatives

  const selectors = ['css', 'xpath', 'pierce'];

  // All that a link finds in the scopes.
  function search(link, scopes, op) {
    if (link.part) return byPart(space(link.value), scopes).map(el => fieldOf(el, op)).filter(el => visible(el, op));
    if (selectors.includes(link.kind)) {
      const found = [...new Set(bySelector(link, scopes).map(el => fieldOf(el, op)))];
      const seen = found.filter(el => visible(el, op));
      return seen.length > 0 || !(hiddenToo(op) || op === 'box' || op === 'inside') ? seen : found;
    }
    const by = link.kind === 'role' || link.kind === 'aria' ? byRole : byName;
    for (const layer of layers(scopes)) {
      const found = by(link, layer(), op);
      if (found.length > 0) return found;
    }
    return [];
  }

  // Where to look inside an element. Into the frame of another site the engine
  // is put by the caller, who then asks for the rest of the way.
  function insideOf(el, rest) {
    if (!['IFRAME', 'FRAME'].includes(el.tagName)) return el.shadowRoot ? [el.shadowRoot, el] : [el];
    const doc = documentOf(el);
    if (!doc) throw {why: `${describe(el)} shows a page of another site`, foreign: el, rest};
    return [doc];
  }

  // That a frame is another site's matters only where nothing else is found:
  // local keeps it back, and or tells it.
  function local(foreign, get) {
    try {
      return get();
    } catch (e) {
      if (!e.foreign) throw e;
      foreign.push(e);
      return [];
    }
  }
  function or(foreign, found) {
    if (found.length === 0 && foreign.length > 0) throw foreign[0];
    return found;
  }

  // Where a locator begins: on the page or, as a recording says, in a frame.
  function base(at) {
    let doc = document;
    if (at.target && at.target.split('#')[0] !== location.href.split('#')[0]) {
      doc = insideOf(frameWith(at.target), {any: at.any, frame: at.frame})[0];
    }
    for (const [n, i] of (at.frame || []).entries()) {
      const frame = roots(doc).flatMap(r => [...r.querySelectorAll('iframe,frame')])[i];
      if (!frame) throw {why: `there is no frame ${i + 1}`};
      doc = insideOf(frame, {any: at.any, frame: at.frame.slice(n + 1)})[0];
    }
    return [doc];
  }

  // The frame that shows an address. What that of another site shows by now is
  // not known here, but where it began.
  function frameWith(address) {
    const origin = url => URL.canParse(url) ? new URL(url).origin : '';
    const frames = reachable().flatMap(r => [...r.querySelectorAll('iframe,frame')]);
    const frame = frames.find(f => (documentOf(f)?.URL || f.src) === address) ||
      frames.find(f => !documentOf(f) && origin(f.src) === origin(address));
    if (!frame) throw {why: `the page does not show ${address}`};
    return frame;
  }

  // Everything that a chain finds.
  function follow(chain, op, scopes = [document]) {
    const steps = chain.filter(l => l.kind !== 'nth').length;
    const foreign = [];
    let found = [], step = 0;
    for (const [n, link] of chain.entries()) {
      if (link.kind === 'nth') {
        found = found.slice(link.nth < 0 ? -1 : link.nth - 1, link.nth < 0 ? undefined : link.nth);
        continue;
      }
      if (step++ > 0) scopes = found.flatMap(el => local(foreign, () => insideOf(el, {any: [chain.slice(n)]})));
      found = [...new Set(search(link, scopes, step === steps ? op : 'inside'))];
    }
    return or(foreign, found);
  }

  // The element that at means; several if it is ambiguous, none if it is not there.
  function find(at, op, scopes) {
    const foreign = [];
    let several = [];
    for (const chain of at.any) {
      const found = local(foreign, () => follow(chain, op, scopes || base(at)));
      const first = selectors.includes(chain.at(-1).kind) || chain.at(-1).part;
      if (found.length === 1 || first && found.length > 1) return found.slice(0, 1);
      if (several.length === 0) several = found;
    }
    return or(foreign, several);
  }

  // All visible elements that fit at, by the first alternative that finds any.
  function every(at, op = 'see') {
    const foreign = [], lists = at.any.map(chain => local(foreign, () => follow(chain, op, base(at))));
    return or(foreign, lists.find(found => found.length > 0) || []);
  }

  // ---- seeing

  // The page's visible text, by lines.
  const lines = () => once('lines', () => everywhere().flatMap(r =>
    (r.body ? [r.body] : [...r.children || []]).map(e => e.innerText || '')).join('\n').split('\n'));

  function seeText(value, said) {
    const wanted = fold(value);
    const line = said.lines.findIndex(l => fold(l).includes(wanted));
    if (line >= 0) return {said: space(lines()[line])};
    return fold(said.whole).includes(wanted) ? {said: value} : null;
  }

  const everything = () => ({lines: lines(), whole: lines().join('\n'), own: false});

  function seeChain(chain, scopes, theirs) {
    const text = chain.length === 1 && scopes[0] === document && ['named', 'text'].includes(chain[0].kind) && fold(chain[0].value);
    const said = text && (theirs || everything)(l => fold(l).includes(text));
    const line = text && seeText(chain[0].value, said);
    if (line) return line;
    const el = follow(chain, 'see', scopes).find(el => shown(el, true) && !(said.own && said.own(el)));
    if (!el) return null;
    return {said: text ? describe(el) : space(el.innerText || (el.type === 'password' ? '' : el.value) || face(el))};
  }

  // The visible element or text that at names, as {said}, or null; with theirs,
  // no text of the ad's own.
  function see(at, theirs) {
    const foreign = [];
    for (const chain of at.any) {
      const seen = local(foreign, () => seeChain(chain, base(at), theirs));
      if (seen?.said !== undefined) return seen;
    }
    return or(foreign, []).at(0) || null;
  }

  // ---- what may have been meant

  function distance(a, b) {
    let row = Array.from({length: b.length + 1}, (_, i) => i);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++) {
        next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      }
      row = next;
    }
    return row[b.length];
  }

  // The visible elements whose names are next to what at looks for in vain.
  function near(at) {
    const wanted = at.any.map(c => c.at(-1)).filter(l => !selectors.includes(l.kind) && l.value).map(l => fold(l.value).slice(0, 60));
    const far = name => Math.min(...wanted.map(w => {
      const part = Math.min(w.length, name.length) >= 4 && (name.includes(w) || w.includes(name));
      return part ? 0.5 : distance(w, name.slice(0, 60)) / Math.max(w.length, 4);
    }));
    const els = all(everywhere(), control).filter(el => !(el.tagName === 'LABEL' && el.control) && (shown(el) || labelled(el))).slice(0, 500);
    const scored = els.map(el => ({el, far: Math.min(Infinity, ...names.names(el).map(n => far(fold(n.text))))}));
    const close = scored.filter(s => s.far <= 0.5).sort((a, b) => a.far - b.far).map(s => describe(s.el));
    return [...new Set(close)].slice(0, 3);
  }

  // What op could be done on, buttons before links, where nothing is called alike.
  function possible(op) {
    if (!kinds[op]) return [];
    const els = distinct(all(everywhere(), kinds[op]).filter(el => shown(el) || labelled(el)));
    const sorted = [...els.filter(el => el.tagName !== 'A'), ...els.filter(el => el.tagName === 'A')];
    return [...new Set(sorted.map(describe))].slice(0, 8);
  }

  return {fresh, find, every, see, withText, near, possible, lines, everything, everywhere, reachable, documentOf, hiddenToo, local, base};
})
