// The Translate panel's own part of the page: live typing, sentences pointed at on both sides and edited, shortcuts, what a tab keeps.
(() => {
  const KEY = "hearth-translate";
  const find = (selector) => document.querySelector(selector);
  const area = () => find("#tr-text textarea");
  const out = () => find("#tr-out");

  // What this tab had survives a reload in this tab alone, and nothing of it is sent anywhere but to translate it.
  const read = () => {
    try { return JSON.parse(sessionStorage.getItem(KEY)) || {}; } catch { return {}; }
  };
  const write = () => {
    const form = find("#tr-form [data-form]")?.dataset.form ?? "{}";
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ ...read(), ...JSON.parse(form), text: area()?.value ?? read().text ?? "" }));
    } catch { /* too large, or storage is off */ }
  };
  window.addEventListener("pagehide", write);

  // Translation follows the keys once they have been still for a moment, and only when something changed.
  let still;
  let asked = null;
  let typed = false;
  const ask = () => {
    clearTimeout(still);
    const text = area()?.value ?? "";
    if (text === asked) return;
    asked = text;
    find("#tr-go")?.click();
  };
  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("#tr-text")) return;
    typed = true;
    clearTimeout(still);
    still = setTimeout(ask, 200);
    const count = find("#tr-count");
    if (count) {
      let length = 0;
      for (const _ of event.target.value) length += 1; // in code points, as the limit is
      const limit = Number(count.dataset.limit);
      const shown = (value) => value.toLocaleString(document.documentElement.lang).replace(/[\s,.]/g, "\u202f");
      count.textContent = `${shown(length)} / ${shown(limit)}`;
      count.classList.toggle("bad", length > limit);
    }
    light(null);
  });
  // A text that came another way (swapped, cleared, opened again) is not asked for twice.
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#tr-swap, #tr-past, #tr-below, #tr-status")) asked = null;
  });

  // After a reload the text is back before the panel is drawn; what came with it then would be lost.
  // A field's value changes without a trace in the page, so it is looked at until the panel has been opened.
  // What was typed before the languages came was asked for without one, so it is asked for again.
  const restoring = setInterval(() => {
    const had = read().text;
    if (!find("#tr-out") || !find("#tr-target input")?.value || (had && !typed && area()?.value !== had)) return;
    clearInterval(restoring);
    area().dir = "auto"; // Arabic and Hebrew begin on the right
    if (find("#tr-out .seg")) return;
    asked = "";
    ask();
  }, 250);

  // A sentence on one side marks its twin on the other: a layer behind the text holds the mark.
  const mirror = (field) => {
    let layer = field.parentElement.querySelector(".mirror");
    if (!layer) {
      layer = document.createElement("div");
      layer.className = "mirror";
      layer.setAttribute("aria-hidden", "true");
      field.before(layer);
      field.addEventListener("scroll", () => { layer.scrollTop = field.scrollTop; }, { passive: true });
    }
    layer.style.width = `${field.clientWidth}px`;
    layer.style.height = `${field.clientHeight}px`;
    return layer;
  };
  const light = (sentence) => {
    for (const lit of document.querySelectorAll("#tr-out .seg.on")) lit.classList.remove("on");
    const field = area();
    if (!field) return;
    const layer = mirror(field);
    if (!sentence || field.value.length !== Number(out()?.dataset.length)) return layer.replaceChildren();
    sentence.classList.add("on");
    const [from, to] = [Number(sentence.dataset.a), Number(sentence.dataset.b)];
    const mark = document.createElement("mark");
    mark.textContent = field.value.slice(from, to);
    layer.replaceChildren(field.value.slice(0, from), mark, `${field.value.slice(to)}\n`);
    layer.scrollTop = field.scrollTop;
    return mark;
  };
  const sentenceOf = (event) => event.target.closest?.("#tr-out .seg");
  document.addEventListener("mouseover", (event) => {
    const sentence = sentenceOf(event);
    if (sentence) light(sentence);
    else if (event.target.closest?.("#tr-out")) light(null);
  });
  document.addEventListener("mouseout", (event) => {
    if (sentenceOf(event) && !event.relatedTarget?.closest?.("#tr-out")) light(null);
  });
  document.addEventListener("focusin", (event) => {
    const sentence = sentenceOf(event);
    if (!sentence) return;
    const mark = light(sentence);
    const field = area();
    // With the keyboard, the twin may be out of sight.
    if (mark && field && (mark.offsetTop < field.scrollTop || mark.offsetTop > field.scrollTop + field.clientHeight - 30)) {
      field.scrollTop = mark.offsetTop - 30;
    }
  });
  document.addEventListener("focusout", (event) => { if (sentenceOf(event)) light(null); });
  document.addEventListener("selectionchange", () => {
    const field = area();
    if (!field || document.activeElement !== field) return;
    const at = field.selectionStart;
    const within = [...document.querySelectorAll("#tr-out .seg")].find(
      (sentence) => Number(sentence.dataset.a) <= at && at <= Number(sentence.dataset.b),
    );
    light(within ?? null);
  });

  // A sentence of the translation is edited in its place. The server is told when it is left, or to be kept.
  const tell = (act, sentence) => {
    const detail = { act, id: sentence.dataset.id, text: sentence.textContent };
    if (act === "keep") Object.assign(sentence.dataset, { kept: "1", before: sentence.innerHTML }); // no edit any more
    sentence.dispatchEvent(new CustomEvent("hearth:edit", { bubbles: true, detail }));
  };
  const begin = (sentence) => {
    if (sentence.isContentEditable || out()?.getAttribute("aria-live") === "off") return; // it still grows
    sentence.dataset.before = sentence.innerHTML;
    sentence.setAttribute("contenteditable", "plaintext-only");
    if (!sentence.isContentEditable) sentence.setAttribute("contenteditable", "true"); // older browsers
    sentence.setAttribute("role", "textbox");
    sentence.spellcheck = false;
  };
  const end = (sentence) => {
    sentence.removeAttribute("contenteditable");
    sentence.setAttribute("role", "button");
    delete sentence.dataset.before;
    delete sentence.dataset.kept;
  };
  const changed = (sentence) => {
    const before = document.createElement("span");
    before.innerHTML = sentence.dataset.before ?? sentence.innerHTML;
    return before.textContent !== sentence.textContent;
  };
  // Before the click, so that the caret stands where it was clicked.
  document.addEventListener("mousedown", (event) => {
    const sentence = sentenceOf(event);
    if (sentence) begin(sentence);
    else if (event.target.closest?.("#tr-others [data-keep]")) event.preventDefault(); // the sentence keeps the focus
  });
  document.addEventListener("input", (event) => {
    const sentence = sentenceOf(event);
    if (!sentence) return;
    delete sentence.dataset.kept;
    sentence.classList.toggle("edited", changed(sentence));
  });
  document.addEventListener("focusout", (event) => {
    const sentence = sentenceOf(event);
    if (!sentence?.isContentEditable) return;
    if (sentence.dataset.kept) return end(sentence);
    if (!sentence.textContent.trim()) sentence.innerHTML = sentence.dataset.before;
    if (changed(sentence)) tell("edit", sentence);
    end(sentence);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#tr-others [data-keep]");
    const sentence = button && find(`#tr-out .seg[data-id="${button.dataset.keep}"]`);
    if (sentence?.textContent.trim()) tell("keep", sentence);
  });

  // Keys
  document.addEventListener("keydown", (event) => {
    const sentence = sentenceOf(event);
    if (sentence?.isContentEditable) {
      if (event.key === "Enter" && !event.isComposing) {
        event.preventDefault();
        return sentence.textContent.trim() && tell("keep", sentence);
      } else if (event.key === "Escape") {
        event.stopPropagation();
        sentence.innerHTML = sentence.dataset.before;
        sentence.classList.remove("edited");
        end(sentence);
        return sentence.focus();
      }
      if (!event.ctrlKey && !event.metaKey) return;
    } else if (sentence && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      sentence.click();
      begin(sentence);
      sentence.focus();
      return getSelection()?.selectAllChildren(sentence);
    }
    if (!find("#translate")?.getClientRects().length || event.altKey || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    if (key === "enter" && !event.shiftKey) {
      event.preventDefault();
      asked = null;
      ask();
    } else if (event.shiftKey && key === "e") {
      event.preventDefault();
      find("#tr-swap")?.click();
    } else if (event.shiftKey && key === "l") {
      event.preventDefault();
      find('#tr-status [data-act="listen"]')?.click();
    }
  });
})();
