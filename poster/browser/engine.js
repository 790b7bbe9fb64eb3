// The engine: one question to the page, asked until it has an answer or the
// time is up. It runs in a world of its own, where the page's scripts can
// neither see nor change it, and is called as a function of the task and the
// functions of the other files, so that no text ever becomes source (C25).
//
// task: {op, at, limit, fails: [condition], typed: [text], …by op}
// answer, one of:
//   {done: true, …}       the answer
//   {failing, said}       the index of a fails-when that holds
//   {status}              the page is an HTTP error of the server
//   {broken: true}        the page is the browser's own error page
//   {foreign: {any, frame, when}}   it is in a frame of another site, which is
//                         globalThis.foreign: the rest of the way, for at or when
//   {refused, fault}      it cannot be done, and waiting would not help
//   {late, candidates, near, locked}   the time is up; what was missing, and
//                         whether the site wanted a login by HTTP (status 401)
(async function engine(task, names, finder, mouse, source, conditions, actions) {
  const {space, short, shown, enabled, describe} = names;
  const {find, near, possible, hiddenToo, everywhere, reachable} = finder;
  const {holds, growing, quote} = conditions;
  const frame = () => new Promise(r => requestAnimationFrame(r));
  const page = () => location.href.split('#')[0];
  const begun = performance.now();
  let mutated = begun;

  // A page learns in the next frame that it was scrolled; one that nobody sees has none.
  const noticed = () => Promise.race([frame(), new Promise(r => setTimeout(r, 100))]);

  // ---- questions that are answered at once

  // Is the element that was found still there, where it was?
  function same() {
    const el = globalThis.held;
    const t = el && el.isConnected && enabled(el) ? mouse.target(el, task.offset) : {};
    return {done: true, same: Math.abs(t.x - task.x) < 1 && Math.abs(t.y - task.y) < 1};
  }

  // What the page has to say for itself.
  function words() {
    const texts = sel => everywhere().flatMap(r => [...r.querySelectorAll(sel)]).filter(el => shown(el, true)).map(el => space(el.innerText)).filter(t => t);
    const alerts = texts('[role=alert],.error,.errors,.alert,.warning,.invalid-feedback');
    const heading = texts('h1,h2')[0] || short(space(document.body && document.body.innerText), 200);
    return alerts.length > 0 ? [...new Set(alerts)].join(' / ') : [...new Set([space(document.title), heading])].filter(t => t).join(' / ');
  }

  // Nothing with one of these words in it stays visible.
  function hide() {
    globalThis.hidden = [];
    if (names.frameOf(document)) return {done: true}; // whoever has that frame does it
    const has = s => s && task.words.some(w => s.includes(w));
    const gone = el => {
      if (!el) return;
      globalThis.hidden.push({el, was: el.style.getPropertyValue('visibility'), how: el.style.getPropertyPriority('visibility')});
      el.style.setProperty('visibility', 'hidden', 'important');
    };
    for (const root of reachable()) {
      // A password field shows dots, and would lose the focus.
      for (const el of root.querySelectorAll('input:not([type=password]),textarea,select')) if (has(el.value)) gone(el);
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) if (has(walker.currentNode.data)) gone(walker.currentNode.parentElement || walker.currentNode.getRootNode().host);
    }
    return {done: true};
  }

  // What hide hid is as it was: the steps go on.
  function unhide() {
    for (const {el, was, how} of globalThis.hidden || []) el.style.setProperty('visibility', was, how);
    globalThis.hidden = [];
    return {done: true};
  }

  // What moves comes to its end, and the pictures in view are there; for a good
  // screenshot.
  async function painted() {
    const ends = document.getAnimations().filter(a => a.playState === 'running' && a.effect?.getComputedTiming().endTime < 2000).map(a => a.finished);
    await Promise.race([Promise.allSettled(ends), new Promise(r => setTimeout(r, 300))]);
    const images = [...document.images].filter(i => shown(i) && i.getBoundingClientRect().top < innerHeight);
    const over = i => i.complete || new Promise(r => ['load', 'error'].forEach(type => i.addEventListener(type, r, {once: true})));
    for (const i of images) if (i.decoding === 'async') i.decoding = 'sync'; // the frame of the screenshot waits for those
    await Promise.race([Promise.all(images.map(over)), new Promise(r => setTimeout(r, task.limit))]); // not decode(), after which the frame decodes once more, smaller
    return {done: true};
  }

  // Before publish: marks the document, so that the next one is known by not
  // having the mark, and tells which of the conditions hold already.
  function depart() {
    globalThis.departed = page();
    const already = c => {
      try {
        return holds(c).ok;
      } catch (e) {
        return !!e.foreign; // what is in another site's frame may be there; what cannot be entered yet is not
      }
    };
    return {done: true, there: (task.others || []).map(already)};
  }

  // Before a round of pages: marks the page and what it is like.
  const state = () => JSON.stringify([location.href, finder.lines(), [...document.querySelectorAll('input,select,textarea')].map(e => [e.value, e.checked])]);
  function mark() {
    globalThis.round = {url: location.href, state: state()};
    return {done: true};
  }

  const direct = {
    same, hide, unhide, painted, depart, mark, turn: mouse.turn, filled: actions.filled, refocus: actions.refocus, emptied: actions.emptied, paragraph: actions.paragraph, paste: actions.paste, chosen: actions.chosen,
    said: () => ({done: true, said: words()}),
    glance: () => wrong() || {done: true},
    source: () => ({done: true, text: source.html()}),
  };
  if (direct[task.op]) return direct[task.op]();

  // ---- questions that are asked until they have an answer

  // Whether a condition holds, but for frames of other sites.
  function here(c, watched) {
    try {
      return holds(c, watched);
    } catch (e) {
      if (!e.foreign) throw e;
      return {ok: false};
    }
  }

  // The status of the page's own answer.
  function answered() {
    return performance.getEntriesByType('navigation')[0]?.responseStatus;
  }

  function wrong() {
    if (window !== window.top) return location.protocol === 'chrome-error:' ? {why: 'the frame shows no page'} : null;
    if (location.protocol === 'chrome-error:') return {broken: true};
    const status = answered();
    if (status >= 500) return {status};
    for (const [i, f] of (task.fails || []).entries()) {
      const h = here(f, true);
      if (h.ok) return {failing: i, said: h.said || words()};
    }
    return null;
  }

  const loading = () => document.readyState === 'loading' && {why: 'the page is still loading', loading: true};
  const samePage = () => globalThis.departed === page() && {why: 'the page is the same as before the click'};

  // Nothing has changed for a moment: what is not there now will not come by itself.
  const quiet = now => (document.readyState === 'complete' || now - begun > 2000) && now - mutated > 100 || now - begun > 4000;

  const lost = (at, op) => ({why: quote(at.name) + ' is not on the page', near: () => near(at), possible: () => possible(op)});

  // The element that at means and that op can be asked of, as {el}, or why not.
  function element(at, op) {
    let list = find(at, op);
    if (list.length === 0 && op === 'upload') list = find(at, 'drop');
    if (list.length === 0) return lost(at, op);
    if (list.length > 1) return {why: quote(at.name) + ' could be several', candidates: list.slice(0, 8).map(describe)};
    if (!hiddenToo(op) && op !== 'box' && !shown(list[0])) return {why: describe(list[0]) + ' is hidden'};
    return {el: list[0]};
  }

  const asked = {
    page: () => location.href === task.unlike ? {why: `the URL is ${source.address(location.href)}, which does not match`} : {done: true, text: location.href},
    arrive: () => samePage() || {done: true},

    // A choice in the list that was opened.
    option: actions.option,

    // An end of the page, or a place on it. As a recording has it, in a frame.
    edge() {
      const view = (task.at ? finder.base(task.at)[0] : document).defaultView;
      const bottom = view.document.scrollingElement.scrollHeight;
      view.scrollTo(task.to ? {left: task.to.X, top: task.to.Y, behavior: 'instant'} : {top: task.value === 'top' ? 0 : bottom, behavior: 'instant'});
      return {done: true};
    },

    // The document that a recording's own script looks at.
    inside() {
      globalThis.held = (task.at ? finder.base(task.at)[0] : document).documentElement;
      return {done: true};
    },

    // A condition comes to hold.
    hold() {
      const h = holds(task.when);
      if (h.ok) return growing(task.when) ? {done: true} : loading() || {done: true};
      const seen = task.when.not ? null : task.when.any[0].find(t => t.kind === 'see');
      return {why: h.why, near: () => seen ? near(seen.at) : [], loading: document.readyState === 'loading' && !document.body};
    },

    // Does a condition hold, once the page has come to rest?
    decide(now) {
      const h = holds(task.when);
      const grown = h.ok && growing(task.when);
      if (task.again && samePage()) return grown && !task.on ? {done: true, holds: true} : samePage();
      if (grown) return {done: true, holds: true};
      return loading() || (quiet(now) ? {done: true, holds: h.ok} : {why: 'the page does not come to rest'});
    },

    // Does it hold, or is what would otherwise be acted on there?
    need(now) {
      if (location.protocol === 'about:') return {done: true, holds: false};
      if (!task.at) return asked.decide(now);
      if (here(task.when).ok) return {done: true, holds: true};
      const foreign = [], found = finder.local(foreign, () => find(task.at, task.as));
      return found.length + foreign.length > 0 ? {done: true, holds: false} : {why: 'the page shows neither'};
    },

    // The first of several conditions that holds. After a round of pages, one
    // that holds again counts only on a page that the round has changed.
    which(now) {
      if (loading()) return loading();
      const which = task.cases.findIndex(c => holds(c).ok);
      if (which < 0) return {why: 'none of these is so: ' + task.cases.map(c => c.name).join('; ')};
      const before = globalThis.round;
      if (which !== task.was || !before || before.url !== location.href) return {done: true, which};
      const changed = before.state !== state();
      return changed && now - mutated > 1000 && now - begun > 1000 ? {done: true, which} :
        {why: `nothing changes here any more, where ${task.cases[which].name} still holds`};
    },

    // What a step that may be left out acts on.
    appear: () => {
      const got = element(task.at, task.as);
      return got.el || got.candidates ? {done: true} : got;
    },

    // Reads the same things from inside each element.
    each() {
      const rows = finder.every(task.at).map(el => task.reads.map(r => {
        const inner = r.at ? find(r.at, 'read', [el])[0] : el;
        return inner ? actions.taken(inner, r.from).text ?? '' : '';
      }));
      return rows.length > 0 ? {done: true, rows} : lost(task.at);
    },
  };

  function attempt(now) {
    finder.fresh();
    const bad = wrong();
    if (bad) return bad;
    if (['hold', 'decide', 'need', 'which'].includes(task.op)) return asked[task.op](now);
    const early = loading();
    if (early) return early;
    if (asked[task.op]) return asked[task.op](now);
    if (task.op === 'through') return mouse.through(globalThis.foreign, task);
    const got = element(task.at, task.op);
    return got.el ? actions.ops[task.op](got.el, now) : got;
  }

  // attempt, where a mistake of the flow's ends it and an obstacle is waited for.
  function tried(now) {
    try {
      return attempt(now);
    } catch (e) {
      if (e.foreign) return entering(e);
      return e.why ? e : {refused: e.message, fault: 'owner'};
    }
  }

  // What is left to be asked in the frame of another site.
  function entering({foreign, rest}) {
    const when = task.when && !task.at;
    if (task.cases || when && (task.when.any.length > 1 || task.when.any[0].length > 1)) {
      return {refused: `a condition that looks into ${describe(foreign)} of another site must be the only one`, fault: 'owner'};
    }
    globalThis.foreign = foreign;
    return {foreign: {...rest, when: !!when}};
  }

  return new Promise(resolve => {
    const end = begun + task.limit;
    let timer, due = false, over = false;
    const observer = new MutationObserver(() => {
      mutated = performance.now();
      soon();
    });
    const watched = new Set();
    const events = ['load', 'transitionend', 'animationend', 'scroll', 'resize', 'input', 'change', 'readystatechange', 'slotchange'];
    const each = what => watched.forEach(w => w.defaultView && events.forEach(type => w.defaultView[what](type, soon, {capture: true, passive: true})));
    const watch = () => {
      for (const root of everywhere()) {
        if (watched.has(root)) continue;
        watched.add(root);
        observer.observe(root, {subtree: true, childList: true, attributes: true, characterData: true});
        events.forEach(type => root.defaultView?.addEventListener(type, soon, {capture: true, passive: true}));
      }
    };
    const finish = answer => {
      over = true;
      clearTimeout(timer);
      observer.disconnect();
      each('removeEventListener');
      resolve(answer);
    };
    function ask(now) {
      if (over) return;
      clearTimeout(timer);
      due = false;
      const answer = tried(now);
      if (!answer.why && ['scroll', 'edge'].includes(task.op)) {
        over = true;
        return noticed().then(() => finish(answer));
      }
      if (!answer.why) return finish(answer);
      if (performance.now() >= end) {
        const near = answer.near?.() || [];
        const candidates = answer.candidates || near.length === 0 && answer.possible?.() || [];
        return finish({late: answer.why, candidates, near, loading: !!answer.loading, locked: answered() === 401});
      }
      watch();
      timer = setTimeout(() => ask(performance.now()), Math.min(answer.rest || 100, Math.max(1, end - performance.now())));
      if (answer.soon) soon();
    }
    function soon() {
      if (due || over) return;
      due = true;
      requestAnimationFrame(ask);
    }
    ask(performance.now());
  });
})
