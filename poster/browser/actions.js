// The actions: what a step does with the element it has found, or why it
// cannot yet. A function of the task and the others' functions that gives, by
// op, functions of the element and the time. Each gives an answer with done or
// refused, or {why} it is not yet possible; soon asks for the next frame,
// rest for that many milliseconds.
(function actions(task, names, finder, mouse) {
  const {space, fold, short, above, within, shown, enabled, disabled, editable, describe, faced, coded} = names;
  const {still, scroll, expect, front, target} = mouse;

  const act = el => enabled(el) ? null : {why: `${describe(el)} ${disabled(el)}`};
  const hold = el => { globalThis.held = el; };
  const spot = (t, el) => t.why ? t : (hold(el), {done: true, spot: true, x: t.x, y: t.y});
  const settled = el => still(el, task.offset);
  const aimed = (t, el) => {
    if (!t.why) expect(el, task.windows);
    return spot(t, el);
  };
  const clicked = el => aimed(settled(el), el);
  const event = (el, type) => el.dispatchEvent(new Event(type, {bubbles: true, composed: type === 'input'}));

  // ---- fields

  // A frame that holds nothing but an editor is that editor.
  const into = el => el.tagName === 'IFRAME' ? finder.documentOf(el)?.body || el : el;

  // Why a text cannot go into a field, yet or ever.
  function unfit(el) {
    if (task.secret && !(el.tagName === 'INPUT' && el.type === 'password')) {
      return {refused: `${describe(el)} is no password field, and a secret is filled into no other`, fault: 'owner'};
    }
    if (!el.matches('input,textarea') && !editable(el)) return {why: describe(el) + ' cannot be filled'};
    if (!enabled(el) || el.readOnly) return {why: describe(el) + ' is disabled or read-only'};
    if (el.maxLength > 0 && task.value.length > el.maxLength) {
      return {refused: `${describe(el)} takes at most ${el.maxLength} characters`, fault: 'sender'};
    }
    return null;
  }

  function focus(el) {
    scroll(el);
    hold(el);
    el.ownerDocument.defaultView.focus();
    el.focus();
  }

  const caretIn = block => !!block?.contains(block.ownerDocument.getSelection().focusNode);

  // What is entered into an empty editor belongs into its first paragraph.
  function caretInto(el) {
    const block = el.querySelector(blocks);
    if (!caretIn(block)) el.ownerDocument.getSelection().collapse(block || el, 0);
  }

  // After keys have emptied an editor, which may have made its first paragraph
  // anew meanwhile and left the caret outside. Holds it more than that one?
  async function emptied() {
    const el = globalThis.held;
    if (el) await redrawn();
    if (!el?.isConnected || !editable(el) || el.closest(coded)) return {done: true};
    if (space(el.innerText) || el.querySelectorAll('p').length > 1) return {done: true, holds: true};
    caretInto(el);
    return {done: true};
  }

  // An editor that gets the focus, or has just been made, may put its text in
  // order then, and what is entered meanwhile is lost.
  let calm = null; // {el, html, since}
  function restless(el, now) {
    const html = el.innerHTML;
    if (calm?.el !== el || calm.html !== html) calm = {el, html, since: now};
    return now - calm.since < 60;
  }

  // Makes what is in a field give way to what comes next; true if keys have to.
  function empty(el) {
    const doc = el.ownerDocument;
    if (el.closest(coded)) return true;
    if (el.select) {
      el.select();
      if (task.value === '') doc.execCommand('delete');
    } else if (!space(el.innerText)) {
      caretInto(el);
    } else {
      doc.getSelection().selectAllChildren(el);
      return true;
    }
    return false;
  }

  const blocks = 'p,div,li';

  const drawn = ['date', 'time', 'month', 'week', 'datetime-local', 'color', 'range'];

  function fill(found, now) {
    if (found.matches('select') && !task.secret) {
      const chosen = choose(found);
      return chosen.done ? {done: true, was: true} : chosen;
    }
    if (task.recorded && found.matches('input[type=checkbox],input[type=radio]')) return ticked(found);
    const el = into(found), no = unfit(el);
    if (no) return no;
    globalThis.seen = {input: false, change: false};
    for (const type of ['input', 'change']) el.addEventListener(type, () => { globalThis.seen[type] = true; }, {once: true});
    if (el.matches('input') && drawn.includes(el.type)) {
      scroll(el);
      hold(el);
      el.value = task.value;
      event(el, 'input');
      return {done: true, filled: true};
    }
    focus(el);
    if (editable(el) && !el.closest(coded) && restless(el, now)) return {why: describe(el) + ' is still changing', soon: true};
    const begins = editable(el) && !space(el.innerText) && !el.matches('p,[role=textbox]') && !caretIn(el.querySelector(blocks));
    const clear = empty(el);
    const text = el.tagName === 'INPUT' ? task.value.replace(/[\r\n]+/g, ' ') : task.value.replace(/\r\n?/g, '\n');
    return {done: true, filled: task.value === '' && !clear, text, lines: editable(el), clear, begins};
  }

  // Puts the caret at the end of what is there.
  function type(found) {
    const el = into(found), no = unfit(el);
    if (no) return no;
    const was = el.ownerDocument.activeElement === el;
    focus(el);
    if (el.matches('input,textarea')) {
      try {
        el.setSelectionRange(el.value.length, el.value.length);
      } catch { /* a number field has no caret to set */ }
    } else {
      const selection = el.ownerDocument.getSelection();
      if (!was || !selection.isCollapsed) selection.modify('move', 'forward', 'documentboundary'); // into its last line
    }
    // In a field of one line Enter sends the form: the flow presses it, not the mail.
    return {done: true, lines: editable(el), text: el.tagName === 'INPUT' ? task.value.replace(/[\r\n]+/g, ' ') : task.value.replace(/\r\n?/g, '\n')};
  }

  // The field that was filled last gets the focus back for a key, if nothing
  // else has it.
  function refocus() {
    const el = globalThis.held, now = el?.isConnected && el.ownerDocument.activeElement;
    if (now && now === el.ownerDocument.body) focus(el);
    return {done: true};
  }

  // Many editors draw themselves anew when they next may, from what they know
  // then: what is entered before that would be lost.
  const redrawn = () => Promise.race([new Promise(r => requestAnimationFrame(() => setTimeout(r, 0))), new Promise(r => setTimeout(r, 200))]);

  // Does the line with the caret stand apart from others, as a paragraph does?
  // Then an empty line need not be typed.
  function paragraph() {
    const node = globalThis.held?.ownerDocument.getSelection()?.focusNode;
    const block = (node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement)?.closest(blocks);
    const style = block && block !== globalThis.held && getComputedStyle(block);
    return {done: true, holds: !!style && block.tagName === 'P' && parseFloat(style.marginTop) + parseFloat(style.marginBottom) > 0};
  }

  // Gives the editor its text as if it was pasted, with its paragraphs, and
  // tells whether it has taken it: then no key makes a list of what is numbered.
  function paste() {
    const el = globalThis.held, doc = document.implementation.createHTMLDocument('');
    for (const part of task.value.split(/\n{2,}/)) {
      const p = doc.body.appendChild(doc.createElement('p'));
      part.split('\n').forEach((line, i) => p.append(...i > 0 ? [doc.createElement('br'), line] : [line]));
    }
    const data = new DataTransfer();
    data.setData('text/plain', task.value);
    data.setData('text/html', doc.body.innerHTML);
    const at = el.ownerDocument.activeElement || el;
    return {done: true, holds: !at.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true, composed: true}))};
  }

  const core = s => s.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

  const fieldText = el => el.matches('input,textarea') ? el.value : el.innerText;

  // The text of an editor whose paragraphs are fields of their own: from the
  // one that was filled to the one where the caret has come.
  function wholeText(el) {
    const node = el.ownerDocument.getSelection()?.focusNode;
    const last = editable(el) && (node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement)?.closest('[contenteditable]');
    if (!last || within(el, last) || within(last, el)) return fieldText(el);
    const range = el.ownerDocument.createRange();
    range.setStartBefore(el);
    range.setEndAfter(last);
    return range.toString();
  }

  // Of a long text such an editor draws only what is in view.
  function written(code) {
    const lines = [...code.querySelectorAll('.CodeMirror-line,.ace_line,.view-line')].map(l => core(space(l.innerText))).filter(l => l);
    return lines.every(l => core(space(task.value)).includes(l)) && (lines.length > 0 || core(task.value) === '');
  }

  // An editor that puts its own first paragraph in order while the text comes may
  // leave that or one more empty before or behind the text, and then has not
  // kept the others either. One that always ends with an empty one is taken as
  // it is the last time.
  function frayed(el) {
    const edges = [el.firstElementChild, el.lastElementChild];
    return space(task.value) !== '' && edges.some(p => p?.tagName === 'P' && !space(p.textContent) && !p.querySelector('img,video,iframe,input'));
  }

  // The paragraphs and lines of a text, which many newlines or only a few end. Of
  // punctuation an editor makes its own.
  const shape = (text, many) => text.trim().split(/(\s*\n\s*)/).map((s, i) => {
    if (i % 2 === 0) return core(s);
    return s.split('\n').length > many ? '\n\n' : '\n';
  }).join('');

  // Has an editor kept the words, but not the paragraphs and lines? Where its
  // paragraphs do not stand apart, they are lines. One that knows only paragraphs,
  // or only lines, has kept what it can.
  function reshaped(el) {
    if (wholeText(el) !== fieldText(el)) return false; // its paragraphs are fields of their own
    const p = el.querySelector('p'), style = p && getComputedStyle(p);
    const apart = !p || parseFloat(style.marginTop) + parseFloat(style.marginBottom) > 0;
    const got = shape(el.innerText, apart ? 2 : 3), wanted = shape(task.value, 2);
    return ![wanted, wanted.replace(/\n+/g, '\n'), wanted.replace(/\n+/g, '\n\n')].includes(got);
  }

  // After the text went in: does the field hold it? Then leave it as the Tab
  // key would.
  async function filled() {
    const el = globalThis.held;
    if (el && editable(el)) await redrawn();
    if (!el || !el.isConnected) return {done: true, gone: true};
    const got = space(wholeText(el)), wanted = space(task.value);
    const code = el.closest(coded);
    const same = code ? written(code) : got === wanted || core(got) !== '' && core(got) === core(wanted) ||
      task.again && core(wanted) !== '' && core(got).startsWith(core(wanted)) && el.tagName === 'INPUT';
    if (!same) return {done: true, differs: task.secret ? 'not what was filled in' : got ? `"${short(got, 60)}"` : 'nothing'};
    if (editable(el) && !code && task.shaped && (frayed(el) || !task.again && reshaped(el))) return {done: true, differs: 'other paragraphs', kept: true};
    el.blur();
    if (!globalThis.seen.change) event(el, 'change');
    return {done: true};
  }

  // ---- choices

  const options = el => [...el.options].map(o => `"${short(space(o.text), 40)}"`);

  function choose(el) {
    const no = act(el);
    if (no) return no;
    if (!el.matches('select')) return unfolded(el);
    const wanted = space(task.value);
    const by = [o => space(o.text) === wanted, o => fold(o.text) === fold(wanted), o => o.value === task.value];
    if (task.recorded) by.reverse(); // a recording has the value
    const option = by.map(f => [...el.options].find(o => f(o) && !o.disabled)).find(o => o);
    if (!option) return {why: `${describe(el)} has no option "${short(wanted, 40)}"`, candidates: options(el)};
    if (option.selected && !el.multiple && el.selectedOptions.length === 1) return {done: true};
    hold(el);
    globalThis.option = option;
    option.selected = true;
    event(el, 'input');
    event(el, 'change');
    return {done: true};
  }

  // A list that the page draws: a click opens it, and the choice is what is to be
  // read there by then.
  function unfolded(el) {
    globalThis.before = new Set(finder.withText(task.value));
    const open = el.getAttribute('aria-expanded') === 'true' && globalThis.before.size > 0;
    if (open) globalThis.before.clear();
    if (open) return {done: true, opens: true, was: true};
    const at = pane(el);
    return {...aimed(still(at), at), opens: true};
  }

  // What of the opener of a list can be clicked: a text is often drawn over it.
  function pane(el) {
    for (let at = el, steps = 0; at && steps < 4 && !at.matches('form,body'); at = above(at), steps++) {
      if (at !== el && at.querySelectorAll('input,select,textarea').length > 1) break;
      if (!/covered|no size/.test(target(at).why)) return at;
    }
    return el;
  }

  const choices = '[role=option],[role=menuitem],[role=menuitemradio],[role=treeitem]';

  // What has come to be read since the list was opened.
  function option() {
    const found = finder.withText(task.value).filter(el => !globalThis.before?.has(el));
    const [el] = found.length > 1 ? found.filter(e => !/covered|no size/.test(target(e).why)) : found;
    const there = () => [...new Set(finder.everywhere().flatMap(r => [...r.querySelectorAll(choices)]).filter(e => shown(e)).map(describe))].slice(0, 12);
    if (!el) return {why: `no "${short(space(task.value), 40)}" has come up to be chosen`, candidates: there()};
    return act(el) || aimed(settled(el), el);
  }

  // Has what is drawn over a select taken the choice back? One that can be seen
  // may well begin anew after each choice.
  function chosen() {
    const el = globalThis.held;
    const lost = el?.isConnected && el.matches('select') && !shown(el) && ![...el.selectedOptions].some(o => o.value === globalThis.option?.value);
    return {done: true, differs: lost ? describe(el) : ''};
  }

  function box(el) {
    const on = el.checked ?? el.getAttribute('aria-checked') === 'true';
    if (on === task.on) return {done: true, was: true};
    const no = act(el);
    if (no) return no;
    if (task.again) return {why: describe(el) + ' did not change when it was clicked'};
    if (el.type === 'radio' && !task.on) return {refused: describe(el) + ' cannot be unchecked: check another', fault: 'owner'};
    const at = front(el);
    return aimed(still(at), at);
  }

  // A recording says of a box what it became.
  function ticked(el) {
    const no = act(el);
    if (no) return no;
    if (el.checked !== ['true', 'on', '1', 'yes'].includes(task.value)) el.click();
    return {done: true, was: true};
  }

  // ---- photos

  // The file input in an element or, if that is only a text and nothing to
  // click, in what it stands in.
  function fileInput(el) {
    for (let at = el, steps = 0; at && steps < 4 && !at.matches('form,body'); at = above(at), steps++) {
      const inputs = at.querySelectorAll('input[type=file]');
      if (inputs.length > 0) return inputs.length === 1 || at === el ? inputs[0] : null;
      if (at.matches(faced) || getComputedStyle(at).cursor === 'pointer') return null;
    }
    return null;
  }

  // A button or drop zone stands for the file input in it; one without is
  // clicked, so that it asks for the files itself.
  function upload(found) {
    const el = found.matches('input[type=file]') ? found : fileInput(found) || found;
    const no = act(el);
    if (no) return no;
    if (!el.matches('input[type=file]')) return {...aimed(still(el), el), asks: true};
    if (task.photos > 1 && !el.multiple) {
      return {refused: `${describe(el)} takes one photo, not ${task.photos}`, fault: 'owner'};
    }
    hold(el);
    return {done: true};
  }

  // A page that has not loaded whole may still move; for the one click that must
  // not miss it has two seconds for that.
  let first = null;
  function unfinished(now) {
    first ??= now;
    return task.whole && document.readyState !== 'complete' && now - first < 2000 && {why: 'the page is still loading', soon: true};
  }

  // ---- looking

  const addresses = ['href', 'src', 'action', 'formaction', 'poster', 'data'];

  // What read takes from an element, as {text}; else why there is nothing.
  function taken(el, from) {
    if (el.type === 'password' && /value/i.test(from)) return {refused: 'a password is not read', fault: 'owner'};
    const link = el.closest('a[href]') || el.querySelector('a[href]');
    const known = {
      text: () => el.matches('input,textarea') ? el.value : el.matches('select') ? el.selectedOptions[0]?.text : el.innerText ?? el.textContent,
      link: () => link && link.href, value: () => el.value,
    }[from];
    const attribute = () => {
      const value = el.getAttribute(from);
      return value !== null && addresses.includes(from) ? new URL(value, el.baseURI).href : value;
    };
    const property = from.startsWith('property/') && from.slice('property/'.length);
    const text = space(known ? known() : property ? el[property] : attribute());
    return text ? {text} : {why: `${describe(el)} has no ${from}`};
  }

  function read(el) {
    const got = taken(el, task.from);
    if (got.text === undefined) return got;
    if (got.text === task.unlike) return {why: `${describe(el)} reads "${short(got.text, 60)}", which does not match`};
    return {done: true, text: got.text};
  }

  const ops = {
    click: (el, now) => act(el) || unfinished(now) || clicked(el.matches('[role=combobox]') ? pane(el) : el),
    hover: el => spot(still(el), el),
    scroll: el => (task.to ? el.scrollTo({left: task.to.X, top: task.to.Y, behavior: 'instant'}) : scroll(el), {done: true}),
    focus: el => act(el) || (focus(into(el)), {done: true}),
    fill, type, choose, box, upload, read,
  };
  return {ops, option, chosen, emptied, paragraph, paste, filled, refocus, taken};
})
