/* Keeps the page alive: puts what changes in place of what was there, and answers codes without leaving the page.
   Without it the page works by forms and reloads. */
"use strict";
(() => {
  const live = document.getElementById("live");
  const lost = document.getElementById("lost");
  const EVERY = 2000;

  async function refresh() {
    const chosen = document.getSelection();
    const isReading = chosen && !chosen.isCollapsed && live.contains(chosen.anchorNode);
    if (document.hidden || isReading) return;
    try {
      const answer = await fetch(`${location.pathname}?part`, { signal: AbortSignal.timeout(8000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const held = live.contains(document.activeElement) ? [...live.querySelectorAll("[tabindex]")].indexOf(document.activeElement) : -1;
      const offsets = [...live.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
      live.innerHTML = await answer.text();
      live.querySelectorAll(".scroll").forEach((each, place) => { each.scrollLeft = offsets[place] || 0; });
      if (held >= 0) live.querySelectorAll("[tabindex]")[held]?.focus({ preventScroll: true });
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  }

  async function keep() {
    await refresh();
    setTimeout(keep, EVERY);
  }
  setTimeout(keep, EVERY);
  document.addEventListener("visibilitychange", refresh);

  const form = document.querySelector("form");
  if (!form) return;
  const field = form.elements.code;
  const results = document.getElementById("results");
  const KEPT = 20;

  /* Scanners that type send GS as Ctrl+] or F8, which no field takes in. */
  field.addEventListener("keydown", (event) => {
    const isSeparator = event.code === "F8" || (event.ctrlKey && event.code === "BracketRight");
    if (!isSeparator) return;
    event.preventDefault();
    field.setRangeText("\\x1d", field.selectionStart, field.selectionEnd, "end");
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams({ code: field.value });
    field.value = "";
    field.focus();
    try {
      const answer = await fetch("/codes?part", { method: "POST", body });
      if (!answer.ok) throw new Error(String(answer.status));
      results.insertAdjacentHTML("afterbegin", await answer.text());
      while (results.children.length > KEPT) results.lastElementChild.remove();
    } catch {
      lost.hidden = false;
    }
  });

  /* A scan belongs into the field, wherever the focus went. */
  document.addEventListener("keydown", (event) => {
    const isTyping = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (isTyping && document.activeElement === document.body) field.focus();
  });
})();
