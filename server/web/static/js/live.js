/* Keeps a page live: one stream, all topics of the page, each with the version it shows (docs/architecture.md).
   The page is whole without this file. Other scripts listen to "orderlight:fragment" and "orderlight:state". */
"use strict";
(() => {
  const SILENCE_MS = 40000; // The server pings every 15 s; two lost pings and some slack mean that nobody is there.
  const html = document.documentElement;
  const pill = document.getElementById("connection");
  const band = document.getElementById("lost-band");
  const skew = Date.parse(html.dataset.now) - Date.now();
  const now = () => Date.now() + skew;
  let source = null, heard = 0, tries = 0, retry = 0, told = "";

  const watched = () => [...document.querySelectorAll("[data-topic]")];

  function tell(state) {
    if (pill && state !== "live") pill.textContent = pill.dataset[state] || pill.textContent;
    if (band && state === "lost" && told !== "lost") {
      const since = document.getElementById("lost-since");
      since.dateTime = new Date(heard ? heard + skew : Date.parse(html.dataset.now)).toISOString();
      since.textContent = new Date(since.dateTime).toLocaleTimeString(html.lang, {
        timeZone: html.dataset.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
      });
    }
    if (band) band.hidden = state !== "lost";
    if (pill) pill.dataset.state = state;
    told = state;
    document.dispatchEvent(new CustomEvent("orderlight:state", { detail: state }));
    age();
  }

  /* The age of what is shown, from the last frame of any kind. */
  function age() {
    if (told !== "live" || !pill) return;
    const seconds = Math.round((Date.now() - heard) / 1000);
    pill.textContent = seconds < 8 ? pill.dataset.live
      : `${pill.dataset.live}, ${pill.dataset.ago.replace("{age}", `${seconds} s`)}`;
  }

  function open() {
    clearTimeout(retry);
    if (source) source.close();
    const topics = watched();
    if (!topics.length || document.hidden) return;
    if (!told) tell("opening");
    const query = new URLSearchParams();
    new Map(topics.map((node) => [node.dataset.topic, node.dataset.version || "0"]))
      .forEach((version, topic) => query.append("t", `${topic}@${version}`));
    query.set("lang", html.lang);
    if (html.dataset.liveAs) query.set("as", html.dataset.liveAs);
    source = new EventSource(`/live?${query}`);
    source.onopen = () => hear();
    source.onerror = lost;
    source.addEventListener("ping", hear);
    source.addEventListener("hello", (event) => { hear(); greet(JSON.parse(event.data).build); });
    source.addEventListener("bye", () => { source.close(); location.reload(); });
    source.addEventListener("fragment", (event) => { hear(); take(JSON.parse(event.data)); });
  }

  function hear() {
    heard = Date.now();
    tries = 0;
    if (told !== "live") tell("live");
    age();
  }

  /* A new build of the server reloads the page, once: the address of that build is remembered. */
  function greet(build) {
    if (!build || !html.dataset.build || build === html.dataset.build) return;
    if (sessionStorage.getItem("build") === build) return;
    sessionStorage.setItem("build", build);
    location.reload();
  }

  function lost() {
    if (source) source.close();
    source = null;
    tries += 1;
    tell("lost");
    const wait = Math.min(1000 * 2 ** Math.min(tries, 4), 15000);
    retry = setTimeout(open, wait * (0.5 + Math.random()));
  }

  function take(frame) {
    const event = new CustomEvent("orderlight:fragment", { detail: frame, cancelable: true });
    const stale = watched().filter((node) => node.dataset.topic === frame.topic);
    stale.forEach((node) => { node.dataset.version = frame.version; });
    if (!document.dispatchEvent(event)) return;
    if (stale.some((node) => "refetch" in node.dataset)) { refetch(); return; }
    const gates = gate();
    merge(frame.html);
    if (gate() !== gates) refetch();
    document.dispatchEvent(new CustomEvent("orderlight:merged", { detail: frame }));
  }

  /* What a shared fragment cannot hold (buttons by role) depends on the state named here; it is fetched when that moves. */
  const gate = () => [...document.querySelectorAll("[data-gate]")].map((node) => node.dataset.gate).join();

  function merge(text) {
    const box = document.createElement("template");
    box.innerHTML = text;
    for (const node of [...box.content.children]) {
      const old = node.id && document.getElementById(node.id);
      if (old) morph(old, node);
    }
    tick();
  }

  /* Make `old` equal to `fresh` while focus, selection, scroll and opened details stay as the reader has them. */
  function morph(old, fresh) {
    if ("keep" in fresh.dataset) return;
    for (const { name, value } of [...fresh.attributes]) {
      if (old.getAttribute(name) !== value && !held(old, name)) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !held(old, name)) old.removeAttribute(name);
    }
    let place = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const twin = find(old, place, child);
      if (!twin) { old.insertBefore(child, place); continue; }
      if (twin === place) place = place.nextSibling; else old.insertBefore(twin, place);
      if (child.nodeType === 1) morph(twin, child);
      else if (twin.nodeValue !== child.nodeValue) twin.nodeValue = child.nodeValue;
    }
    while (place) { const next = place.nextSibling; place.remove(); place = next; }
  }

  function find(old, place, child) {
    if (child.nodeType === 1 && child.id) {
      const twin = document.getElementById(child.id);
      return twin && !twin.contains(old) ? twin : null;
    }
    const same = place && place.nodeType === child.nodeType && place.nodeName === child.nodeName;
    return same && !place.id ? place : null;
  }

  const held = (node, name) => (name === "open" && node.nodeName === "DETAILS")
    || (name === "value" && node === document.activeElement);

  let fetching = null;
  async function refetch() {
    if (fetching) { fetching.again = true; return; }
    fetching = { again: false };
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) { location.reload(); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const region = page.getElementById("live-region") || page.getElementById("main");
      morph(document.getElementById(region.id), region);
      tick();
      awaitEnd();
      document.dispatchEvent(new CustomEvent("orderlight:merged", { detail: null }));
    } catch { /* The stream will tell that the server is away; the next frame fetches again. */ }
    // What changes in the second of rest counts, too: whoever asks meanwhile is heard at its end.
    const asked = fetching;
    setTimeout(() => { fetching = null; if (asked.again) refetch(); }, 1000);
  }

  /* What ends by quiet sends no frame: the page says after how many seconds it is to look again. */
  let end = 0;
  function awaitEnd() {
    const region = document.querySelector("[data-again]");
    clearTimeout(end);
    if (region) end = setTimeout(refetch, Number(region.dataset.again) * 1000);
  }

  /* Relative times grow older without the server. */
  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
  function tick() {
    const words = new Intl.RelativeTimeFormat(html.lang, { numeric: "always" });
    for (const node of document.querySelectorAll("time[data-relative]")) {
      const seconds = (Date.parse(node.dateTime) - now()) / 1000;
      const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length * 0.95) || ["second", 1];
      // A moment is not in the future because two clocks differ by its tenth; -0 reads as a past.
      const text = words.format(Math.round(seconds / size) || -0, unit);
      if (node.textContent !== text) node.textContent = text;
    }
  }

  /* On a phone the places are a line that slides; where one is comes into view. */
  const places = document.querySelector(".top nav");
  const here = places && places.querySelector("[aria-current]");
  if (here && places.scrollWidth > places.clientWidth) {
    places.scrollLeft = here.getBoundingClientRect().left - places.getBoundingClientRect().left
      - (places.clientWidth - here.offsetWidth) / 2;
  }

  window.orderlight = Object.assign(window.orderlight || {}, { merge, morph, now });
  setInterval(() => {
    age();
    if (told === "live" && Date.now() - heard > SILENCE_MS) lost();
  }, 2000);
  setInterval(tick, 20000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) { open(); return; }
    if (source) source.close(); // A browser has few connections to one host; hidden pages leave theirs to others.
    source = null;
    if (told === "live") tell("paused");
  });
  window.addEventListener("online", open);
  open();
  awaitEnd();
  html.dataset.ready = "";
})();
