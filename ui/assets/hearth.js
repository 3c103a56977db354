() => {
  // What the page does by itself: shortcuts, drawers, switches, copying, scrolling. Nothing here asks a server.
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);
  const visible = (element) => Boolean(element && element.getClientRects().length);
  const TABS = ["chat", "translate", "images", "speech", "models", "usage"];
  const openTab = (name) => find(`#tab-${name}-button`)?.click();
  // The panel that is open stands in the address and in the title, so that a reload or a bookmark comes back to it.
  const told = () => {
    const tab = find('#nav [role="tab"][aria-selected="true"]');
    const name = TABS.find((known) => tab?.id === `tab-${known}-button`);
    if (!name) return;
    document.title = `${tab.textContent.trim()} · Hearth`;
    const hash = name === "chat" ? "" : `#${name}`;
    if (location.hash !== hash) history.replaceState(null, "", location.pathname + location.search + hash);
  };
  const openAddressed = () => openTab(TABS.find((name) => location.hash === `#${name}`) || "chat");
  window.addEventListener("hashchange", openAddressed);
  const root_class = document.body.classList;

  // Drawers: the sidebar on small screens, a panel's settings under 1100 px.
  const drawers = { "side-open": "#open-side", "aside-open": ".toggle-aside" };
  const setDrawer = (name, open) => {
    root_class.toggle(name, open);
    for (const button of document.querySelectorAll(drawers[name])) button.setAttribute("aria-expanded", String(open));
    // A closed drawer must not be reached by the Tab key.
    const side = find("#side");
    if (side) side.inert = window.innerWidth < 760 && !root_class.contains("side-open");
    const bar = find("#close-drawer");
    if (bar) bar.hidden = !root_class.contains("side-open") && !root_class.contains("aside-open");
  };
  const openDrawer = (name) => {
    setDrawer(name, true);
    // Not its first field: a list of choices that takes the focus opens over what stands below it.
    const aside = [...document.querySelectorAll(".aside")].find(visible);
    if (aside) aside.tabIndex = -1;
    focusOnceSeen(name, name === "side-open" ? find("#new-chat") : aside);
  };
  // A part that is still on its way into sight can't take the focus.
  const focusOnceSeen = (name, part, frames = 60) => requestAnimationFrame(() => {
    if (!part || !root_class.contains(name)) return;
    part.focus();
    if (document.activeElement !== part && frames > 0) focusOnceSeen(name, part, frames - 1);
  });
  const closeDrawers = () => {
    const opener = Object.entries(drawers).find(([name]) => root_class.contains(name))?.[1];
    Object.keys(drawers).forEach((name) => setDrawer(name, false));
    if (opener) [...document.querySelectorAll(opener)].find(visible)?.focus();
  };
  window.addEventListener("resize", () => setDrawer("side-open", root_class.contains("side-open") && window.innerWidth < 760));

  // Theme and language
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const savedTheme = () => {
    try { return localStorage.getItem("hearth-theme") || "system"; } catch { return "system"; }
  };
  const showTheme = () => {
    const theme = savedTheme();
    const isDark = theme === "dark" || (theme === "system" && window.hearthSystemDark());
    for (const part of [root.classList, root_class]) part.toggle("dark", isDark);
    root.style.colorScheme = isDark ? "dark" : "light";
    for (const button of document.querySelectorAll("[data-theme-to]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeTo === theme));
    }
    for (const button of document.querySelectorAll("button[data-language]")) {
      button.setAttribute("aria-pressed", String(button.dataset.language === root.lang));
    }
  };
  const setTheme = (theme) => {
    try { localStorage.setItem("hearth-theme", theme); } catch { /* storage is off: until the page is left */ }
    showTheme();
  };
  const setLanguage = (language) => {
    const year = 365 * 24 * 3600;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `hearth_lang=${language}; Path=/; Max-Age=${year}; SameSite=Lax${secure}`;
    location.reload();
  };

  // Copying what stands on the page
  const copy = async (button) => {
    const text = [...document.querySelectorAll(button.dataset.copy)].map((part) => part.value ?? part.textContent).join("\n");
    try { await navigator.clipboard.writeText(text); } catch {
      // Without a secure address there is no clipboard; a selection can still be copied.
      const field = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    const label = button.querySelector("span");
    if (!label) return;
    button.dataset.label ??= label.textContent; // a second click finds it changed already
    label.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = button.dataset.label; }, 1500);
  };

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    let button;
    for (const menu of document.querySelectorAll("details.exports[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (on("#open-side")) return openDrawer("side-open");
    if (on(".toggle-aside")) return openDrawer("aside-open");
    if (on("#close-drawer")) return closeDrawers();
    if ((button = on("[data-theme-to]"))) return setTheme(button.dataset.themeTo);
    if ((button = on("button[data-language]"))) return setLanguage(button.dataset.language);
    if ((button = on("[data-copy]"))) return copy(button);
    if ((button = on('[data-act="tab"]'))) return openTab(button.dataset.id);
    if (on('[data-act="to-chat"]')) { openTab("chat"); setTimeout(() => find("#ask textarea")?.focus(), 50); }
    // The comparison stands in the Chat panel's place until something else of it is opened.
    if (on("#compare-open")) { openTab("chat"); setDrawer("side-open", false); root_class.add("comparing"); }
    if (on(".compare-close, .compare-on, #new-chat, #temporary-chat, .conversations .open")) root_class.remove("comparing");
    if (on("#new-chat") || on("#conversations .open")) { openTab("chat"); setDrawer("side-open", false); }
    if (root_class.contains("side-open") && !on("#side")) closeDrawers();
    if (root_class.contains("aside-open") && !on(".aside, [role=listbox], .options")) closeDrawers();
  });

  // Keys
  document.addEventListener("keydown", (event) => {
    const number = /^Digit([1-6])$/.exec(event.code);
    if (event.altKey && !event.ctrlKey && !event.metaKey && number) {
      event.preventDefault();
      openTab(TABS[Number(number[1]) - 1]);
    } else if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openTab("chat");
      find("#new-chat")?.click();
      setTimeout(() => find("#ask textarea")?.focus(), 50);
    } else if (event.key === "Escape") {
      const menu = document.querySelector("details.exports[open]");
      if (menu) { menu.open = false; return menu.querySelector("summary").focus(); }
      if (root_class.contains("side-open") || root_class.contains("aside-open")) return closeDrawers();
      [...document.querySelectorAll("button.stop")].find(visible)?.click();
    }
  });

  // How much of the second of two compared pictures is seen
  document.addEventListener("input", (event) => {
    const slider = event.target.closest?.(".slider input");
    if (slider) slider.parentElement.style.setProperty("--at", `${slider.value}%`);
  });

  // The streamed sound has no length; once it has ended, the file takes its place and can be sought.
  document.addEventListener("ended", (event) => {
    const player = event.target;
    const link = player.closest?.("#speech") && find("#sp-status [data-final]");
    if (link && !player.src.endsWith(link.dataset.final)) {
      player.autoplay = false;
      player.src = link.dataset.final;
    }
  }, true);

  // The conversation stays at its end while a reply grows, unless the person has scrolled up.
  let atEnd = true;
  let box = null;
  const toEnd = () => { if (box && atEnd) box.scrollTop = box.scrollHeight; };
  const grown = new ResizeObserver(toEnd);
  const watchChat = () => {
    const found = find("#chat-scroll");
    if (!found || found === box) return;
    box = found;
    box.tabIndex = 0;
    box.addEventListener("scroll", () => { atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80; }, { passive: true });
    for (const child of box.children) grown.observe(child);
    new MutationObserver(() => { for (const child of box.children) grown.observe(child); }).observe(box, { childList: true });
  };
  const jump = () => { atEnd = true; requestAnimationFrame(toEnd); };
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#send, #chat-start, #conversations .open")) jump();
    // What comes above must not move what is being read.
    if (event.target.closest?.("#chat-earlier") && box) {
      const fromEnd = box.scrollHeight - box.scrollTop;
      atEnd = false;
      const keep = new MutationObserver(() => { box.scrollTop = box.scrollHeight - fromEnd; });
      keep.observe(box, { childList: true, subtree: true });
      setTimeout(() => keep.disconnect(), 1500);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && event.target.closest?.("#ask")) jump();
  });

  // Names that Gradio's own controls lack, and what scrolls must be reached by the keyboard
  const name = () => {
    for (const button of document.querySelectorAll(".thought-group button:not([aria-label]), .expand-button:not([aria-label])")) {
      button.setAttribute("aria-label", button.closest(".thought-group")?.textContent.trim().slice(0, 60) || "…");
    }
    for (const code of document.querySelectorAll(".messages pre:not([tabindex])")) code.tabIndex = 0;
    for (const block of document.querySelectorAll(".messages .code_wrap:not([data-language])")) {
      block.dataset.language = /language-([\w+#.-]+)/.exec(block.querySelector("code")?.className || "")?.[1] || "";
    }
    // A reply that grows would be read out from the start with each token; it is read once, when it joins the history.
    for (const live of document.querySelectorAll('#chat-live [aria-live="polite"]')) live.setAttribute("aria-live", "off");
  };
  let pending = false;
  new MutationObserver(() => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; watchChat(); name(); });
  }).observe(document.body, { childList: true, subtree: true });

  setDrawer("side-open", false);
  showTheme();
  setTimeout(showTheme, 300);
  const tabs = find("#nav [role=tablist]");
  if (tabs) new MutationObserver(told).observe(tabs, { subtree: true, attributeFilter: ["aria-selected"] });
  if (location.hash) openAddressed();
  told();
  // On a phone the keyboard would cover half of the page before anything has been read.
  if (!location.hash && window.innerWidth >= 760 && document.activeElement === document.body) find("#ask textarea")?.focus();
  dark.addEventListener?.("change", showTheme);
  watchChat();
  root_class.add("hearth-ready");
}
