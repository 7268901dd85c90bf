// Makes pages livelier; every page works without it. No personal data is kept in the browser.
"use strict";
(() => {
  const body = document.body;
  const say = (words) => { const at = document.getElementById("say"); if (words && at.textContent !== words) at.textContent = words; };

  // -- what a post answered with stands in the history as the page that the form is on, so that Back never asks whether to
  // send it again. What was typed is in the page alone: not in an address, and nowhere in the browser.
  const own = document.querySelector("main [data-session]:not([data-session='']), main [data-page]")?.dataset;
  if (own && location.pathname.includes("/forms/")) history.replaceState(null, "", (own.session || own.page) + location.hash);

  // -- live parts: <section id="x" data-live="topic other" data-live-src="/url" [data-live-stream="/url"] [data-live-say="…"]>
  // A fetched part is laid over the old one node by node: what is the same stays, so nothing flickers, focus and an
  // opened table stay where they are.
  function morph(from, to) {
    if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || (from.id || "") !== (to.id || "")) {
      from.replaceWith(document.importNode(to, true)); return;
    }
    if (from.nodeType !== Node.ELEMENT_NODE) { if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue; return; }
    if (from.isEqualNode(to)) return;
    // A form on its way keeps its double-click key.
    if (from.matches("form[data-sending], input[name=key]")) return;
    const typing = from === document.activeElement && from.matches("input, select, textarea");
    for (const { name } of [...from.attributes])
      if (!to.hasAttribute(name) && !(from.nodeName === "DETAILS" && name === "open")) from.removeAttribute(name);
    for (const { name, value } of to.attributes)
      if (from.getAttribute(name) !== value && !(typing && name === "value")) from.setAttribute(name, value);
    if (typing) return;
    // Children with an id are matched by it, so that a new first row does not rewrite all the others.
    const keyed = new Map([...from.children].filter((c) => c.id).map((c) => [c.id, c]));
    let at = from.firstChild;
    for (const next of [...to.childNodes]) {
      const known = next.id && keyed.get(next.id);
      if (known) { if (known === at) at = at.nextSibling; else from.insertBefore(known, at); morph(known, next); continue; }
      if (at && !at.id) { const old = at; at = at.nextSibling; morph(old, next); continue; }
      from.insertBefore(document.importNode(next, true), at);
    }
    while (at) { const old = at; at = at.nextSibling; old.remove(); }
  }

  async function reread(el, url) {
    if (el.reading) { el.again = true; return; }
    el.reading = true;
    try {
      // A redirect can only lead to the login.
      const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin", redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 401) return expired();
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = (el.id && page.getElementById(el.id)) || page.body.firstElementChild;
      if (!fresh || el.isEqualNode(fresh)) return;
      const words = fresh.dataset.liveSay;
      const changed = words && words !== el.dataset.liveSay;
      morph(el, fresh);
      if (changed) say(words);
    } catch { /* the network is away; the stream comes back and reads again */ } finally {
      el.reading = false;
      if (el.again) { el.again = false; later(el); }
    }
  }
  const waiting = new Map();
  function later(el, wait = 150) {
    if (waiting.has(el)) return;
    waiting.set(el, setTimeout(() => { waiting.delete(el); if (document.contains(el)) reread(el, el.dataset.liveSrc); }, wait));
  }
  const streamOf = (el) => el.dataset.liveStream || body.dataset.events;
  const lively = (url, topic) => [...document.querySelectorAll("[data-live]")].filter(
    (el) => streamOf(el) === url && (!topic || el.dataset.live.split(" ").includes(topic)));

  // One stream per browser and service: visible pages queue for a lock, its holder listens and tells the others.
  function listen(url) {
    const channel = "BroadcastChannel" in window ? new BroadcastChannel("landa:" + url) : null;
    let source = null, release = null, asking = null;
    const hear = (word) => {
      if (document.hidden) return;
      if (word === "") lively(url).forEach((el) => later(el));
      else lively(url, word).forEach((el) => later(el));
    };
    const tell = (word) => { hear(word); channel?.postMessage(word); };
    if (channel) channel.onmessage = (event) => hear(event.data);
    function open() {
      source = new EventSource(url);
      source.addEventListener("ready", () => tell(""));
      source.addEventListener("change", (event) => tell(event.data));
      // A browser gives up after an answer such as 503; we do not.
      source.onerror = () => { if (source?.readyState === EventSource.CLOSED) { const gone = source; setTimeout(() => { if (source === gone) open(); }, 5000 + Math.random() * 5000); } };
    }
    function start() {
      if (source || asking) return;
      if (!navigator.locks || !channel) { open(); return; }
      asking = new AbortController();
      navigator.locks.request("landa:" + url, { signal: asking.signal }, () => new Promise((done) => { release = done; open(); })).catch(() => {});
    }
    function stop() {
      source?.close(); source = null;
      if (release) { release(); release = null; } else asking?.abort();
      asking = null;
    }
    const look = () => { if (document.hidden) stop(); else { start(); hear(""); } };
    document.addEventListener("visibilitychange", look);
    addEventListener("pagehide", stop);
    addEventListener("pageshow", (event) => { if (event.persisted) look(); });
    if (!document.hidden) { start(); lively(url).forEach((el) => later(el, 600)); }
  }
  new Set([...document.querySelectorAll("[data-live]")].map(streamOf)).forEach((url) => { if (url) listen(url); });

  // -- progress of a long job: polled until the fragment no longer asks for it
  function poll(el, wait) {
    setTimeout(async () => {
      const at = document.getElementById(el.id);
      if (!at?.dataset.poll) return;
      if (!document.hidden) await reread(at, at.dataset.poll);
      const now = document.getElementById(el.id);
      if (now?.dataset.poll) poll(now, Math.min(wait * 1.2, 3000));
      else if (now?.dataset.pollThen) location.assign(now.dataset.pollThen);
    }, wait);
  }
  document.querySelectorAll("[data-poll][id]").forEach((el) => poll(el, 700));

  // -- a session or a service that is gone while a form is open: nothing is stored; the page waits until it is back
  const toast = document.getElementById("toast");
  function expired() {
    if (toast.querySelector("a")) return;
    const link = document.createElement("a");
    link.href = "/auth/login"; link.target = "_blank"; link.rel = "noopener"; link.textContent = body.dataset.login;
    toast.replaceChildren(body.dataset.expired + " ", link);
  }
  const away = () => toast.replaceChildren(body.dataset.away);
  const forms = "form[method=post]:not([data-forget])";
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches(forms)) return;
    if (form.dataset.sending) { event.preventDefault(); return; }
    if (form.hasAttribute("data-session") && !form.dataset.checked) {
      event.preventDefault();
      const by = event.submitter;
      try {
        // The guard of a form belongs to a session, so a form that outlived its session takes the new one's guard.
        const answer = await fetch(form.dataset.session || location.href, { headers: { Accept: "text/html" }, credentials: "same-origin", redirect: "manual" });
        if (answer.type === "opaqueredirect" || answer.status === 401) return expired();
        if (answer.status > 501) return away();
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main input[name=csrf]");
        const guard = form.querySelector("input[name=csrf]");
        if (answer.ok && fresh && guard) guard.value = fresh.value;
      } catch { return away(); }
      form.dataset.checked = "1";
      toast.textContent = "";
      form.requestSubmit(by?.form === form ? by : undefined);
      return;
    }
    form.dataset.sending = "1";
    form.querySelectorAll("button:not([type=button])").forEach((b) => b.setAttribute("aria-disabled", "true"));
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    // A page from the browser's own store may show what somebody else was allowed to see.
    if (document.querySelector("form[data-forget]")) location.reload();
  });

  // -- unsent plain fields survive a lost page, for half an hour, in this tab only; private ones never do
  const keepers = [...document.querySelectorAll("form[data-keep]")];
  const skip = "[data-private], [type=hidden], [type=password], [type=file], [name=website]";
  const place = (form) => "landa-form:" + location.pathname + ":" + form.dataset.keep;
  const forget = () => Object.keys(sessionStorage).filter((k) => k.startsWith("landa-form:")).forEach((k) => sessionStorage.removeItem(k));
  for (const form of keepers) {
    const fields = () => [...form.elements].filter((f) => f.name && !f.matches(skip) && !f.matches("button"));
    try {
      const kept = JSON.parse(sessionStorage.getItem(place(form)) || "null");
      if (kept && Date.now() - kept.at < 30 * 60e3 && !document.querySelector(".summary"))
        for (const f of fields()) {
          const value = kept.values[f.name + "=" + (f.matches("[type=checkbox], [type=radio]") ? f.value : "")];
          if (value === undefined) continue;
          if (f.matches("[type=checkbox], [type=radio]")) f.checked = value; else f.value = value;
        }
    } catch { forget(); }
    form.addEventListener("input", () => {
      const values = {};
      for (const f of fields())
        if (f.matches("[type=checkbox], [type=radio]")) values[f.name + "=" + f.value] = f.checked; else values[f.name + "="] = f.value;
      try { sessionStorage.setItem(place(form), JSON.stringify({ at: Date.now(), values })); } catch { /* full or forbidden */ }
    });
  }
  // Wherever a page without such a form is shown to somebody logged in, the form was sent or left.
  if (document.querySelector("form[data-forget]") && !keepers.length) forget();
  document.addEventListener("submit", (event) => { if (event.target.matches("[data-forget]")) forget(); });

  document.querySelector("[data-focus]")?.focus();
})();
