/* The list of orders: rows change in place and never move under the pointer; a chip says how many did. */
"use strict";
(() => {
  const chip = document.getElementById("changed");
  const changed = new Set();
  let busy = false, again = false;

  document.addEventListener("orderlight:fragment", (event) => {
    const region = document.getElementById("live-region");
    if (!region || event.detail.topic !== region.dataset.topic) return;
    event.preventDefault();
    update();
  });

  async function update() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) { location.reload(); return; }
      merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch { /* The stream tells that the server is away; the next frame comes here again. */ }
    setTimeout(() => { busy = false; if (again) { again = false; update(); } }, 1000);
  }

  function merge(page) {
    const rows = [...document.querySelectorAll(".orders tbody tr")];
    const fresh = new Map([...page.querySelectorAll(".orders tbody tr")].map((row) => [row.id, row]));
    for (const row of rows) {
      const next = fresh.get(row.id);
      fresh.delete(row.id);
      if (!next) { changed.add(row.id); continue; }
      if (text(row) === text(next)) continue;
      window.orderlight.morph(row, next);
      row.classList.add("fresh");
      row.addEventListener("animationend", () => row.classList.remove("fresh"), { once: true });
      changed.add(row.id);
    }
    fresh.forEach((_, id) => changed.add(id));
    const tabs = page.querySelector(".tabs");
    if (tabs) window.orderlight.morph(document.querySelector(".tabs"), tabs);
    if (!changed.size) return;
    chip.hidden = false;
    chip.title = changed.size === 1 ? chip.dataset.one : chip.dataset.many.replace("{n}", changed.size);
    chip.querySelector("a span").textContent = chip.title;
  }

  /* What a reader would notice: everything but the words that merely grow older. */
  function text(row) {
    const copy = row.cloneNode(true);
    copy.querySelectorAll("time[data-relative]").forEach((node) => { node.textContent = node.dateTime; });
    return copy.textContent.replace(/\s+/g, " ") + (copy.querySelector("progress")?.value ?? "");
  }
})();
