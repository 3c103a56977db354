// Prompt templates: "/" at the start of the message box opens the list; what a template asks for is asked in a form.
const ask = () => document.querySelector("#ask textarea");
const list = () => element.querySelector("#template-list");
const isOpen = () => Boolean(list() && !list().hidden);
const rows = () => [...element.querySelectorAll("[role=option]")].filter((row) => !row.hidden);
const fold = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replace(/ł/g, "l");
let active = 0;
let dismissed = null;  // the text that Escape closed the list for, or that was inserted

const mark = () => {
  const shown = rows();
  active = Math.max(0, Math.min(active, shown.length - 1));
  shown.forEach((row, place) => row.setAttribute("aria-selected", String(place === active)));
  shown[active]?.scrollIntoView({ block: "nearest" });
  ask().setAttribute("aria-activedescendant", shown[active]?.id || "");
};
const close = () => {
  if (!isOpen()) return;
  list().hidden = true;
  ask().removeAttribute("aria-activedescendant");
  ask().setAttribute("aria-expanded", "false");
};
const follow = (box) => {
  if (!list() || box.value === dismissed || !/^\/[^\n/]*$/.test(box.value)) return close();
  dismissed = null;
  const wanted = fold(box.value.slice(1).trim());
  let found = 0;
  for (const row of element.querySelectorAll("[role=option]:not([data-manage])")) {
    row.hidden = !fold(row.dataset.name).includes(wanted);
    found += !row.hidden;
  }
  if (!found && wanted) return close();
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", "template-list");
  box.setAttribute("aria-expanded", "true");
  list().hidden = false;
  active = 0;
  mark();
};

const insert = (text) => {
  const box = ask();
  element.querySelector("form")?.remove();
  close();
  dismissed = text;
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
  box.setSelectionRange(text.length, text.length);
};
const cancel = () => {
  element.querySelector("form")?.remove();
  dismissed = ask().value;
  ask().focus();
};

// What fills itself in; the clipboard only where the person has allowed that already, or clicks for it.
const now = (locale, options) => new Intl.DateTimeFormat(locale, options).format(new Date());
const known = (name, data) => ({
  date: () => now(data.locale, { dateStyle: "long" }), data: () => now(data.locale, { dateStyle: "long" }),
  time: () => now(data.locale, { timeStyle: "short" }), godzina: () => now(data.locale, { timeStyle: "short" }),
  language: () => data.language, "język": () => data.language,
})[name.toLowerCase()]?.();
const isClipboard = (name) => ["clipboard", "schowek"].includes(name.toLowerCase());
const paste = async (field) => {
  try { field.value = await navigator.clipboard.readText(); } catch { /* not allowed: the person pastes by hand */ }
  field.focus();
};
const pasteIfAllowed = async (field) => {
  const told = await navigator.permissions?.query({ name: "clipboard-read" }).catch(() => null);
  if (told?.state === "granted" && !field.value) paste(field);
};

const filled = (text, values) => text.replace(/\{\{\s*([^{}|\n]{1,60}?)\s*(?:\|[^{}]*)?\}\}/g, (all, name) => values[name] ?? all);
const choose = (row) => {
  if (row.dataset.manage) return manage();
  const variables = JSON.parse(row.dataset.variables);
  close();
  if (!variables.length) return insert(row.dataset.text);
  const sheet = element.querySelector("template.form");
  const form = sheet.content.querySelector("form").cloneNode(true);
  form.querySelector("p").textContent = row.dataset.name;
  variables.forEach(([name, preset], place) => {
    const field = document.createElement("textarea");
    Object.assign(field, { id: `template-field-${place}`, rows: 1, value: preset || known(name, sheet.dataset) || "" });
    field.dataset.name = name;
    const label = document.createElement("label");
    label.htmlFor = field.id;
    label.textContent = name;
    form.querySelector(".fields").append(label, field);
    if (isClipboard(name)) {
      const button = sheet.content.querySelector("[data-paste]").cloneNode(true);
      button.addEventListener("click", () => paste(field));
      field.after(button);
      pasteIfAllowed(field);
    }
  });
  const done = () => insert(filled(row.dataset.text, Object.fromEntries(
    [...form.querySelectorAll("textarea")].map((field) => [field.dataset.name, field.value]))));
  form.addEventListener("submit", (event) => { event.preventDefault(); done(); });
  form.querySelector("[data-cancel]").addEventListener("click", cancel);
  form.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") cancel();
    if (event.key === "Enter" && !event.shiftKey && event.target.tagName === "TEXTAREA") { event.preventDefault(); done(); }
  });
  element.append(form);
  form.querySelector("textarea").focus();
};
const manage = () => {
  insert("");
  const drawer = document.querySelector("#templates-drawer");
  if (!drawer.getClientRects().length) {
    [...document.querySelectorAll("#chat-title .toggle-aside")].find((button) => button.getClientRects().length)?.click();
  }
  requestAnimationFrame(() => {
    const head = drawer.querySelector("button.label-wrap");
    if (!head.classList.contains("open")) head.click();
    head.scrollIntoView({ block: "start" });
    const focus = (left) => {  // it is drawn when it has been opened
      const field = document.querySelector("#template-name input");
      if (field) field.focus();
      else if (left) requestAnimationFrame(() => focus(left - 1));
    };
    focus(60);
  });
};

document.addEventListener("input", (event) => { if (event.target === ask()) follow(event.target); });
// Before Gradio's own listener, which would send the message with Enter.
document.addEventListener("keydown", (event) => {
  if (!isOpen() || event.target !== ask() || event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    active = (active + step + rows().length) % rows().length;
    mark();
  } else if (event.key === "Enter" || event.key === "Tab") {
    choose(rows()[active]);
  } else if (event.key === "Escape") {
    dismissed = ask().value;
    close();
  } else {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
element.addEventListener("mousedown", (event) => { if (event.target.closest("[role=option]")) event.preventDefault(); });
element.addEventListener("click", (event) => {
  const row = event.target.closest("[role=option]");
  if (row) choose(row);
});
document.addEventListener("click", (event) => {
  if (isOpen() && !element.contains(event.target) && event.target !== ask()) close();
});
