/* The clock of the board, by the server's time. */
"use strict";
(() => {
  const zone = document.documentElement;
  const first = document.getElementById("board-clock");
  if (!first) return;
  /* The page knows the site's wall clock at one moment; the offset between the two holds until the clocks change. */
  const [hours, minutes] = first.textContent.split(":").map(Number);
  const made = new Date(first.dateTime);
  const offset = (hours * 60 + minutes) - (made.getUTCHours() * 60 + made.getUTCMinutes());
  const show = () => {
    const at = new Date(window.orderlight.now() + offset * 60000);
    const text = `${String(at.getUTCHours()).padStart(2, "0")}:${String(at.getUTCMinutes()).padStart(2, "0")}`;
    const node = document.getElementById("board-clock");
    if (node && node.textContent !== text) node.textContent = text;
  };
  setInterval(show, 1000);
  document.addEventListener("orderlight:merged", show);
  zone.dataset.board = "ready";
})();
