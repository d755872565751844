/* A station's screen: scans are kept in this browser first, then sent in order; verdicts are shown and sounded once. */
"use strict";
(() => {
  const set = document.body.dataset;
  const MOST = 50, KEY = "orderlight.scans";
  const $ = (id) => document.getElementById(id);
  const typed = $("typed"), code = $("code"), wedgeInput = $("wedge");

  /* --- What is kept: {device, epoch, sequence, queue, aside}. Two tabs share it, so it is read afresh each time. --- */
  const hex = (bytes) => [...crypto.getRandomValues(new Uint8Array(bytes))].map((b) => b.toString(16).padStart(2, "0")).join("");
  function kept() {
    try {
      const state = JSON.parse(localStorage.getItem(KEY));
      if (state && state.epoch && Array.isArray(state.queue)) return state;
    } catch { /* What cannot be read was not written by us; begin anew. */ }
    return { device: hex(6), epoch: hex(8), sequence: 0, queue: [], aside: [] };
  }
  function keep(state) { localStorage.setItem(KEY, JSON.stringify(state)); count(state); }
  function count(state) {
    const waiting = $("waiting"), number = state.queue.length + state.aside.length;
    waiting.hidden = !number;
    waiting.textContent = set.waiting.replace("{n}", number);
  }

  function enqueue(fields) {
    const state = kept();
    state.sequence += 1;
    state.queue.push({
      v: 1, sequence: state.sequence, observed_at: new Date(window.orderlight.now()).toISOString(),
      read_point: readPoint(), reader: "browser", ...fields,
      sent_as: { gateway: `web-${state.device}`, epoch: state.epoch },
    });
    keep(state);
    send();
  }
  const readPoint = () => (typed.elements.read_point ? typed.elements.read_point.value : "") || set.readPoint || null;
  const scan = (text) => enqueue({ kind: "code_scanned", code: text });

  /* --- Sending: one request in flight, strictly in order; an answer names what may be forgotten. --- */
  let sending = false, fails = 0, retry = 0, most = MOST, troubled = 0;
  async function send() {
    const { queue } = kept();
    if (sending || !queue.length) return;
    sending = true;
    clearTimeout(retry);
    const batch = queue.slice(0, most).filter((event) => event.sent_as.epoch === queue[0].sent_as.epoch);
    // The stream may bring our own verdict before the answer does; the answer alone sounds it.
    own(batch);
    const slow = setTimeout(() => show("kept", set.wordSending, "", batch.at(-1).code || ""), 1200);
    try {
      const answer = await fetch(set.scans, {
        method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ ...batch[0].sent_as, events: batch.map(({ sent_as: _, ...event }) => event) }),
      });
      clearTimeout(slow);
      await answered(answer, batch);
    } catch {
      clearTimeout(slow);
      trouble(set.sayKept, batch);
    }
    sending = false;
    if (kept().queue.length && !retry) send();
  }

  async function answered(answer, batch) {
    if (answer.ok) {
      const { results } = await answer.json();
      forget(batch, new Set(results.map((result) => result.sequence)));
      fails = 0; retry = 0; most = MOST;
      told(results, batch);
    } else if (answer.status === 413 || answer.status === 422 || answer.status === 400) {
      if (batch.length > 1) most = Math.max(1, batch.length >> 1); else { aside(batch[0]); most = MOST; }
    } else {
      const isRight = answer.status === 401 || answer.status === 403 || answer.status === 404;
      trouble(isRight ? set.sayRights : set.sayKept, batch);
    }
  }

  function forget(batch, sequences) {
    const state = kept(), { epoch } = batch[0].sent_as;
    state.queue = state.queue.filter((event) => event.sent_as.epoch !== epoch || !sequences.has(event.sequence));
    keep(state);
  }

  /* A scan the server can never take must not block the others; it stays on the screen for a person. */
  function aside(event) {
    const state = kept();
    state.queue = state.queue.filter((each) => each.sequence !== event.sequence || each.sent_as.epoch !== event.sent_as.epoch);
    state.aside.push(event);
    keep(state);
    show("stop", set.wordStop, set.sayAside, event.code || "");
    tone("stop");
  }

  function trouble(words, batch) {
    fails += 1;
    show("kept", set.wordKept, words, batch.at(-1).code || "");
    if (kept().sequence !== troubled) tone("trouble"); // Once for each scan, not for each try.
    troubled = kept().sequence;
    const wait = Math.min(1000 * 2 ** Math.min(fails, 4), 15000) * (0.5 + Math.random());
    clearTimeout(retry);
    retry = setTimeout(() => { retry = 0; send(); }, wait);
  }

  /* --- Verdicts: from our own answers, and from the stream for scans of any other reader. --- */
  const ORDER = ["ok", "warn", "stop"];
  const seen = new Set(rows().map((row) => row.dataset.key));
  function rows() { return [...document.querySelectorAll("#last-scans [data-key]")]; }

  function own(batch) {
    const { gateway, epoch } = batch[0].sent_as;
    batch.forEach((event) => seen.add(`${gateway}/${epoch}/${event.sequence}`));
  }

  function told(results, batch) {
    const last = results.at(-1);
    const event = batch.find((each) => each.sequence === last.sequence) || {};
    // What a gate or another hand has just read is no fault, but nothing was booked by this scan.
    const isKnown = last.signal === "ok" && last.status === "refused";
    show(last.signal, isKnown ? set.wordKnown : word(last.signal), last.say, event.code || "");
    tone(worst(results.map((result) => result.signal)));
  }
  const word = (signal) => ({ ok: set.wordOk, warn: set.wordWarn, stop: set.wordStop })[signal];
  const worst = (signals) => ORDER[Math.max(...signals.map((signal) => ORDER.indexOf(signal)))];

  function show(signal, wording, say, text) {
    const icon = { ok: "check", warn: "triangle-alert", stop: "octagon-x", kept: "wifi-off" }[signal];
    $("verdict").className = `verdict ${signal}${say && say.length > 90 ? " long" : ""}`;
    $("verdict-icon").querySelector("use").setAttribute("href", `${set.icons}#${icon}`);
    $("verdict-word").textContent = wording;
    if (say) $("verdict-say").textContent = say;
    document.querySelectorAll(".verdict-alert").forEach((node) => node.remove()); // They belong to the scan before.
    $("verdict-code").textContent = text.replace(/[^\x20-\uffff]/g, "·");
  }

  const work = () => document.getElementById("at-hand");
  let job = work() && work().dataset.job;
  document.addEventListener("orderlight:merged", () => {
    if (work() && work().dataset.job !== job) { job = work().dataset.job; work().scrollTop = 0; }
    const fresh = rows().filter((row) => !seen.has(row.dataset.key));
    fresh.forEach((row) => seen.add(row.dataset.key));
    /* What was said of the last thing done gives way to the next verdict, which it would cover. */
    if (fresh.length) document.querySelectorAll(".flash").forEach((said) => said.remove());
    const loud = fresh.filter((row) => "fresh" in row.dataset);
    if (loud.length) tone(worst(loud.map((row) => row.dataset.signal)));
    if (kept().queue.length && fails) show("kept", set.wordKept, set.sayKept, kept().queue.at(-1).code || "");
  });
  document.addEventListener("orderlight:state", (event) => { if (event.detail === "live" && fails) { fails = 0; clearTimeout(retry); retry = 0; send(); } });

  /* --- Sound, made here so that nothing has to be loaded: [Hz, from ms, for ms] --- */
  const TONES = {
    ok: ["sine", [988, 0, 90], [1319, 90, 160]],
    warn: ["triangle", [660, 0, 140], [660, 220, 140]],
    stop: ["square", [196, 0, 260], [147, 320, 420]],
    trouble: ["sawtooth", [520, 0, 120], [390, 150, 120], [260, 300, 240]],
  };
  let audio = null;
  function speaker() {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!audio && Context) audio = new Context();
    if (audio && audio.state === "suspended") audio.resume().then(hush, hush);
    hush();
    return audio;
  }
  function hush() { $("sound").hidden = Boolean(audio && audio.state === "running"); }
  function tone(kind) {
    document.documentElement.dataset.tone = kind; // So that a deaf operator's helper, or a test, can see it.
    document.documentElement.dataset.tones = Number(document.documentElement.dataset.tones || 0) + 1;
    const out = speaker();
    if (!out || !(kind in TONES)) return;
    const [shape, ...notes] = TONES[kind];
    for (const [hertz, from, length] of notes) {
      const voice = out.createOscillator(), gain = out.createGain();
      const start = out.currentTime + from / 1000, end = start + length / 1000;
      voice.type = shape;
      voice.frequency.value = hertz;
      gain.gain.setValueAtTime(0.0001, start);
      gain.gain.exponentialRampToValueAtTime(shape === "square" || shape === "sawtooth" ? 0.18 : 0.4, start + 0.012);
      gain.gain.exponentialRampToValueAtTime(0.0001, end);
      voice.connect(gain).connect(out.destination);
      voice.start(start);
      voice.stop(end);
    }
  }

  /* --- Hands: scanner, typed code, UNDO --- */
  const isTyping = (node) => node === code || (node instanceof HTMLSelectElement);
  const wish = new URLSearchParams(location.search).get("gap");
  if (wish && /^\d{2,4}$/.test(wish)) localStorage.setItem("orderlight.gap", wish);
  window.orderlight.wedge(scan, { input: wedgeInput, gap: Number(localStorage.getItem("orderlight.gap")) || 250, mine: isTyping });

  typed.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = code.value.trim();
    code.value = "";
    if (text) scan(text);
    settle();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "undo") return;
    event.preventDefault();
    const { gateway, epoch, sequence } = event.target.elements;
    if (sequence) enqueue({ kind: "undo_requested", corrects: { gateway: gateway.value, epoch: epoch.value, sequence: Number(sequence.value) } });
    settle();
  });

  /* The scanner's words must land here, wherever a finger was last. */
  function settle() { wedgeInput.focus({ preventScroll: true }); }
  document.addEventListener("pointerup", (event) => { speaker(); if (!event.target.closest("input, select, button, a, label, summary")) settle(); });
  window.addEventListener("focus", () => { if (!isTyping(document.activeElement)) settle(); });
  code.addEventListener("blur", () => setTimeout(() => { if (document.activeElement === document.body) settle(); }, 0));
  $("sound").addEventListener("click", () => { tone("ok"); settle(); });

  count(kept());
  speaker();
  settle();
  send();
  window.addEventListener("online", send);
  document.documentElement.dataset.station = "ready";
})();
