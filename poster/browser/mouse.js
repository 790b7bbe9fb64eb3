// The mouse: where to click an element, whether it is ready for it, and that
// the click meets nothing else. A function of the others' functions that gives
// its own. Coordinates are those of the window, for elements in frames too.
(function mouse(names, finder) {
  const {boxes, shown, labels, within, above, describe, faced, frameOf} = names;

  // Where a document's page begins, and what of it can be seen.
  function view(doc) {
    const frame = doc !== document && frameOf(doc);
    if (!frame) return {x: 0, y: 0, left: 0, top: 0, right: innerWidth, bottom: innerHeight};
    return viewOf(frame);
  }

  // The same, of what a frame shows.
  function viewOf(frame) {
    const outer = view(frame.ownerDocument), r = frame.getBoundingClientRect(), style = getComputedStyle(frame);
    const x = outer.x + r.left + frame.clientLeft + parseFloat(style.paddingLeft);
    const y = outer.y + r.top + frame.clientTop + parseFloat(style.paddingTop);
    const width = frame.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = frame.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    return {
      x, y, left: Math.max(outer.left, x), top: Math.max(outer.top, y),
      right: Math.min(outer.right, x + width), bottom: Math.min(outer.bottom, y + height),
    };
  }

  // Where a place in the frame of another site is here, if the mouse meets the
  // frame there. Otherwise why not.
  function through(frame, at) {
    const v = viewOf(frame), x = v.x + at.x, y = v.y + at.y;
    const win = frame.ownerDocument.defaultView;
    if (x < v.left || x > v.right || y < v.top || y > v.bottom) {
      win.scrollBy({left: x - win.innerWidth / 2, top: y - win.innerHeight / 2, behavior: 'instant'});
      return {why: describe(frame) + ' is out of view', soon: true};
    }
    const path = hits(x, y);
    return path.includes(frame) ? {done: true, spot: true, x, y} : {why: describe(frame) + ' is covered by ' + describe(path.at(-1) || document.body)};
  }

  // What is at a place, from the outermost element in: the hosts of shadow
  // roots, the frames, and last what a click would meet.
  function hits(x, y) {
    const path = [];
    for (let root = document; root;) {
      const v = view(root.ownerDocument || root);
      let el = root.elementFromPoint(x - v.x, y - v.y);
      if (path.includes(el)) el = root.elementsFromPoint(x - v.x, y - v.y).find(e => e.getRootNode() === root); // behind a slotted text
      if (!el || path.includes(el)) break;
      path.push(el);
      root = el.shadowRoot || (['IFRAME', 'FRAME'].includes(el.tagName) ? finder.documentOf(el) : null);
    }
    return path;
  }

  const closest = (el, selector) => {
    while (el && !el.matches(selector)) el = above(el);
    return el;
  };

  // What gets a click on el: a text that the mouse passes through leaves it to
  // what it is written on. A control that does so is switched off.
  function receiver(el) {
    let at = el;
    while (getComputedStyle(at).pointerEvents === 'none') {
      if (at.matches(faced) || !above(at)) return el;
      at = above(at);
    }
    return at.matches('html,body,form') ? el : at;
  }

  // Does a click on hit reach el? A drawing has room between its lines.
  const reaches = (hit, el) => within(receiver(el), hit) || closest(hit, 'label')?.control === el || el.ownerSVGElement === hit;

  // Where to click an element: the middle of the part of its largest box that
  // can be seen, if a click there meets the element. Otherwise why not.
  // A recording says where it was clicked; that counts if it is in the box.
  function target(el, offset) {
    const rects = boxes(el);
    if (rects.length === 0) return {why: 'has no size'};
    const r = rects.reduce((a, b) => a.width * a.height >= b.width * b.height ? a : b);
    const v = view(el.ownerDocument);
    const left = Math.max(v.x + r.left, v.left), right = Math.min(v.x + r.right, v.right);
    const top = Math.max(v.y + r.top, v.top), bottom = Math.min(v.y + r.bottom, v.bottom);
    if (right - left < 1 || bottom - top < 1) return {why: 'is out of view', scroll: true};
    const at = offset && {x: v.x + el.getBoundingClientRect().left + offset.X, y: v.y + el.getBoundingClientRect().top + offset.Y};
    const fits = at && at.x > left && at.x < right && at.y > top && at.y < bottom;
    let x = fits ? at.x : (left + right) / 2;
    let y = fits ? at.y : (top + bottom) / 2;
    let path = hits(x, y);
    if (fits && !path.some(hit => reaches(hit, el))) {
      x = (left + right) / 2;
      y = (top + bottom) / 2;
      path = hits(x, y);
    }
    const link = el.tagName === 'LABEL' && path.length > 0 && closest(path.at(-1), 'a[href],button');
    if (link && within(el, link)) {
      x = left + Math.min(4, (right - left) / 2); // beside the link to the terms
      path = hits(x, y);
    }
    if (path.length === 0) return {why: 'is out of view', scroll: true};
    if (!path.some(hit => reaches(hit, el))) {
      return {why: 'is covered by ' + describe(path.at(-1)), scroll: !el.scrolled && (el.scrolled = true)};
    }
    return {x, y, key: [v.x + r.left, v.y + r.top, r.width, r.height].join()};
  }

  const stillTime = 10; // milliseconds

  const scroll = el => el.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});

  let last = null; // {el, key, at} of when it came to this place

  // An animation that will end is not over yet, or has not begun to move.
  const animated = el => el.ownerDocument.getAnimations().some(a =>
    (a.pending || a.playState === 'running') && a.effect?.target?.contains(el) && a.effect.getComputedTiming().endTime < 1e7);

  // Ready to be clicked: same place before and after a frame, nothing in front of
  // it.
  function still(el, offset) {
    if (animated(el)) return (last = null, {why: describe(el) + ' moves', soon: true});
    const t = target(el, offset);
    if (t.scroll) scroll(el);
    if (t.why) return (last = null, {why: describe(el) + ' ' + t.why});
    const at = performance.now(), same = last && last.el === el && last.key === t.key;
    if (!same) last = {el, key: t.key, at};
    const rest = last.at + stillTime - at;
    if (same && rest <= 0) return t;
    return {why: describe(el) + ' moves', ...same ? {rest} : {soon: true}};
  }

  const pressing = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'dblclick', 'auxclick', 'contextmenu'];

  // The next press of the mouse is for el. If the page has moved under it,
  // whatever is there instead gets to know nothing of it.
  function expect(el, opens) {
    globalThis.mouse?.end();
    const windows = [...new Set(finder.reachable().map(r => (r.ownerDocument || r).defaultView))];
    const each = what => windows.forEach(w => pressing.forEach(type => {
      try {
        w[what](type, judge, true);
      } catch { /* by now it shows another site */ }
    }));
    const m = globalThis.mouse = {missed: '', end: () => each('removeEventListener')};
    function judge(e) {
      if (!e.isTrusted) return;
      const hit = e.composedPath()[0];
      if (e.type === 'pointerdown') {
        if (reaches(hit, el) || el.control === hit || el.ownerDocument !== hit.ownerDocument && within(el, frameOf(hit.ownerDocument))) return m.end();
        m.missed = describe(hit);
      }
      if (m.missed) {
        e.preventDefault();
        e.stopImmediatePropagation();
      }
    }
    each('addEventListener');
    if (!opens) inThisWindow(el);
  }

  // What would open a window of its own, where no step is done, stays in this one.
  function inThisWindow(el) {
    const link = closest(el, 'a[href],area[href]'), base = el.ownerDocument.querySelector('base[target]');
    const here = el.ownerDocument === document ? '_self' : '_top';
    if (base?.target === '_blank') base.target = here;
    for (const e of [link, el.form]) if (e && e.target === '_blank') e.target = here;
    if (el.formTarget === '_blank') el.formTarget = here;
  }

  // Lets the page's tasks run, and tells whether the mouse met what it was for.
  async function turn() {
    await new Promise(r => setTimeout(r, 0));
    const missed = globalThis.mouse?.missed;
    globalThis.mouse?.end();
    globalThis.mouse = undefined;
    return {done: true, missed: missed || ''};
  }

  // For a box that is drawn by its label: what of the two can be clicked.
  function front(el) {
    const label = labels(el).find(l => shown(l));
    return label && !(shown(el) && target(el).x) ? label : el;
  }

  return {target, still, scroll, expect, turn, front, through};
})
