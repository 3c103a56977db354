// The editor of a transcript: rows beside the waveform, edited in place; every edit is sent with the revision it was made at.
(() => {
  const clock = (seconds) => {
    const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
    return `${hours ? `${hours}:${String(minutes).padStart(2, "0")}` : minutes}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
  };
  const make = (tag, values = {}, ...children) => {
    const { data = {}, name, ...rest } = values;
    const part = Object.assign(document.createElement(tag), rest);
    Object.assign(part.dataset, data);
    if (name) { part.setAttribute("aria-label", name); part.title = name; }
    part.append(...children);
    return part;
  };
  const button = (text, act, number, kind = "quiet") =>
    make("button", { type: "button", className: `btn ${kind}`, data: { ts: act, number } }, make("span", { textContent: text }));

  class Script {
    constructor(root) {
      this.root = root;
      this.read();
    }

    get stale() {
      return this.home !== this.root.dataset.home || this.stamp !== this.root.dataset.stamp
        || this.list !== this.root.querySelector(".ts-segments") || (this.drawn && !this.list.childElementCount);
    }

    // Gradio changes the page in place, so whatever was there may belong to another transcript now.
    read() {
      this.home = this.root.dataset.home;
      this.stamp = this.root.dataset.stamp;
      this.said = JSON.parse(this.root.dataset.words);
      this.list = this.root.querySelector(".ts-segments");
      this.shown = this.root.dataset.sound ? JSON.parse(this.root.dataset.sound) : null;
      this.view = [0, this.shown?.seconds ?? 1];
      this.now = -1;
      this.editing = null;
      this.drawn = false;
      this.wave = null;
      this.tell("");
      this.load();
      if (this.shown) this.zoom(this.shown.seconds > 90 ? "first" : "all");
    }

    get sound() { return this.root.querySelector(".ts-sound"); }

    get canvas() { return this.root.querySelector(".ts-wave"); }

    async load() {
      try {
        const answer = await fetch(this.home);
        if (answer.ok) this.take(await answer.json());
      } catch { this.tell(this.said.lost); }
    }

    take(transcript) {
      this.transcript = transcript;
      this.editing = null;
      this.draw();
    }

    tell(text, again = false) {
      const place = this.root.querySelector(".ts-told");
      place.replaceChildren(...(text ? [make("p", { className: "hint", textContent: text })] : []));
      if (again) place.append(button(this.said.reload, "reload", 0, "second"));
    }

    async send(path, body) {
      this.tell("");
      try {
        const answer = await fetch(`${this.home}/${path}`, {
          method: "POST", headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ ...body, revision: this.transcript.revision }),
        });
        const told = await answer.json();
        if (!answer.ok) this.tell(told.detail, answer.status === 409);
        else { this.take(told); return true; }
      } catch { this.tell(this.said.lost); }
      return false;
    }

    splice(at, remove, segments) {
      return this.send("edits", { at, remove, segments: segments.map(({ start_s, end_s, text }) => ({ start_s, end_s, text })) });
    }

    // Drawing

    draw() {
      const { segments } = this.transcript;
      this.list.replaceChildren(...segments.map((each, number) => this.row(each, number)));
      this.now = -1;
      this.drawn = segments.length > 0;
      if (!segments.length) this.tell(this.said.none);
      for (const [act, can] of [["undo", this.transcript.undo], ["redo", this.transcript.redo], ["restore", this.transcript.edited]]) {
        this.root.querySelector(`.ts-tools [data-ts="${act}"]`).disabled = !can;
      }
      this.mark();
      this.paint();
    }

    row(each, number) {
      const row = make("li", { data: { number } });
      if (this.editing === number) { row.append(this.form(each, number)); return row; }
      const time = make("button", {
        type: "button", className: "btn quiet ts-at", textContent: clock(each.start_s), data: { ts: "play", number },
        name: this.said.play.replace("{at}", clock(each.start_s)),
      });
      const text = make("p", { className: "ts-text", textContent: each.text, data: { ts: "play", number } });
      const last = number + 1 === this.transcript.segments.length;
      const acts = make("div", { className: "paper-actions" }, button(this.said.change, "change", number),
        ...(last ? [] : [button(this.said.merge, "merge", number)]), button(this.said.remove, "remove", number));
      row.append(time, text, acts);
      return row;
    }

    form(each, number) {
      const field = (name, value) => make("label", {}, this.said[name],
        make("input", { type: "number", step: "0.01", min: "0", value: value.toFixed(2), className: `ts-${name}`, inputMode: "decimal" }));
      const text = make("label", { className: "ts-wide" }, this.said.text, make("textarea", { value: each.text, rows: 3, className: "ts-said" }));
      return make("form", { className: "ts-form", data: { number } }, text, field("from", each.start_s), field("to", each.end_s),
        make("div", { className: "actions" },
          make("button", { type: "submit", className: "btn second" }, make("span", { textContent: this.said.save })),
          button(this.said.split, "split", number), button(this.said.cancel, "cancel", number)));
    }

    redraw(number) {
      const row = this.list.children[number];
      if (row) row.replaceWith(this.row(this.transcript.segments[number], number));
    }

    edit(number) {
      const before = this.editing;
      this.editing = number;
      if (before !== null) this.redraw(before);
      if (number === null) return;
      this.redraw(number);
      this.list.children[number].querySelector("textarea").focus();
    }

    values(number) {
      const form = this.list.children[number].querySelector("form");
      const value = (name) => Number(form.querySelector(`.ts-${name}`).value);
      const segment = this.transcript.segments[number];
      // A time that is left as it is shown keeps its thousandths.
      const kept = (name, was) => (was.toFixed(2) === form.querySelector(`.ts-${name}`).value ? was : value(name));
      return { start_s: kept("from", segment.start_s), end_s: kept("to", segment.end_s), text: form.querySelector(".ts-said").value.trim() };
    }

    // Acts

    async act(act, number) {
      const segments = this.transcript?.segments;
      if (!segments) return;
      if (act === "play") this.seek(segments[number].start_s);
      else if (act === "change") this.edit(number);
      else if (act === "cancel") { this.edit(null); this.focus(number, "change"); }
      else if (act === "reload") { this.tell(""); await this.load(); }
      else if (act === "save") { if (await this.splice(number, 1, [this.values(number)])) this.focus(number, "change"); }
      else if (act === "split") await this.split(number);
      else if (act === "remove") { if (await this.splice(number, 1, [])) this.focus(Math.min(number, segments.length - 2), "remove"); }
      else if (act === "merge") {
        const [one, two] = [segments[number], segments[number + 1]];
        if (await this.splice(number, 2, [{ start_s: one.start_s, end_s: two.end_s, text: `${one.text} ${two.text}` }])) this.focus(number, "merge");
      } else if (["undo", "redo", "restore"].includes(act)) {
        await this.send(act, {});
        this.root.querySelector(`.ts-tools [data-ts="${act}"]`).focus();
      }
    }

    focus(number, act) {
      const row = this.list.children[Math.max(0, number)];
      (row?.querySelector(`[data-ts="${act}"]`) ?? row?.querySelector("button"))?.focus({ preventScroll: true });
    }

    async split(number) {
      const values = this.values(number), field = this.list.children[number].querySelector("textarea");
      const first = field.value.slice(0, field.selectionStart).trim(), second = field.value.slice(field.selectionStart).trim();
      if (!first || !second) { this.tell(this.said.nowhere); field.focus(); return; }
      const { words } = this.transcript.segments[number], count = first.split(/\s+/).length;
      const share = first.length / (first.length + second.length);
      const told = words.length === values.text.split(/\s+/).length ? words[count].start_s : values.start_s + share * (values.end_s - values.start_s);
      const at = Math.min(values.end_s, Math.max(values.start_s, told));
      if (await this.splice(number, 1, [{ ...values, end_s: at, text: first }, { ...values, start_s: at, text: second }])) this.focus(number + 1, "change");
    }

    // Sound

    seek(seconds) {
      if (!this.sound) return;
      this.sound.currentTime = seconds;
      this.sound.play().catch(() => { /* a browser may want a click of its own on the player */ });
      this.mark();
    }

    mark() {
      const sound = this.sound, segments = this.transcript?.segments;
      if (!sound || !segments) return;
      const at = sound.currentTime;
      const now = at > 0 || !sound.paused ? segments.findIndex((each) => each.start_s <= at + 0.02 && at < each.end_s) : -1;
      if (now !== this.now) {
        const before = this.list.children[this.now];
        before?.classList.remove("now");
        const text = before?.querySelector(".ts-text");
        if (text) text.textContent = segments[this.now]?.text ?? "";
        this.now = now;
        const row = this.list.children[now];
        row?.classList.add("now");
        this.spans = row?.querySelector(".ts-text") ? this.words(row.querySelector(".ts-text"), segments[now]) : null;
        if (row && !sound.paused && this.editing === null) {
          const box = this.list.getBoundingClientRect(), place = row.getBoundingClientRect();
          if (place.top < box.top || place.bottom > box.bottom) this.list.scrollTop += place.top - box.top - 24;
        }
      }
      if (now >= 0 && this.spans) {
        let word = -1;
        segments[now].words.forEach((each, index) => { if (each.start_s <= at + 0.02) word = index; });
        this.spans.forEach((each, index) => each.classList.toggle("now", index === word));
      }
      const [start, end] = this.view;
      if (this.shown && (at < start || at > end)) {
        const length = end - start, begin = Math.min(Math.max(0, at - length / 8), this.shown.seconds - length);
        this.view = [begin, begin + length];
        this.fetchWave();
      }
      this.paint();
    }

    words(place, segment) {
      const parts = segment.text.split(/\s+/).filter(Boolean);
      if (!segment.words.length || parts.length !== segment.words.length) return null;
      const spans = parts.map((word) => make("span", { className: "word", textContent: word }));
      place.replaceChildren(...spans.flatMap((span, index) => (index ? [" ", span] : [span])));
      return spans;
    }

    // The waveform

    zoom(way) {
      const { seconds } = this.shown, [start, end] = this.view, length = end - start;
      const next = way === "all" ? seconds : way === "first" ? 60 : Math.min(seconds, Math.max(1, way === "in" ? length / 2 : length * 2));
      const middle = this.sound?.currentTime || (start + end) / 2;
      const begin = way === "first" ? 0 : Math.min(Math.max(0, middle - next / 2), seconds - next);
      this.view = [begin, begin + next];
      this.fetchWave();
    }

    async fetchWave() {
      const [start, end] = this.view, asked = this.waved = {};
      const points = Math.max(100, Math.min(2000, Math.round(this.canvas?.clientWidth || 600)));
      try {
        const answer = await fetch(`${this.shown.wave}&points=${points}&start_s=${start}&end_s=${Math.max(end, start + 0.02)}`);
        if (!answer.ok || this.waved !== asked) return;
        this.wave = await answer.json();
      } catch { return; }
      this.paint();
    }

    paint() {
      if (!this.wave || !this.canvas) return;
      const segment = this.transcript?.segments[this.now];
      const bounds = (this.transcript?.segments ?? []).map((each) => each.start_s).filter((at) => at >= this.view[0] && at <= this.view[1]);
      window.hearthWave.draw(this.canvas, this.wave, this.view, {
        soft: segment ? [[segment.start_s, segment.end_s]] : [], marks: bounds.length < 200 ? bounds : [], at: this.sound?.currentTime ?? 0,
      });
    }
  }

  const of = (part) => part?.closest?.(".scripted")?.hearthScript;
  document.addEventListener("click", (event) => {
    const script = of(event.target);
    if (!script) return;
    const act = event.target.closest("[data-ts]"), zoom = event.target.closest("[data-ts-zoom]");
    if (act) script.act(act.dataset.ts, Number(act.dataset.number));
    else if (zoom) script.zoom(zoom.dataset.tsZoom);
    else if (event.target === script.canvas) {
      const [start, end] = script.view;
      script.seek(start + Math.min(1, Math.max(0, event.offsetX / script.canvas.clientWidth)) * (end - start));
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.(".ts-form");
    if (!form) return;
    event.preventDefault();
    of(form)?.act("save", Number(form.dataset.number));
  });
  document.addEventListener("keydown", (event) => {
    const script = of(event.target);
    if (!script) return;
    const form = event.target.closest(".ts-form");
    if (form && event.key === "Escape") {
      event.stopPropagation();
      script.act("cancel", Number(form.dataset.number));
    } else if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      script.act("save", Number(form.dataset.number));
    } else if (event.target === script.canvas && script.sound) {
      const step = { ArrowLeft: -2, ArrowRight: 2 }[event.key];
      if (step) { script.sound.currentTime = Math.max(0, script.sound.currentTime + step); script.mark(); }
      else if (event.key === " ") { if (script.sound.paused) script.sound.play(); else script.sound.pause(); }
      else return;
      event.preventDefault();
    }
  }, true);
  // Media events do not bubble, and are seen on the way down.
  for (const kind of ["seeked", "pause", "timeupdate"]) {
    document.addEventListener(kind, (event) => of(event.target)?.mark(), true);
  }
  document.addEventListener("play", (event) => {
    const script = of(event.target);
    if (!script) return;
    const follow = () => {
      script.mark();
      if (!event.target.paused && event.target.isConnected) requestAnimationFrame(follow);
    };
    requestAnimationFrame(follow);
  }, true);
  window.addEventListener("resize", () => { for (const root of document.querySelectorAll(".scripted")) root.hearthScript?.paint(); });

  let pending = false;
  const look = () => {
    for (const root of document.querySelectorAll(".scripted")) {
      if (!root.hearthScript) root.hearthScript = new Script(root);
      else if (root.hearthScript.stale) root.hearthScript.read();
    }
  };
  new MutationObserver(() => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; look(); });
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-home", "data-stamp"] });
  new MutationObserver(() => {
    for (const root of document.querySelectorAll(".scripted")) root.hearthScript?.paint();
  }).observe(document.documentElement, { attributeFilter: ["class"] });
})();
