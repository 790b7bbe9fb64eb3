// The engine: one question to the page, asked until it has an answer or the
// time is up. It runs in a world of its own, where the page's scripts can
// neither see nor change it, and is called as a function of the task and the
// finder, so that no text ever becomes source (C25).
//
// task: {op, at: {kind, value}, limit, fails: [{kind, value}], …by op}
// answer, one of:
//   {done: true, …}       the answer
//   {failing, said}       the index of a fails-when that is visible
//   {status}              the page is an HTTP error of the server
//   {broken: true}        the page is the browser's own error page
//   {refused, fault}      it cannot be done, and waiting would not help
//   {late, candidates}    the time is up; what was missing
(async function engine(task, finder) {
  const {space, fold, short, boxes, shown, enabled, editable, describe, hiddenToo, find, see} = finder;
  const frame = () => new Promise(r => requestAnimationFrame(r));
  const page = () => location.href.split('#')[0];

  // ---- being ready

  // Where to click an element: the middle of the part of its largest box that
  // can be seen, if a click there meets the element. Otherwise why not.
  function target(el) {
    const rects = boxes(el);
    if (rects.length === 0) return {why: 'has no size'};
    const r = rects.reduce((a, b) => a.width * a.height >= b.width * b.height ? a : b);
    const left = Math.max(r.left, 0), right = Math.min(r.right, innerWidth);
    const top = Math.max(r.top, 0), bottom = Math.min(r.bottom, innerHeight);
    if (right - left < 1 || bottom - top < 1) return {why: 'is out of view', scroll: true};
    let x = (left + right) / 2;
    const y = (top + bottom) / 2;
    let hit = document.elementFromPoint(x, y);
    if (el.tagName === 'LABEL' && hit && hit !== el && el.contains(hit.closest('a[href],button'))) {
      x = left + Math.min(4, (right - left) / 2); // beside the link to the terms
      hit = document.elementFromPoint(x, y);
    }
    if (!hit) return {why: 'is out of view', scroll: true};
    const own = el.contains(hit) || hit.closest('label')?.control === el;
    if (!own) return {why: 'is covered by ' + describe(hit), scroll: !el.scrolled && (el.scrolled = true)};
    return {x, y, key: [r.left, r.top, r.width, r.height].join()};
  }

  const scroll = el => el.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});

  let last = null; // {el, key, frame} of the frame before

  // An animation that will end is not over yet, or has not begun to move.
  const animated = el => document.getAnimations().some(a =>
    (a.pending || a.playState === 'running') && a.effect?.target?.contains(el) && a.effect.getComputedTiming().endTime < 1e7);

  // Ready to be clicked: same place in two frames, nothing in front of it.
  function still(el, now) {
    if (animated(el)) return (last = null, {why: describe(el) + ' moves', soon: true});
    const t = target(el);
    if (t.scroll) scroll(el);
    if (t.why) return (last = null, {why: describe(el) + ' ' + t.why});
    if (last && last.el === el && last.key === t.key && now - last.now >= 10) return t;
    if (!last || last.el !== el || last.key !== t.key) last = {el, key: t.key, now};
    return {why: describe(el) + ' moves', soon: true};
  }

  const act = (el, why) => enabled(el) ? null : {why: describe(el) + ' is disabled', ...why};

  const options = el => [...el.options].map(o => `"${short(space(o.text), 40)}"`);

  // One op: el is the element found; gives an answer with done or refused, or
  // {why} it is not yet possible. soon asks for the next frame.
  const ops = {
    click(el, now) {
      const no = act(el);
      return no || done(still(el, now), el);
    },

    fill(el) {
      if (task.secret && !(el.tagName === 'INPUT' && el.type === 'password')) {
        return {refused: `${describe(el)} is no password field, and a secret is filled into no other`, fault: 'owner'};
      }
      if (!el.matches('input,textarea') && !editable(el)) return {why: describe(el) + ' cannot be filled'};
      if (!enabled(el) || el.readOnly) return {why: describe(el) + ' is disabled or read-only'};
      if (el.maxLength > 0 && task.value.length > el.maxLength) {
        return {refused: `${describe(el)} takes at most ${el.maxLength} characters`, fault: 'sender'};
      }
      scroll(el);
      held(el);
      globalThis.seen = {input: false, change: false};
      for (const type of ['input', 'change']) el.addEventListener(type, () => { globalThis.seen[type] = true; }, {once: true});
      if (el.matches('input') && ['date', 'time', 'month', 'week', 'datetime-local', 'color', 'range'].includes(el.type)) {
        el.value = task.value;
        el.dispatchEvent(new Event('input', {bubbles: true, composed: true}));
        return {done: true, filled: true};
      }
      el.focus();
      if (el.select) el.select();
      else getSelection().selectAllChildren(el);
      if (task.value === '') {
        document.execCommand('delete');
        return {done: true, filled: true};
      }
      const line = el.tagName === 'INPUT';
      return {done: true, text: line ? task.value.replace(/[\r\n]+/g, ' ') : task.value.replace(/\r\n?/g, '\n')};
    },

    choose(el) {
      const no = act(el);
      if (no) return no;
      const wanted = space(task.value);
      const all = [...el.options];
      const by = [o => space(o.text) === wanted, o => fold(o.text) === fold(wanted), o => o.value === task.value];
      const option = by.map(f => all.find(o => f(o) && !o.disabled)).find(o => o);
      if (!option) return {why: `${describe(el)} has no option "${short(wanted, 40)}"`, candidates: options(el)};
      if (option.selected && !el.multiple && el.selectedOptions.length === 1) return {done: true};
      option.selected = true;
      el.dispatchEvent(new Event('input', {bubbles: true, composed: true}));
      el.dispatchEvent(new Event('change', {bubbles: true}));
      return {done: true};
    },

    box(el, now) {
      const on = el.checked ?? el.getAttribute('aria-checked') === 'true';
      if (on === task.on) return {done: true, was: true};
      const no = act(el);
      if (no) return no;
      if (task.again) return {why: describe(el) + ' did not change when it was clicked'};
      if (el.type === 'radio' && !task.on) return {refused: describe(el) + ' cannot be unchecked: check another', fault: 'owner'};
      const label = [...el.labels || []].find(l => shown(l));
      const front = label && !(shown(el) && target(el).x) ? label : el;
      return done(still(front, now), front);
    },

    upload(el) {
      const no = act(el);
      if (no) return no;
      if (task.photos > 1 && !el.multiple) {
        return {refused: `${describe(el)} takes one photo, not ${task.photos}`, fault: 'owner'};
      }
      held(el);
      return {done: true};
    },

    read(el) {
      const link = el.closest('a[href]') || el.querySelector('a[href]');
      if (task.from === 'value' && el.type === 'password') return {refused: 'a password is not read', fault: 'owner'};
      const value = {
        text: () => el.matches('input,textarea') ? el.value : el.matches('select') ? el.selectedOptions[0]?.text : el.innerText,
        link: () => link && link.href, value: () => el.value,
      }[task.from];
      const text = space(value ? value() : el.getAttribute(task.from));
      if (!text) return {why: `${describe(el)} has no ${task.from}`};
      if (text === task.unlike) return {why: `${describe(el)} reads "${short(text, 60)}", which does not match`};
      return {done: true, text};
    },
  };

  const done = (t, el) => t.why ? t : (held(el), expectMouse(el), {done: true, x: t.x, y: t.y});
  const held = el => { globalThis.held = el; };

  // The next press of the mouse is for el. If the page has moved under it,
  // whatever is there instead gets to know nothing of it.
  function expectMouse(el) {
    globalThis.mouse?.end();
    const types = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'auxclick'];
    const m = globalThis.mouse = {missed: '', end: () => types.forEach(t => window.removeEventListener(t, judge, true))};
    function judge(e) {
      if (!e.isTrusted) return;
      const hit = e.target;
      if (e.type === 'pointerdown') {
        if (el.contains(hit) || hit.closest?.('label')?.control === el || el.control === hit) return m.end();
        m.missed = describe(hit);
      }
      if (m.missed) {
        e.preventDefault();
        e.stopImmediatePropagation();
      }
    }
    types.forEach(t => window.addEventListener(t, judge, true));
    inThisWindow(el);
  }

  // What would open a window of its own, which nobody sees here, stays in this one.
  function inThisWindow(el) {
    const link = el.closest('a[target],area[target]');
    for (const e of [link, el.form]) if (e && e.target === '_blank') e.target = '_self';
    if (el.formTarget === '_blank') el.formTarget = '_self';
  }

  // Lets the page's tasks run, and tells whether the mouse met what it was for.
  async function turn() {
    await new Promise(r => setTimeout(r, 0));
    const missed = globalThis.mouse?.missed;
    globalThis.mouse?.end();
    globalThis.mouse = undefined;
    return {done: true, missed: missed || ''};
  }

  // ---- questions that need no element

  const fieldText = el => el.matches('input,textarea') ? el.value : el.innerText;

  // After the text went in: does the field hold it? Then leave it as the Tab
  // key would.
  function filled() {
    const el = globalThis.held;
    if (!el || !el.isConnected) return {done: true, gone: true};
    const got = space(fieldText(el)), wanted = space(task.value);
    const core = s => s.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
    const same = got === wanted || core(got) !== '' && core(got) === core(wanted) ||
      task.again && core(wanted) !== '' && core(got).startsWith(core(wanted)) && el.tagName === 'INPUT';
    if (!same) return {done: true, differs: task.secret ? 'not what was filled in' : got ? `"${short(got, 60)}"` : 'nothing'};
    el.blur();
    if (!globalThis.seen.change) el.dispatchEvent(new Event('change', {bubbles: true}));
    return {done: true};
  }

  // Is the element that was found still there, where it was?
  function same() {
    const el = globalThis.held;
    const t = el && el.isConnected && enabled(el) ? target(el) : {};
    return {done: true, same: Math.abs(t.x - task.x) < 1 && Math.abs(t.y - task.y) < 1};
  }

  // What the page has to say for itself.
  function said() {
    const texts = sel => [...document.querySelectorAll(sel)].filter(el => shown(el, true)).map(el => space(el.innerText)).filter(t => t);
    const alerts = texts('[role=alert],.error,.errors,.alert,.warning,.invalid-feedback');
    const heading = texts('h1,h2')[0] || short(space(document.body && document.body.innerText), 200);
    return {done: true, said: alerts.length > 0 ? [...new Set(alerts)].join(' / ') : [...new Set([space(document.title), heading])].filter(t => t).join(' / ')};
  }

  // Nothing with one of these words in it stays visible.
  function hide() {
    const has = s => s && task.words.some(w => s.includes(w));
    const gone = el => el.style.setProperty('visibility', 'hidden', 'important');
    for (const el of document.querySelectorAll('input,textarea,select')) if (has(el.value)) gone(el);
    const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (has(walker.currentNode.data)) gone(walker.currentNode.parentElement);
    return {done: true};
  }

  // The pictures in view are there; for a good screenshot.
  async function painted() {
    const images = [...document.images].filter(i => shown(i) && i.getBoundingClientRect().top < innerHeight);
    const all = Promise.allSettled(images.map(i => i.decode()));
    await Promise.race([all, new Promise(r => setTimeout(r, task.limit))]);
    await Promise.race([frame(), new Promise(r => setTimeout(r, 200))]);
    return {done: true};
  }


  // Before publish: marks the document, so that the next one is known by not
  // having the mark, and tells which of the others are visible already.
  function depart() {
    globalThis.departed = page();
    return {done: true, there: (task.others || []).map(o => !!see(o))};
  }

  const glance = () => wrong() || {done: true};
  const direct = {filled, same, said, hide, painted, turn, depart, glance};
  if (direct[task.op]) return direct[task.op]();

  // ---- asking until there is an answer

  function wrong() {
    if (location.protocol === 'chrome-error:') return {broken: true};
    const status = performance.getEntriesByType('navigation')[0]?.responseStatus;
    if (status >= 500) return {status};
    for (const [i, f] of (task.fails || []).entries()) {
      const s = see(f);
      if (s) return {failing: i, said: s.said};
    }
    return null;
  }

  function attempt(now) {
    const bad = wrong();
    if (bad) return bad;
    if (task.op === 'see') {
      const s = see(task.at);
      return s ? {done: true} : {why: 'not there'};
    }
    if (document.readyState === 'loading') return {why: 'the page is still loading', loading: true};
    if (task.op === 'arrive' && globalThis.departed === page()) return {why: 'the page is the same as before the click'};
    if (task.op === 'page' && location.href === task.unlike) return {why: `the URL is ${location.href}, which does not match`};
    if (task.op === 'page' || task.op === 'arrive') return {done: true, text: location.href};
    const list = find(task.at, task.op);
    if (list.length === 0) return {why: 'not there'};
    if (list.length > 1) return {why: 'ambiguous', candidates: list.slice(0, 8).map(describe)};
    const el = list[0];
    if (!hiddenToo(task.op) && task.op !== 'box' && !shown(el)) return {why: describe(el) + ' is hidden'};
    return ops[task.op](el, now);
  }

  return new Promise(resolve => {
    const end = performance.now() + task.limit;
    let timer, asked = false, over = false;
    const observer = new MutationObserver(() => soon());
    const events = ['load', 'transitionend', 'animationend', 'scroll', 'resize', 'input', 'change', 'readystatechange'];
    const finish = answer => {
      over = true;
      clearTimeout(timer);
      observer.disconnect();
      for (const type of events) window.removeEventListener(type, soon, true);
      resolve(answer);
    };
    function ask(now) {
      if (over) return;
      clearTimeout(timer);
      asked = false;
      let answer;
      try {
        answer = attempt(now);
      } catch (e) {
        return finish({refused: e.message, fault: 'owner'});
      }
      if (!answer.why) return finish(answer);
      if (performance.now() >= end) return finish({late: answer.why, candidates: answer.candidates, loading: !!answer.loading});
      timer = setTimeout(() => ask(performance.now()), Math.min(100, Math.max(1, end - performance.now())));
      if (answer.soon) soon();
    }
    function soon() {
      if (asked || over) return;
      asked = true;
      requestAnimationFrame(ask);
    }
    observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    for (const type of events) window.addEventListener(type, soon, {capture: true, passive: true});
    ask(performance.now());
  });
})
