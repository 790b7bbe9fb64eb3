// The finder: what an element is like, what it is called, and which elements a
// locator means. It is a function without arguments that gives
// the functions which the engine uses.
(function finder() {
  const invisible = /[\u200b-\u200d\u2060\ufeff\u00ad]/g;
  const space = s => String(s ?? '').replace(invisible, '').replace(/\s+/g, ' ').trim();
  const fold = s => space(s).normalize('NFC').toLowerCase();
  const bare = s => fold(s).replace(/^[*\s]+|[\s:*]+$/g, '');
  const short = (s, n) => s.length > n ? s.slice(0, n - 1) + '…' : s;

  // ---- what an element is like

  const boxes = el => [...el.getClientRects()].filter(r => r.width > 0 && r.height > 0);

  function shown(el, opaque) {
    if (!el.isConnected || !el.checkVisibility({visibilityProperty: true, opacityProperty: !!opaque})) return false;
    return boxes(el).length > 0 || [...el.children].some(c => shown(c, opaque));
  }

  const enabled = el => !el.matches(':disabled') && el.getAttribute('aria-disabled') !== 'true' && !el.closest('[inert]');

  const editable = el => el.isContentEditable || el.getAttribute('role') === 'textbox';

  function describe(el) {
    const kind = {A: 'link', BUTTON: 'button', SELECT: 'select', LABEL: 'label'}[el.tagName] ||
      (el.tagName === 'INPUT' ? (['submit', 'button', 'reset', 'image'].includes(el.type) ? 'button' : el.type + ' field') :
        `<${el.tagName.toLowerCase()}${el.id ? ' id=' + el.id : el.classList[0] ? ' class=' + el.classList[0] : ''}>`);
    const name = names(el).map(n => n.text).find(t => t) || space(el.innerText);
    return name ? `${kind} "${short(name, 40)}"` : kind;
  }

  // ---- what an element is called

  // The text of a label without that of the fields inside it.
  function labelText(node) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches('select,textarea,button,input,script,style')) return '';
    return [...node.childNodes].map(labelText).join('');
  }

  // What is written on a button or link: its text, else that of its pictures.
  function face(el) {
    if (el.tagName === 'INPUT') return el.type === 'image' ? el.alt : el.value || {submit: 'Submit', reset: 'Reset'}[el.type];
    return space(el.innerText) || [...el.querySelectorAll('img[alt],svg title')].map(e => e.alt ?? e.textContent).join(' ');
  }

  const faced = 'a,button,summary,label,area,input[type=submit],input[type=button],input[type=reset],input[type=image],' +
    '[role=button],[role=link],[role=menuitem],[role=tab],[role=option],[role=checkbox],[role=radio],[role=switch],[onclick]';

  // All names with their rank: what is read first is 0.
  function names(el) {
    const list = [];
    const add = (rank, text) => { if (space(text)) list.push({rank, text: space(text)}); };
    for (const label of el.labels || []) add(0, labelText(label));
    for (const id of (el.getAttribute('aria-labelledby') || '').split(/\s+/)) {
      const label = id && document.getElementById(id);
      if (label) add(0, labelText(label));
    }
    add(0, el.getAttribute('aria-label'));
    if (el.matches(faced)) add(el.tagName === 'LABEL' ? 3 : 0, face(el));
    if (el.tagName === 'AREA') add(0, el.alt);
    add(1, el.getAttribute('placeholder'));
    add(1, el.getAttribute('title'));
    if (el.matches('input:not([type=submit]):not([type=button]),select,textarea')) add(2, el.name);
    return list;
  }

  // The rank at which an element answers to a name, or Infinity.
  function rank(el, wanted) {
    let best = Infinity;
    for (const n of names(el)) {
      if (fold(n.text) === wanted) best = Math.min(best, n.rank);
      else if (bare(n.text) === wanted) best = Math.min(best, n.rank + 0.5);
    }
    return best;
  }

  // ---- finding

  const field = 'input:not([type=hidden]):not([type=submit]):not([type=button]):not([type=reset]):not([type=image])' +
    ':not([type=checkbox]):not([type=radio]):not([type=file]),textarea,[contenteditable]:not([contenteditable=false]),[role=textbox]';
  const box = 'input[type=checkbox],input[type=radio],[role=checkbox],[role=radio],[role=switch]';
  const kinds = {
    click: faced.replace('a,', 'a[href],') + ',' + box, fill: field, choose: 'select', box, upload: 'input[type=file]',
    see: faced + ',' + field + ',' + box + ',select,img[alt]', read: faced + ',' + field + ',select',
  };
  const hiddenToo = op => op === 'upload' || op === 'choose'; // drawn widgets hide the real element

  // The elements whose whole text (or part of it) is wanted, innermost only.
  function byText(wanted, part) {
    const fits = el => {
      const raw = fold(el.textContent);
      if (!raw.includes(wanted)) return false;
      return part ? fold(el.innerText).includes(wanted) : fold(el.innerText) === wanted;
    };
    const found = [];
    const walk = el => {
      let below = false;
      for (const c of el.children) if (!c.matches('script,style,noscript,template,option')) below = walk(c) || below;
      if (below) return true;
      if (el === document.body || !fits(el)) return false;
      found.push(el);
      return true;
    };
    if (document.body) walk(document.body);
    return found;
  }

  // Several that are the same to a person: one inside the other, or links to one place.
  function distinct(list) {
    const inner = list.filter(el => !list.some(o => o !== el && el.contains(o)));
    return inner.filter((el, i) => !inner.slice(0, i).some(o => el.tagName === 'A' && o.tagName === 'A' && o.href === el.href));
  }

  function ranked(at, op) {
    const wanted = fold(at.value);
    const all = [...document.querySelectorAll(kinds[op])]
      .map(el => ({el, rank: rank(el, wanted)})).filter(c => c.rank < Infinity);
    const seen = all.filter(c => shown(c.el) || op === 'box' && [...c.el.labels || []].some(l => shown(l)));
    const pool = seen.length > 0 || !hiddenToo(op) ? seen : all;
    const best = Math.min(...pool.map(c => c.rank));
    const list = distinct(pool.filter(c => c.rank === best).map(c => c.el));
    if (list.length > 0 || op === 'fill' || op === 'choose' || op === 'box' || op === 'upload') return list;
    if (at.kind !== 'text' && op !== 'read') return [];
    const exact = byText(wanted, false).filter(el => shown(el));
    return exact.length > 0 ? exact : op === 'read' ? byText(wanted, true).filter(el => shown(el)) : [];
  }

  function selected(at, op) {
    const all = [...document.querySelectorAll(at.value)];
    const first = all.find(el => shown(el, op === 'see'));
    const el = first || (hiddenToo(op) || op === 'box' ? all[0] : undefined);
    if (el && el.tagName === 'LABEL' && el.control && op !== 'click' && op !== 'see' && op !== 'read') return [el.control];
    return el ? [el] : [];
  }

  const find = (at, op) => at.kind === 'css' ? selected(at, op) : ranked(at, op);

  // The visible element or text that at names, as {said}, or nothing.
  function see(at) {
    if (at.kind === 'css') {
      const el = selected(at, 'see')[0];
      return el && {said: space(el.innerText || el.value || face(el))};
    }
    const wanted = fold(at.value);
    const lines = (document.body ? document.body.innerText : '').split('\n');
    const line = lines.find(l => fold(l).includes(wanted));
    if (line !== undefined) return {said: space(line)};
    if (fold(lines.join(' ')).includes(wanted)) return {said: at.value};
    const el = ranked({kind: 'named', value: at.value}, 'see').find(el => shown(el, true));
    return el && {said: describe(el)};
  }

  return {space, fold, short, boxes, shown, enabled, editable, describe, hiddenToo, find, see};
})
