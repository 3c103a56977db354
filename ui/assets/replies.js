// A reply that is to be translated: its text stands in the area for a moment, and is put into the Translate panel.
const carry = () => {
  const note = element.querySelector("[data-translate]");
  if (!note) return;
  const text = note.dataset.translate;
  note.remove();
  document.querySelector("#tab-translate-button")?.click();
  const put = (left) => {  // the panel is drawn when it is opened
    const box = document.querySelector("#tr-text textarea");
    if (!box) return left && requestAnimationFrame(() => put(left - 1));
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, text);
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  };
  put(300);
};
new MutationObserver(carry).observe(element, { childList: true, subtree: true });
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) trigger("click", { act: button.dataset.act, id: button.dataset.id || "" });
});
