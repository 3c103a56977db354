// The audio editor's own part of the page: the waveform is drawn, zoomed and selected in, and new steps are told from forms.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement.classList.contains("dark") ? document.body : document.documentElement).getPropertyValue(name).trim();
  const tell = (part, act, id) => {
    // The panel's click handler reads what a button carries.
    const button = Object.assign(document.createElement("button"), { type: "button", hidden: true });
    Object.assign(button.dataset, { act, id });
    part.append(button);
    button.click();
    button.remove();
  };

  // A waveform between two places, for whoever shows one: spans behind it, moments marked in it, where the sound is.
  const drawWave = (canvas, wave, view, { soft = [], strong = [], marks = [], at = 0 }) => {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) return;
    const length = view[1] - view[0];
    const x = (seconds) => (seconds - view[0]) / length * width;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = colour("--ember-soft");
    for (const [first, last] of soft) pen.fillRect(x(first), 0, Math.max(1, x(last) - x(first)), height);
    for (const [first, last] of strong) {
      pen.fillStyle = colour("--line");
      pen.fillRect(x(first), 0, Math.max(2, x(last) - x(first)), height);
      pen.fillStyle = colour("--ember");
      pen.fillRect(x(first), 0, Math.max(2, x(last) - x(first)), 3);
    }
    pen.fillStyle = colour("--line");
    pen.fillRect(0, height / 2, width, 1);
    const { start_s: start, end_s: end, peaks } = wave;
    const step = (end - start) / peaks.length;
    const bar = Math.max(1, width * step / length);
    pen.fillStyle = colour("--ember");
    peaks.forEach(([low, high], index) => {
      const top = height / 2 * (1 - high);
      pen.fillRect(x(start + index * step), top, bar, Math.max(1, height / 2 * (high - low)));
    });
    pen.fillStyle = colour("--control");
    for (const seconds of marks) pen.fillRect(x(seconds), 0, 1, height);
    if (at > 0) {
      pen.fillStyle = colour("--ink");
      pen.fillRect(x(at), 0, 1.5, height);
    }
    pen.fillStyle = colour("--muted");
    pen.font = "11px 'IBM Plex Mono', monospace";
    for (let part = 0; part < 4; part += 1) {
      const seconds = view[0] + part * length / 4;
      const text = `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(length < 20 ? 2 : 0).padStart(length < 20 ? 5 : 2, "0")}`;
      pen.fillText(text, x(seconds) + 3, height - 4);
    }
  };
  window.hearthWave = { draw: drawWave };

  class Editor {
    constructor(root) {
      this.root = root;
      this.listening = new WeakMap();
      this.view = [0, 1];
      this.selection = null;
      this.read();
    }

    // Gradio changes the page in place: what was listened to may be another element, and what was set may be gone.
    read() {
      this.raw = this.root.dataset.versions;
      this.versions = JSON.parse(this.raw);
      this.canvas = this.root.querySelector(".ed-wave");
      this.picture = this.root.querySelector(".ed-spectrum img");
      this.sound = this.root.querySelector(".ed-sound");
      this.from = this.root.querySelector(".ed-from");
      this.to = this.root.querySelector(".ed-to");
      this.listen();
      this.show(this.root.dataset.shown);
    }

    get stale() {
      return this.raw !== this.root.dataset.versions || this.canvas !== this.root.querySelector(".ed-wave")
        || !this.picture.isConnected || !this.picture.getAttribute("src") || !this.sound.getAttribute("src");
    }

    hear(part, kind, answer) {
      const kinds = this.listening.get(part) ?? new Set();
      this.listening.set(part, kinds);
      if (kinds.has(kind)) return;
      kinds.add(kind);
      part.addEventListener(kind, answer);
    }

    show(version) {
      this.version = version;
      const found = this.versions[version];
      this.seconds = Number(found.seconds);
      this.view = [0, this.seconds];
      this.sound.src = found.sound;
      this.picture.src = found.picture;
      for (const button of this.root.querySelectorAll("[data-version]")) {
        button.setAttribute("aria-pressed", String(button.dataset.version === version));
      }
      this.select(null);
      this.load();
    }

    async load() {
      const [start, end] = this.view;
      const points = Math.max(100, Math.min(2000, Math.round(this.canvas.clientWidth)));
      const asked = this.asked = {};
      try {
        const answer = await fetch(`${this.versions[this.version].wave}&points=${points}&start_s=${start}&end_s=${Math.max(end, start + 0.02)}`);
        if (!answer.ok || this.asked !== asked) return;
        this.wave = await answer.json();
      } catch { return; }
      if (this.asked === asked) this.draw();
    }

    x(seconds) { return (seconds - this.view[0]) / (this.view[1] - this.view[0]) * this.canvas.clientWidth; }

    at(x) {
      const share = Math.min(1, Math.max(0, x / this.canvas.clientWidth));
      return this.view[0] + share * (this.view[1] - this.view[0]);
    }

    draw() {
      if (!this.canvas.clientWidth || !this.wave) return;
      const soft = this.selection ? [this.selection] : [];
      drawWave(this.canvas, this.wave, this.view, { soft, strong: this.planned(), at: this.sound.currentTime });
      const share = this.seconds / (this.view[1] - this.view[0]);
      this.picture.style.width = `${share * 100}%`;
      this.picture.style.marginLeft = `${-this.view[0] / this.seconds * share * 100}%`;
    }

    // Where the plan that waits to be confirmed would do something, as far as that is a place in this very sound.
    planned() {
      const shown = document.querySelector("[data-plan]");
      if (!shown) return [];
      const place = (seconds) => Math.min(this.seconds, seconds < 0 ? this.seconds + seconds : seconds);
      const spans = [];
      for (const each of JSON.parse(shown.dataset.plan)) {
        const start = place(each.start_s ?? 0), end = each.end_s === undefined ? this.seconds : place(each.end_s);
        if (each.op === "cut" || (each.op === "gain" && (each.start_s || each.end_s))) spans.push([start, end]);
        else if (each.op === "trim") spans.push([0, start], [end, this.seconds]);
        else if (each.op === "fade") spans.push([0, each.in_s ?? 0], [this.seconds - (each.out_s ?? 0), this.seconds]);
        else if (each.op === "split") for (const at of each.at_s ?? []) spans.push([place(at), place(at)]);
        if (["cut", "trim", "speed", "reverse", "remove_silence", "join"].includes(each.op)) break; // behind it places move
      }
      return spans.filter(([start, end]) => end > start || (end === start && start > 0));
    }

    // A plan came or went: the waveform shows it.
    replan() {
      const plan = document.querySelector("[data-plan]")?.dataset.plan ?? "";
      if (plan !== this.plan) this.draw();
      this.plan = plan;
    }

    select(part) {
      if (part) {
        const clamp = (place) => Math.min(this.seconds, Math.max(0, place));
        part = [clamp(Math.min(...part)), clamp(Math.max(...part))];
        if (part[1] - part[0] < 0.001) part = null;
      }
      this.selection = part;
      this.from.value = part ? part[0].toFixed(2) : "";
      this.to.value = part ? part[1].toFixed(2) : "";
      this.draw();
    }

    zoom(way) {
      const length = this.view[1] - this.view[0];
      const middle = this.selection ? (this.selection[0] + this.selection[1]) / 2 : (this.view[0] + this.view[1]) / 2;
      const next = way === "all" ? this.seconds : Math.min(this.seconds, Math.max(0.2, way === "in" ? length / 2 : length * 2));
      const start = Math.min(Math.max(0, middle - next / 2), this.seconds - next);
      this.view = [start, start + next];
      this.load();
    }

    over(act) {
      const hint = this.root.querySelector(".ed-selection .hint");
      hint.textContent = this.selection ? "" : this.root.querySelector(".ed-selection").dataset.nothing;
      if (!this.selection) return this.canvas.focus();
      const [start, end] = this.selection.map((place) => Math.round(place * 1000) / 1000);
      if (act === "play") {
        this.until = end;
        this.sound.currentTime = start;
        return this.sound.play();
      }
      const step = { op: act, start_s: start };
      if (end < this.seconds - 0.001) step.end_s = end;
      return tell(this.root, "add", JSON.stringify(step));
    }

    listen() {
      let anchor = null;
      this.hear(this.canvas, "pointerdown", (event) => {
        anchor = this.at(event.offsetX);
        this.canvas.setPointerCapture(event.pointerId);
      });
      this.hear(this.canvas, "pointermove", (event) => {
        if (anchor !== null && Math.abs(this.x(anchor) - event.offsetX) > 3) this.select([anchor, this.at(event.offsetX)]);
      });
      this.hear(this.canvas, "pointerup", (event) => {
        if (anchor !== null && Math.abs(this.x(anchor) - event.offsetX) <= 3) {
          this.select(null);
          this.sound.currentTime = anchor;
        }
        anchor = null;
      });
      this.hear(this.canvas, "keydown", (event) => {
        const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (way) {
          event.preventDefault();
          const step = way * (this.view[1] - this.view[0]) / 50;
          const [start, end] = this.selection ?? [this.view[0], this.view[0] + Math.abs(step) * 5];
          this.select(event.shiftKey ? [start, end + step] : [start + step, end + step]);
        } else if (event.key === "Escape" && this.selection) {
          event.stopPropagation();
          this.select(null);
        } else if (event.key === " ") {
          event.preventDefault();
          if (this.sound.paused) this.sound.play(); else this.sound.pause();
        } else if (event.key === "+" || event.key === "-") {
          this.zoom(event.key === "+" ? "in" : "out");
        }
      });
      for (const field of [this.from, this.to]) {
        this.hear(field, "change", () => {
          if (this.from.value !== "" && this.to.value !== "") this.select([Number(this.from.value), Number(this.to.value)]);
        });
      }
      this.hear(this.sound, "timeupdate", () => {
        if (this.until !== undefined && this.sound.currentTime >= this.until) {
          this.sound.pause();
          this.until = undefined;
        }
        this.draw();
      });
      if (this.observed !== this.canvas) new ResizeObserver(() => this.draw()).observe(this.canvas);
      this.observed = this.canvas;
      this.hear(this.root, "click", (event) => {
        const on = (selector) => event.target.closest?.(selector);
        let button;
        if ((button = on("[data-zoom]"))) this.zoom(button.dataset.zoom);
        else if ((button = on("[data-version]"))) this.show(button.dataset.version);
        else if ((button = on("[data-over]"))) this.over(button.dataset.over);
      });
      this.hear(this.root, "submit", (event) => {
        const form = event.target.closest("form.ed-form");
        if (!form) return;
        event.preventDefault();
        tell(this.root, "add", JSON.stringify(step(form)));
      });
    }
  }

  // What a form says, as a step; what is left empty is left out.
  const step = (form) => {
    const told = { op: form.dataset.op };
    const tags = {};
    for (const field of form.querySelectorAll("input, select")) {
      if (field.value === "") continue;
      if (field.name.startsWith("tag-")) tags[field.name.slice(4)] = field.value;
      else told[field.name] = field.type === "number" ? Number(field.value) : field.value;
    }
    if (Object.keys(tags).length) told.tags = tags;
    if (told.every_s !== undefined) delete told.parts;
    return told;
  };

  // Recordings that were ticked in the list.
  const picked = () => [...document.querySelectorAll(".ed-pick:checked")].map((box) => box.value);
  document.addEventListener("change", (event) => {
    if (!event.target.closest?.(".ed-pick")) return;
    for (const button of document.querySelectorAll("[data-picked]")) button.disabled = !picked().length;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-picked]");
    if (button && picked().length) tell(button.parentElement, button.dataset.picked, picked().join(" "));
  });

  // The editor comes into the page when its part is opened, and changes whenever a step was added.
  let pending = false;
  const look = () => {
    for (const root of document.querySelectorAll(".editor[data-versions]")) {
      if (!root.hearthEditor) root.hearthEditor = new Editor(root);
      else if (root.hearthEditor.stale) root.hearthEditor.read();
      else root.hearthEditor.replan();
    }
  };
  new MutationObserver(() => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; look(); });
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-versions", "data-plan", "src"] });
  new MutationObserver(() => {
    for (const root of document.querySelectorAll(".editor")) root.hearthEditor?.draw();
  }).observe(document.documentElement, { attributeFilter: ["class"] });
})();
