// The Images panel's own part of the page: a picture dropped anywhere on it, and what a click in the gallery fills.
const images = element.closest("#images");
const narrow = () => window.matchMedia("(max-width: 1100px)").matches;
const openDrawer = () => {
  const toggle = images.querySelector(".toggle-aside");
  if (narrow() && toggle?.getAttribute("aria-expanded") === "false") toggle.click();
};
const LOOKS = 50; // of a tenth of a second each: the drawer is laid out when it is opened
const give = (file, looks = 0) => {
  const box = images.querySelector("#im-source");
  const input = box?.querySelector("#im-file input[type=file]");
  if (input) {
    const carried = new DataTransfer();
    carried.items.add(file);
    input.files = carried.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    const fold = box.querySelector("button.label-wrap");
    if (fold && !fold.classList.contains("open")) fold.click();
    return openDrawer();
  }
  if (looks > LOOKS) return;
  if (looks % 10 === 0) {
    // One that is there already is taken away first; then the box takes another.
    const clear = box?.querySelector("#im-file button[aria-label]");
    (clear ?? box?.querySelector("button.label-wrap"))?.click();
  }
  setTimeout(() => give(file, looks + 1), 100);
};
images.addEventListener("dragover", (event) => {
  if ([...event.dataTransfer.types].includes("Files")) event.preventDefault();
});
images.addEventListener("drop", (event) => {
  const file = event.dataTransfer?.files?.[0];
  if (!file || event.target.closest("#im-file, #im-brush")) return;
  event.preventDefault();
  give(file);
});
images.addEventListener("click", (event) => {
  const act = event.target.closest("#im-gallery [data-act]")?.dataset.act;
  if (act === "start") {
    setTimeout(openDrawer); // the page closes its drawers on this very click
    setTimeout(() => images.querySelector("#im-source")?.scrollIntoView({ block: "start" }), 400);
  }
  if (act !== "again") return;
  const prompt = images.querySelector("#im-prompt textarea");
  prompt?.scrollIntoView({ block: "center" });
  prompt?.focus({ preventScroll: true });
});
