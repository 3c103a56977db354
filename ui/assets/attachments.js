// Files come by the button, by dropping them on the conversation, or pasted; so does a paste too long for the box.
const LONG_PASTE = 8000;  // characters
const give = (files) => {
  const input = document.querySelector("#composer input[type=file]");
  if (!input || !files.length) return false;
  const carried = new DataTransfer();
  for (const file of files) carried.items.add(file);
  input.files = carried.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
};
const pasted = (event) => {
  if (!event.target.closest?.("#ask")) return;
  const files = [...(event.clipboardData?.files ?? [])];
  const text = files.length ? "" : event.clipboardData?.getData("text/plain") ?? "";
  if (!files.length && text.length <= LONG_PASTE) return;
  const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
  const taken = give(files.length ? files : [new File([text], `pasted-${time}.txt`, { type: "text/plain" })]);
  if (taken) { event.preventDefault(); event.stopPropagation(); }
};
document.addEventListener("paste", pasted, true);
const chat = document.querySelector("#chat-main");
// What no other field has taken: dropped beside one, a file would open in the page's place and the page be lost.
const left = (event) => {
  if (event.defaultPrevented || ![...event.dataTransfer?.types ?? []].includes("Files")) return false;
  event.preventDefault();
  return true;
};
const open = () => Boolean(chat?.getClientRects().length);
document.addEventListener("dragover", (event) => {
  if (!left(event)) return;
  if (open()) chat.dataset.drop = ""; else event.dataTransfer.dropEffect = "none";
});
for (const name of ["dragleave", "drop", "dragend"]) document.addEventListener(name, () => { if (chat) delete chat.dataset.drop; });
document.addEventListener("drop", (event) => {
  if (left(event) && open()) give([...event.dataTransfer.files]);
});
