// The source: the page's elements for a person who looks for locators, without
// what may let others act for the account (C29). A function without arguments
// that gives its own.
(function source() {
  const blot = '•••';
  const telling = /nonce|token|csrf|xsrf|secret|session|signature|passw|auth(?!or)|api-?_?key|\bsid\b/i;
  const random = /^[\w+=.-][\w+/=.-]{15,}$/;
  const named = text => text.replace(/("[^"]*"|'[^']*')(\s*:\s*)("[^"]+"|'[^']+')/g, (all, name, colon) => telling.test(name) ? `${name}${colon}"${blot}"` : all);

  // An address, or a text with some, without what in its query is random or
  // called like a token.
  const address = text => text.replace(/([?&;]|&amp;)([\w.[\]%-]+)=([^&#;\s"'<>)]+)/g,
    (all, before, name, value) => telling.test(name) || random.test(value) ? `${before}${name}=${blot}` : all);

  function attribute(el, {name, value}) {
    if (!value) return value;
    const kept = name === 'value' && el.matches('input[type=hidden]') || name === 'content' && el.matches('meta');
    const called = el.getAttribute('name') || el.getAttribute('property') || el.id;
    if (name === 'srcdoc' || telling.test(name) || kept && (telling.test(called) || name === 'value' && random.test(value))) return blot;
    return named(address(value));
  }

  // The page as HTML. The copy is of a document that loads and runs nothing.
  function html() {
    const inert = document.implementation.createHTMLDocument('');
    const copy = inert.importNode(document.documentElement, true);
    for (const el of [copy, ...copy.querySelectorAll('*')]) {
      for (const a of [...el.attributes]) {
        const value = attribute(el, a);
        if (value !== a.value) a.value = value;
      }
      if (el.matches('script,noscript,template') && (el.textContent || el.content?.hasChildNodes())) el.textContent = blot;
      el.content?.replaceChildren?.();
    }
    const comments = inert.createTreeWalker(copy, NodeFilter.SHOW_COMMENT), all = [];
    while (comments.nextNode()) all.push(comments.currentNode);
    all.forEach(c => c.remove());
    return copy.outerHTML;
  }

  return {html, address};
})
