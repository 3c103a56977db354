// The bars of the messages: drawn by the server beside the conversation, moved below each message here.
const place = () => {
  const rows = document.querySelectorAll("#chat-history .message-row");
  for (const bar of element.querySelectorAll(".facts[data-row]")) {
    const row = rows[Number(bar.dataset.row)];
    const under = row && row.nextElementSibling;
    if (!under || !under.classList.contains("message-buttons")) continue;
    const there = under.querySelector(":scope > .facts");
    if (there && there.dataset.key === bar.dataset.key) continue;
    there?.remove();
    const copy = bar.cloneNode(true);
    copy.removeAttribute("data-row");
    under.append(copy);
  }
  // What Svelte has reused for another message, or for one without a bar.
  const wanted = new Set([...element.querySelectorAll(".facts[data-row]")].map((bar) => bar.dataset.key));
  for (const old of document.querySelectorAll("#chat-history .message-buttons > .facts")) {
    if (!wanted.has(old.dataset.key)) old.remove();
  }
};
let pending = false;
const soon = () => {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => { pending = false; place(); reveal(); });
};
// A hit of the search is opened at its message.
const reveal = () => {
  const target = element.querySelector("[data-reveal]");
  if (!target || target.dataset.done) return;
  const row = document.querySelectorAll("#chat-history .message-row")[Number(target.dataset.reveal)];
  if (!row) return;
  target.dataset.done = "yes";
  document.querySelectorAll("#chat-history [data-found]").forEach((old) => delete old.dataset.found);
  setTimeout(() => {
    row.scrollIntoView({ block: "center" });
    row.dataset.found = "";  // not a class: Svelte writes those anew
  }, 60);
};
const box = document.querySelector("#chat-scroll") || document.body;
// The growing reply has no bars, and changes a dozen times a second.
const outside = (record) => !(record.target.closest?.("#chat-live") || record.target.parentElement?.closest("#chat-live"));
new MutationObserver((records) => { if (records.some(outside)) soon(); }).observe(box, { childList: true, subtree: true });
new MutationObserver(soon).observe(element, { childList: true, subtree: true });
const tell = (event) => {
  const button = event.target.closest("#chat-history .facts [data-act]");
  if (!button || (event.type === "change") !== (button.tagName === "SELECT")) return;
  if (button.tagName === "SELECT" && !button.value) return;
  trigger("click", { act: button.dataset.act, id: button.dataset.id, model: button.value || "" });
  if (button.tagName === "SELECT") button.value = "";
};
// The lists of models are long and there is one below each reply, so each gets its own when it is opened.
const fill = (event) => {
  const list = event.target.closest?.("#chat-history .facts select[data-act]");
  const models = element.querySelector("template[data-models]");
  if (list && models && list.options.length === 1) list.append(models.content.cloneNode(true));
};
for (const name of ["focusin", "pointerdown", "mouseenter"]) box.addEventListener(name, fill, true);
box.addEventListener("click", tell);
box.addEventListener("change", tell);
soon();
