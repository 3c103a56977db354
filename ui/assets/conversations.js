// The list of conversations: open, the menu of a row, names and tags in place, arrow keys from row to row, folders.
const KEY = "hearth-folders";  // the names of those that this browser has closed
const closed = () => {
  try { return new Set(JSON.parse(localStorage.getItem(KEY)) || []); } catch { return new Set(); }
};
const fold = () => {
  const names = closed();
  for (const folder of element.querySelectorAll("details.folder")) if (names.has(folder.dataset.folder)) folder.open = false;
};
element.addEventListener("toggle", (event) => {
  const name = event.target.dataset?.folder;
  if (name === undefined) return;
  const names = closed();
  if (event.target.open) names.delete(name); else names.add(name);
  try { localStorage.setItem(KEY, JSON.stringify([...names].slice(-200))); } catch { /* storage is off: until it is drawn anew */ }
}, true);
new MutationObserver(fold).observe(element, { childList: true, subtree: true });
fold();

// The folders that there are, to be chosen from where one is typed.
const suggest = (field) => {
  const list = document.createElement("datalist");
  list.id = "folder-names";
  for (const folder of element.querySelectorAll("details.folder")) list.append(new Option(folder.dataset.folder));
  field.after(list);
  field.setAttribute("list", list.id);
  field.addEventListener("blur", () => list.remove());
};
const write = (row, act, value, name) => {
  const open = row.querySelector(".open");
  const field = document.createElement("input");
  field.value = value;
  field.maxLength = 200;
  field.setAttribute("aria-label", name);
  field.placeholder = name;
  const close = (save) => {
    if (!field.isConnected) return;
    const text = field.value.trim();
    field.replaceWith(open);
    row.classList.remove("asking");
    open.focus();
    if (save && text !== value && (text || act !== "rename")) trigger("click", { act, id: row.dataset.id, title: text });
  };
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") close(true);
    if (event.key === "Escape") close(false);
  });
  field.addEventListener("blur", () => close(true));
  row.classList.add("asking");
  open.replaceWith(field);
  if (act === "file") suggest(field);
  field.select();
};

const closeMenu = () => element.querySelectorAll(".row-menu").forEach((menu) => {
  menu.closest(".conversation").querySelector("[data-do=more]").setAttribute("aria-expanded", "false");
  menu.remove();
});
const openMenu = (row, button) => {
  const there = row.querySelector(".row-menu");
  closeMenu();
  if (there) return;
  const menu = element.querySelector("template.menu").content.firstElementChild.cloneNode(true);
  menu.className = "row-menu";
  for (const [act, name] of [["pin", row.dataset.pin], ["archive", row.dataset.archive]]) {
    menu.querySelector(`[data-do=${act}]`).textContent = name;
  }
  row.append(menu);
  button.setAttribute("aria-expanded", "true");
  menu.querySelector("button").focus();
  menu.scrollIntoView({ block: "nearest" });
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return closeMenu();
  const act = button.dataset.do;
  const row = button.closest(".conversation");
  if (act === "restore") return trigger("click", { act, id: button.dataset.id });
  if (act === "older") return trigger("click", { act, id: "" });
  if (!row) return;
  if (act === "more") return openMenu(row, button);
  closeMenu();
  if (act === "rename") return write(row, act, row.querySelector(".open").textContent, button.textContent);
  if (act === "file") return write(row, act, row.dataset.folder, button.textContent);
  if (act === "tag") return write(row, act, row.dataset.tags, button.textContent);
  if (act === "open") document.body.classList.remove("side-open");
  trigger("click", { act, id: row.dataset.id, message: row.dataset.message || "" });
});

element.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && element.querySelector(".row-menu")) {
    event.stopPropagation();
    const row = element.querySelector(".row-menu").closest(".conversation");
    closeMenu();
    row.querySelector("[data-do=more]").focus();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.tagName === "INPUT") return;
  const all = [...element.querySelectorAll(event.target.closest(".row-menu") ? ".row-menu button" : ".open, summary")]
    .filter((one) => one.getClientRects().length);
  const next = all[all.indexOf(event.target) + step];
  if (next) { event.preventDefault(); next.focus(); }
});

// From the search box down to the first hit.
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" || !event.target.closest?.("#search")) return;
  const first = element.getClientRects().length && element.querySelector(".open");
  if (first) { event.preventDefault(); first.focus(); }
});
