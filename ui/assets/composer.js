// The message box: what was typed outlives a reload of this tab, Enter makes a new line on a phone, a button leads back to the newest message.
const KEY = "hearth-draft";
const field = () => document.querySelector("#ask textarea");
window.addEventListener("pagehide", () => {
  // Of a temporary chat nothing is written down.
  const text = document.querySelector("#chat-title .temporary") ? "" : field()?.value ?? "";
  try { if (text) sessionStorage.setItem(KEY, text); else sessionStorage.removeItem(KEY); } catch { /* too large, or storage is off */ }
});
const restore = (frames) => {
  const box = field();
  if (!box && frames) return requestAnimationFrame(() => restore(frames - 1));
  let text = "";
  try { text = sessionStorage.getItem(KEY) || ""; } catch { /* storage is off */ }
  if (!box || !text || box.value) return;
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
};
restore(600);

// A phone's keyboard has no Shift+Enter; what is written is sent by the button there. Before Gradio's own listeners.
const byTouch = matchMedia("(hover: none) and (pointer: coarse)");
for (const name of ["keydown", "keypress"]) {
  document.addEventListener(name, (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || !byTouch.matches || event.target !== field()) return;
    if (!document.querySelector("#template-list:not([hidden])")) event.stopImmediatePropagation();
  }, true);
}

// A key that is held down must not send again what is on its way.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.repeat && !event.shiftKey && event.target === field()) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

// Who has scrolled up gets a way back to the end.
const FAR = 400;  // pixels
const button = () => document.querySelector("#to-end");
const box = () => document.querySelector("#chat-scroll");
const show = () => {
  const scrolled = box();
  if (scrolled && button()) button().hidden = scrolled.scrollHeight - scrolled.scrollTop - scrolled.clientHeight < FAR;
};
document.addEventListener("scroll", (event) => { if (event.target === box()) show(); }, { capture: true, passive: true });
new ResizeObserver(show).observe(document.querySelector("#chat-main") || document.body);
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#to-end")) return;
  // Where the window on the conversation ends before the newest message, that is asked for.
  const newest = document.querySelector("#chat-newest");
  if (newest?.getClientRects().length) newest.click();
  box().scrollTop = box().scrollHeight;
  field()?.focus({ preventScroll: true });
});
