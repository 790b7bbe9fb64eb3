// Names: what an element is like, what it is called and what its role is, as
// the person in front of the page has it, for whom a shadow root is no border.
// A function without arguments that gives the functions the others use.
(function names() {
  const invisible = /[\u200b-\u200d\u2060\ufeff\u00ad]/g;
  const space = s => String(s ?? '').replace(invisible, '').replace(/\s+/g, ' ').trim();
  const fold = s => space(s).normalize('NFC').toLowerCase();
  const bare = s => fold(s).replace(/^[*\s]+|[\s:*]+$/g, '');
  const short = (s, n) => s.length > n ? s.slice(0, n - 1) + '…' : s;

  // ---- the tree as one sees it

  const above = node => node.assignedSlot || node.parentElement || node.parentNode?.host || null;
  const within = (outer, node) => {
    while (node && node !== outer) node = above(node);
    return !!node;
  };
  const below = node => {
    if (node.shadowRoot) return [...node.shadowRoot.childNodes];
    const assigned = node.tagName === 'SLOT' ? node.assignedNodes({flatten: true}) : [];
    return assigned.length > 0 ? assigned : [...node.childNodes];
  };
  // The element of the frame that a document is in, if it can be known.
  const frameOf = doc => {
    try {
      return doc.defaultView?.frameElement || null;
    } catch {
      return null;
    }
  };

  // ---- what an element is like

  const boxes = el => [...el.getClientRects()].filter(r => r.width > 0 && r.height > 0);

  function shown(el, opaque) {
    if (!el.isConnected || !el.checkVisibility({visibilityProperty: true, opacityProperty: !!opaque})) return false;
    const frame = el.ownerDocument !== document && frameOf(el.ownerDocument);
    if (frame && !shown(frame, opaque)) return false;
    return boxes(el).length > 0 || below(el).some(c => c.nodeType === Node.ELEMENT_NODE && shown(c, opaque));
  }

  const enabled = el => !disabled(el);

  // Why an element cannot be used, or ''.
  function disabled(el) {
    if (el.matches(':disabled') || el.getAttribute('aria-disabled') === 'true') return 'is disabled';
    return el.closest('[inert]') ? 'is behind a dialog' : '';
  }

  const editable = el => el.isContentEditable || el.getAttribute('role') === 'textbox';

  // Editors for code, also used for Markdown: they draw the text themselves, and
  // what is typed goes through a small text area that is always empty.
  const coded = '.CodeMirror,.ace_editor,.monaco-editor';

  const pressable = ['submit', 'button', 'reset', 'image'];

  function describe(el) {
    const kind = {A: 'link', BUTTON: 'button', SELECT: 'select', LABEL: 'label'}[el.tagName] ||
      (el.tagName === 'INPUT' ? (pressable.includes(el.type) ? 'button' : el.type + ' field') :
        `<${el.tagName.toLowerCase()}${el.id ? ' id=' + el.id : el.classList[0] ? ' class=' + el.classList[0] : ''}>`);
    const name = names(el).map(n => n.text).find(t => t) || space(el.innerText);
    return name ? `${kind} "${short(name, 40)}"` : kind;
  }

  // ---- what an element is called

  const seen = node => node.nodeType !== Node.ELEMENT_NODE || getComputedStyle(node).display !== 'none';

  // The text of a label without that of the fields inside it.
  function labelText(node) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches('select,textarea,button,input,script,style')) return '';
    return below(node).filter(seen).map(labelText).join('');
  }

  // The element that an id of el's own tree names.
  const byId = (el, id) => id ? el.getRootNode().getElementById?.(id) : null;
  const referenced = (el, attribute) =>
    (el.getAttribute(attribute) || '').split(/\s+/).map(id => byId(el, id)).filter(e => e);

  // What is written on a button or link: its text, else that of its pictures.
  function face(el) {
    if (el.tagName === 'INPUT') return el.type === 'image' ? el.alt : el.value || {submit: 'Submit', reset: 'Reset'}[el.type];
    const slotted = el.shadowRoot || el.querySelector('slot');
    return !slotted && space(el.innerText) || content(el);
  }

  const faced = 'a,button,summary,label,area,input[type=submit],input[type=button],input[type=reset],input[type=image],' +
    '[role=button],[role=link],[role=menuitem],[role=tab],[role=option],[role=checkbox],[role=radio],[role=switch],[onclick]';

  // All names with their rank: what is read first is 0.
  function names(el) {
    const list = [];
    const add = (rank, text) => { if (space(text)) list.push({rank, text: space(text)}); };
    for (const label of labels(el)) add(0, labelText(label));
    for (const label of referenced(el, 'aria-labelledby')) add(0, labelText(label));
    add(0, el.getAttribute('aria-label'));
    if (el.matches(faced)) add(el.tagName === 'LABEL' ? 3 : 0, face(el));
    else if (el.matches('fieldset,figure,table')) add(0, native(el));
    if (el.matches('area,img')) add(0, el.alt);
    add(1, el.getAttribute('placeholder') || el.getAttribute('aria-placeholder'));
    add(1, el.getAttribute('title'));
    if (el.matches('input:not([type=submit]):not([type=button]),select,textarea,iframe')) add(2, el.name);
    if (list.every(n => n.rank > 0) && el.matches('input,select,textarea,[contenteditable],[role=combobox]')) beside(el).forEach(text => add(4, text));
    return list;
  }

  const inputs = 'input,select,textarea,button';
  const toolbar = '[role=toolbar],[class*=toolbar]';

  // The labels of an editor: also those that were meant for what is now around it.
  function labels(el) {
    if (!el.matches('[contenteditable]')) return el.labels?.length ? [...el.labels] : hostLabels(el);
    const ids = [];
    for (let at = el; at && ids.length < 3; at = at.parentElement) if (at.id) ids.push(at.id);
    return ids.flatMap(id => [...el.getRootNode().querySelectorAll(`label[for="${CSS.escape(id)}"]`)]);
  }

  // The labels of a field in a shadow root are for its host.
  function hostLabels(el) {
    const host = el.matches('input,select,textarea') && el.getRootNode().host;
    return host ? [...host.getRootNode().querySelectorAll('label')].filter(l => l.control === host) : [];
  }

  // What stands before a field that has no label: the texts in front of it on
  // its line, or in the cell before; the nearest one that says anything, all of
  // them together, since a name is often a link or bold with a colon after it, and
  // the last sentence.
  function beside(el) {
    for (let at = el, steps = 0; at && steps < 4; at = at.parentElement, steps++) {
      if (at.matches('form,body,fieldset') || at.matches('tr')) return [];
      const texts = before(at);
      const one = texts.find(t => bare(t));
      if (one) return [one, texts.reverse().join(''), one.replace(/^.*[.!?]\s/s, '')];
      if (texts.over) return [];
    }
    return [];
  }

  // The texts before a node among its siblings, nearest first: as far as the
  // line goes once there is one. They are over where another field stands.
  function before(node) {
    const texts = [];
    for (let n = node.previousSibling; n; n = n.previousSibling) {
      const element = n.nodeType === Node.ELEMENT_NODE;
      if (element && n.matches(toolbar)) continue;
      texts.over = element && (n.matches(inputs) || !!n.querySelector(inputs));
      const said = texts.some(t => bare(t));
      if (texts.over || said && element && (n.tagName === 'BR' || !getComputedStyle(n).display.startsWith('inline'))) break;
      if (n.nodeType !== Node.COMMENT_NODE && space(labelText(n))) texts.push(labelText(n));
    }
    return texts;
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

  // ---- the accessible name, as a screen reader has it (accname 1.2)

  const named = new Set(['button', 'cell', 'checkbox', 'columnheader', 'gridcell', 'heading', 'link', 'menuitem', 'menuitemcheckbox',
    'menuitemradio', 'option', 'radio', 'row', 'rowheader', 'switch', 'tab', 'tooltip', 'treeitem']);

  function accessible(el) {
    if (!shown(el)) return '';
    return space(own(el) || (named.has(role(el)) ? space(content(el)) : '') ||
      el.getAttribute('title') || el.getAttribute('placeholder') || el.getAttribute('aria-placeholder'));
  }

  // The name that is given to an element rather than read off it.
  function own(el) {
    const by = referenced(el, 'aria-labelledby').map(l => own(l) || space(content(l))).join(' ');
    return space(by) || space(el.getAttribute('aria-label')) || space(native(el));
  }

  function native(el) {
    const first = sel => [...el.children].find(c => c.matches(sel));
    switch (el.tagName) {
      case 'INPUT': if (pressable.includes(el.type)) return face(el); // and what has labels:
      case 'SELECT': case 'TEXTAREA': case 'METER': case 'PROGRESS': case 'OUTPUT':
        return [...el.labels || []].map(l => content(l, el)).join(' ');
      case 'IMG': case 'AREA': return el.alt;
      case 'FIELDSET': return first('legend') && content(first('legend'));
      case 'TABLE': return el.caption && content(el.caption);
      case 'FIGURE': return first('figcaption') && content(first('figcaption'));
      case 'IFRAME': return el.title;
      case 'svg': return first('title')?.textContent;
    }
    return el.labels?.length ? [...el.labels].map(l => content(l, el)).join(' ') : '';
  }

  // What stands in a node, pictures by their names and fields by their values;
  // skip is left out.
  function content(node, skip) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node === skip || node.nodeType !== Node.ELEMENT_NODE || node.matches('script,style,noscript,template')) return '';
    const style = getComputedStyle(node);
    if (style.display === 'none' || style.visibility === 'hidden' || node.getAttribute('aria-hidden') === 'true') return '';
    const gap = style.display.startsWith('inline') || style.display === 'contents' ? '' : ' ';
    const text = pseudo(node, '::before') + below(node).map(c => inside(c, skip)).join('') + pseudo(node, '::after');
    return gap + text + gap;
  }

  function inside(node, skip) {
    if (node.nodeType !== Node.ELEMENT_NODE || node === skip) return content(node, skip);
    if (node.matches('select')) return node.selectedOptions[0]?.text || '';
    if (node.matches('input,textarea')) {
      if (pressable.includes(node.type)) return face(node);
      return ['checkbox', 'radio', 'password'].includes(node.type) ? '' : node.value;
    }
    return node.getAttribute('aria-label') || node.matches('img,svg') && native(node) || content(node, skip);
  }

  const pseudo = (el, which) => /^"(.*)"$/.exec(getComputedStyle(el, which).content)?.[1] || '';

  // ---- the role

  const roles = Object.entries({
    link: 'a[href],area[href]', checkbox: 'input[type=checkbox]', radio: 'input[type=radio]', slider: 'input[type=range]',
    button: 'button,summary,input[type=button],input[type=submit],input[type=reset],input[type=image]',
    spinbutton: 'input[type=number]', combobox: 'input[list],select:not([multiple],[size]),select[size="1"]:not([multiple])',
    listbox: 'select', searchbox: 'input[type=search]',
    textbox: 'textarea,input:not([type]),input[type=text],input[type=email],input[type=tel],input[type=url],input[type=password],' +
      '[contenteditable=""],[contenteditable=true]',
    option: 'option', img: 'img,svg', heading: 'h1,h2,h3,h4,h5,h6', navigation: 'nav', main: 'main', complementary: 'aside', form: 'form',
    banner: 'header', contentinfo: 'footer', search: 'search', region: 'section', article: 'article', list: 'ul,ol,menu', listitem: 'li',
    table: 'table', rowgroup: 'thead,tbody,tfoot', row: 'tr', cell: 'td', columnheader: 'th:not([scope=row])', rowheader: 'th[scope=row]',
    dialog: 'dialog', group: 'fieldset,details,optgroup', figure: 'figure', status: 'output', progressbar: 'progress', meter: 'meter',
    separator: 'hr', paragraph: 'p', term: 'dt', definition: 'dd',
  });

  // Selects all that may have a role, or a name of any kind.
  const selectors = fits => roles.filter(([r]) => fits(r)).map(([, selector]) => ',' + selector).join('');
  const withRole = name => `[role~="${CSS.escape(name)}"]` + selectors(r => r === name);
  const fields = ['textbox', 'searchbox', 'combobox', 'listbox', 'slider', 'spinbutton', 'img', 'group', 'table', 'figure'];
  const nameable = '[aria-label],[aria-labelledby],[title],[placeholder],[role],' + faced + ',iframe' +
    selectors(r => named.has(r) || fields.includes(r));

  const role = el => (el.getAttribute('role') || '').trim().split(/\s+/)[0].toLowerCase() ||
    roles.find(([, selector]) => el.matches(selector))?.[0] || '';

  return {
    space, fold, bare, short, above, within, below, frameOf, boxes, shown, enabled, disabled, editable,
    describe, face, faced, coded, names, labels, rank, accessible, role, withRole, nameable,
  };
})
