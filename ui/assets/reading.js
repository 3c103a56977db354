// Reading along: the sentence (and where the voice tells, the word) that is heard is marked, a click or Enter goes there.
(() => {
  const PAGE = 200;

  class Reading {
    constructor(root) {
      this.root = root;
      this.read();
    }

    get stale() {
      return this.home !== this.root.dataset.home || this.stamp !== this.root.dataset.stamp
        || this.text !== this.root.querySelector(".reading-text") || (this.drawn && !this.text.childElementCount);
    }

    // Gradio changes the page in place, so whatever was there may belong to another text now.
    read() {
      this.home = this.root.dataset.home;
      this.stamp = this.root.dataset.stamp;
      this.said = JSON.parse(this.root.dataset.words);
      this.text = this.root.querySelector(".reading-text");
      this.chapters = this.root.querySelector(".reading-chapters");
      this.sentences = [];
      this.now = -1;
      this.drawn = false;
      this.load();
    }

    get sound() { return this.root.querySelector(".reading-sound"); }

    async load() {
      const asked = this.asked = {};
      let cursor = "";
      const found = [];
      do {
        let page;
        try {
          const answer = await fetch(`${this.home}/sentences?limit=${PAGE}${cursor && `&cursor=${cursor}`}`);
          if (!answer.ok) return;
          page = await answer.json();
        } catch { return; }
        if (this.asked !== asked) return;
        found.push(...page.data);
        cursor = page.next ?? "";
      } while (cursor);
      this.sentences = found;
      this.draw();
    }

    draw() {
      const body = document.createDocumentFragment();
      let block = null;
      this.text.setAttribute("role", "group");
      this.text.setAttribute("aria-label", this.said.along);
      for (const each of this.sentences) {
        if (each.begins !== "sentence" || !block) {
          block = document.createElement(each.begins === "chapter" ? "h3" : "p");
          body.append(block);
        } else block.append(" ");
        const part = Object.assign(document.createElement("span"), { className: "say", textContent: each.text, tabIndex: -1 });
        part.setAttribute("role", "button");
        part.dataset.number = each.number;
        block.append(part);
      }
      this.text.replaceChildren(body);
      this.spans = [...this.text.querySelectorAll(".say")];
      if (this.spans.length) this.spans[0].tabIndex = 0;
      const begun = this.sentences.filter((each) => each.begins === "chapter");
      this.chapters.hidden = begun.length < 2 || !this.sound;
      this.chapters.setAttribute("aria-label", this.said.chapter);
      this.chapters.replaceChildren(...begun.map((each) => {
        const button = Object.assign(document.createElement("button"), { type: "button", className: "btn quiet", textContent: each.chapter });
        button.dataset.number = each.number;
        return button;
      }));
      this.drawn = true;
      this.mark();
    }

    // The last sentence that has begun: a pause belongs to the one before it.
    at(seconds) {
      let low = 0, high = this.sentences.length - 1, found = -1;
      while (low <= high) {
        const middle = (low + high) >> 1;
        const start = this.sentences[middle].start_s;
        if (start !== null && start <= seconds) { found = middle; low = middle + 1; } else high = middle - 1;
      }
      return found;
    }

    mark() {
      const sound = this.sound;
      if (!sound || !this.drawn) return;
      const heard = sound.currentTime > 0 || !sound.paused;
      const now = heard ? this.at(sound.currentTime + 0.02) : -1;
      if (now !== this.now) {
        const before = this.spans[this.now];
        if (before) {
          before.classList.remove("now");
          before.removeAttribute("aria-current");
          before.textContent = this.sentences[this.now].text;
        }
        this.now = now;
        const part = this.spans[now];
        if (part) {
          part.classList.add("now");
          part.setAttribute("aria-current", "true");
          this.words = this.split(part, this.sentences[now]);
          if (!sound.paused) this.show(part);
        }
      }
      if (now < 0 || !this.words) return;
      let word = -1;
      this.sentences[now].words.forEach((each, index) => { if (each.start_s <= sound.currentTime + 0.02) word = index; });
      this.words.forEach((each, index) => each.classList.toggle("now", index === word));
    }

    // The words of one sentence, where the voice told when each is heard.
    split(part, sentence) {
      const words = sentence.text.split(/\s+/).filter(Boolean);
      if (!sentence.words.length || words.length !== sentence.words.length) return null;
      const spans = words.map((word) => Object.assign(document.createElement("span"), { className: "word", textContent: word }));
      part.replaceChildren(...spans.flatMap((span, index) => (index ? [" ", span] : [span])));
      return spans;
    }

    show(part) {
      const box = this.text.getBoundingClientRect(), place = part.getBoundingClientRect();
      if (place.top < box.top + 8 || place.bottom > box.bottom - 8) this.text.scrollTop += place.top - box.top - box.height / 3;
    }

    seek(number) {
      const sentence = this.sentences[number], sound = this.sound;
      if (!sound || !sentence || sentence.start_s === null) return;
      sound.currentTime = sentence.start_s;
      this.focusable(number);
      sound.play().catch(() => { /* a browser may want a click of its own on the player */ });
      this.mark();
      this.show(this.spans[number]);
    }

    // One stop for the Tab key, however long the text is.
    focusable(number) {
      for (const part of this.spans) if (part.tabIndex === 0) part.tabIndex = -1;
      this.spans[number].tabIndex = 0;
    }

    go(number) {
      const next = Math.min(this.spans.length - 1, Math.max(0, number));
      this.focusable(next);
      this.spans[next].focus({ preventScroll: true });
      this.show(this.spans[next]);
    }
  }

  const of = (part) => part?.closest?.(".aloud")?.hearthReading;
  document.addEventListener("click", (event) => {
    const part = event.target.closest?.(".aloud .say, .reading-chapters button");
    if (part) of(part)?.seek(Number(part.dataset.number));
  });
  document.addEventListener("keydown", (event) => {
    const part = event.target.closest?.(".aloud .say");
    const reading = of(part);
    if (!reading || event.ctrlKey || event.altKey || event.metaKey) return;
    const number = Number(part.dataset.number);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) reading.go(number + step);
    else if (event.key === "Home") reading.go(0);
    else if (event.key === "End") reading.go(reading.spans.length - 1);
    else if (event.key === "Enter" || event.key === " ") reading.seek(number);
    else return;
    event.preventDefault();
  });
  // Media events do not bubble, and are seen on the way down.
  for (const kind of ["seeked", "pause", "timeupdate"]) {
    document.addEventListener(kind, (event) => of(event.target)?.mark(), true);
  }
  document.addEventListener("play", (event) => {
    const reading = of(event.target);
    if (!reading) return;
    const follow = () => {
      reading.mark();
      if (!event.target.paused && event.target.isConnected) requestAnimationFrame(follow);
    };
    requestAnimationFrame(follow);
  }, true);

  let pending = false;
  const look = () => {
    for (const root of document.querySelectorAll(".aloud")) {
      if (!root.hearthReading) root.hearthReading = new Reading(root);
      else if (root.hearthReading.stale) root.hearthReading.read();
    }
  };
  new MutationObserver(() => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; look(); });
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-home", "data-stamp"] });
})();
