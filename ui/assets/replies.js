// A reply that is to be translated: its text stands in the area for a moment, and is put into the Translate panel.
const carry = () => {
  const note = element.querySelector("[data-translate]");
  if (!note) return;
  const text = note.dataset.translate;
  note.remove();
  document.querySelector("#tab-translate-button")?.click();
  // The panel is drawn when it is opened, and its fields are filled once more while that goes on.
  const put = (left, kept = 0) => {
    const box = document.querySelector("#tr-text textarea");
    const drawn = box && document.querySelector("#tr-out") && document.querySelector("#tr-target input")?.value;
    const holds = drawn && box.value === text;
    if (drawn && !holds) {
      Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, text);
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.focus();
    }
    if (left && kept < 5) setTimeout(() => put(left - 1, holds ? kept + 1 : 0), 60);
  };
  put(200);
};
new MutationObserver(carry).observe(element, { childList: true, subtree: true });
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) trigger("click", { act: button.dataset.act, id: button.dataset.id || "" });
});
