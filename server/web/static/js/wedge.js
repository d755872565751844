/* Reads a keyboard-wedge scanner from KeyboardEvent.code: what the scanner meant on a US keyboard, whatever layout,
   Caps Lock or input method the computer has. `orderlight.wedge(onCode, options)` calls onCode(text) for each scan. */
"use strict";
(() => {
  const PLAIN = {
    Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Semicolon: ";:", Quote: "'\"",
    Backquote: "`~", Comma: ",<", Period: ".>", Slash: "/?", Space: "  ", IntlBackslash: "\\|",
    NumpadAdd: "++", NumpadSubtract: "--", NumpadMultiply: "**", NumpadDivide: "//", NumpadDecimal: "..",
  };
  const SHIFTED_DIGITS = ")!@#$%^&*(";
  // Ctrl chords by which scanners send control characters (ASCII 0x1C to 0x1F); F8 is a common stand-in for GS.
  const CONTROL = { BracketRight: "\x1d", Backslash: "\x1c", Digit6: "\x1e", Minus: "\x1f" };
  const ENDS = { Enter: 1, NumpadEnter: 1, Tab: 1 };
  const EOT = "\x04", CR = "\r", LF = "\n", TAB = "\t";

  /* The character that the key stands for, or null for a key that types nothing. */
  function decode(event) {
    const { code, ctrlKey, altKey, metaKey } = event;
    if (code === "F8") return "\x1d";
    if (metaKey) return null;
    if (event.getModifierState && event.getModifierState("AltGraph")) return event.key.length === 1 ? event.key : null;
    if (ctrlKey && !altKey) return control(code);
    if (altKey) return null;
    if (/^Key[A-Z]$/.test(code)) return event.shiftKey ? code[3] : code[3].toLowerCase();
    if (/^Digit\d$/.test(code)) return event.shiftKey ? SHIFTED_DIGITS[+code[5]] : code[5];
    if (/^Numpad\d$/.test(code)) return code[6];
    return code in PLAIN ? PLAIN[code][event.shiftKey ? 1 : 0] : null;
  }

  function control(code) {
    if (code in CONTROL) return CONTROL[code];
    return /^Key[A-Z]$/.test(code) ? String.fromCharCode(code.charCodeAt(3) - 64) : null;
  }

  function wedge(onCode, { input, gap = 250, idle = 80, mine = () => false } = {}) {
    let buffer = "", last = 0, widest = 0, alt = "", timer = 0, byKey = false;
    let ends = localStorage.getItem("orderlight.suffix") === "1"; // Whether this scanner was seen to end its codes.

    function add(text) {
      const at = performance.now();
      if (buffer && at - last > gap) { buffer = ""; widest = 0; } else if (buffer) widest = Math.max(widest, at - last);
      buffer += text;
      last = at;
      clearTimeout(timer);
      // Without an end sign a pause ends the code: 80 ms, or more where the scanner itself is slow.
      const wait = ends ? gap * 4 : Math.max(idle, buffer.length < 4 ? gap : widest * 3);
      timer = setTimeout(() => finish(false), wait);
    }

    function finish(ended) {
      clearTimeout(timer);
      const code = buffer.replace(/[\r\n\t\x04]+$/, "").replace(/^[\r\n\t\x02]+/, "");
      buffer = "";
      widest = 0;
      if (input) input.value = "";
      if (ended && code && !ends) { ends = true; localStorage.setItem("orderlight.suffix", "1"); }
      // Two stray key presses are no scan; a code that was ended on purpose may be short.
      if (code && (ended || code.length > 2)) onCode(code);
    }

    function down(event) {
      if (mine(event.target)) return;
      if (event.code in ENDS) { if (buffer) { take(event); finish(true); } return; }
      if (event.altKey && /^Numpad\d$/.test(event.code)) { alt += event.code[6]; take(event); return; }
      if (!event.code || event.code === "Unidentified") return;
      const letter = decode(event);
      if (letter === null) return;
      const known = letter >= " " || letter === "\x1d" || letter === "\x1c" || letter === "\x1e" || letter === "\x1f";
      if (!known && !buffer) return; // A shortcut of the browser, not a scanner.
      if (letter === " " && !buffer) return; // A space on a button presses it.
      take(event);
      if (letter === EOT || letter === CR || letter === LF || letter === TAB) finish(true);
      else add(letter);
    }

    function up(event) {
      if (event.key !== "Alt" || !alt) return;
      const letter = String.fromCharCode(parseInt(alt, 10) & 255);
      alt = "";
      if (letter === EOT || letter === CR) finish(true); else add(letter);
    }

    /* Android scanner apps insert text without telling keys. */
    function inserted() {
      if (!input.value) return;
      const text = input.value;
      input.value = "";
      if (byKey) return;
      const parts = text.split(/[\r\n\t\x04]/);
      parts.forEach((part, place) => { if (part) add(part); if (place < parts.length - 1) finish(true); });
    }

    function take(event) {
      byKey = true; // An input method may insert the same letter a second time; that one is not wanted.
      setTimeout(() => { byKey = false; }, 0);
      event.preventDefault();
      event.stopPropagation();
    }

    document.addEventListener("keydown", down, true);
    document.addEventListener("keyup", up, true);
    if (input) {
      input.addEventListener("input", (event) => { if (!event.isComposing) inserted(); });
      input.addEventListener("compositionend", () => { input.value = ""; });
    }
    return { flush: () => finish(true) };
  }

  window.orderlight = Object.assign(window.orderlight || {}, { wedge, decodeKey: decode });
})();
