/* Small comforts of administration: copying a secret, and a page that looks again by itself, for silence sends no event. */
"use strict";
(() => {
  const LOOK_AGAIN_MS = 10000;

  /* On a narrow screen the list of rooms is a line; the present room is brought into it. */
  const rooms = document.querySelector(".rooms");
  const here = rooms && rooms.querySelector("[aria-current]");
  if (here && rooms.scrollWidth > rooms.clientWidth) {
    rooms.scrollLeft = here.offsetLeft - (rooms.clientWidth - here.offsetWidth) / 2;
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        document.execCommand("copy"); // Plain http has no clipboard interface.
      }
      button.querySelector("span").textContent = button.dataset.done;
    });
  }

  async function lookAgain() {
    const region = document.querySelector("[data-poll]");
    if (!region || document.hidden || !window.orderlight) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(region.id);
      if (fresh) window.orderlight.morph(region, fresh);
    } catch { /* The live stream tells that the server is away. */ }
  }
  if (document.querySelector("[data-poll]")) setInterval(lookAgain, LOOK_AGAIN_MS);
})();
