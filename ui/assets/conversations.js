// The list of conversations: open, rename in place, delete after a second look.
const ask = (row) => {
  const box = document.createElement("span");
  box.className = "sure";
  const text = document.createElement("span");
  text.textContent = row.dataset.sure;
  box.append(text);
  for (const [act, key] of [["delete", "yes"], ["", "no"]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = row.dataset[key];
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      if (act) trigger("click", { act, id: row.dataset.id });
      box.remove();
      row.classList.remove("asking");
      if (!act) row.querySelector("[data-do=delete]").focus();
    });
    box.append(button);
  }
  row.classList.add("asking");
  row.append(box);
  box.querySelector("button").focus();
};

const rename = (row) => {
  const open = row.querySelector(".open");
  const field = document.createElement("input");
  field.value = open.textContent;
  field.maxLength = 200;
  field.setAttribute("aria-label", row.dataset.to);
  const close = (save) => {
    if (!field.isConnected) return;
    const title = field.value.trim();
    field.replaceWith(open);
    row.classList.remove("asking");
    open.focus();
    if (save && title && title !== open.textContent) {
      open.textContent = title;
      trigger("click", { act: "rename", id: row.dataset.id, title });
    }
  };
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") close(true);
    if (event.key === "Escape") close(false);
  });
  field.addEventListener("blur", () => close(true));
  row.classList.add("asking");
  open.replaceWith(field);
  field.select();
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  const row = button && button.closest(".conversation");
  if (!row) return;
  if (button.dataset.do === "open") {
    trigger("click", { act: "open", id: row.dataset.id });
    document.body.classList.remove("side-open");
  }
  if (button.dataset.do === "rename") rename(row);
  if (button.dataset.do === "delete") ask(row);
});
