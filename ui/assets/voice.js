// A conversation by voice: hears when somebody speaks and has done, sends that, and plays the reply while it is made.
(() => {
  const EAR = new URL(document.currentScript.dataset.ear, document.baseURI).href;
  const RATE = 16000, BLOCK_S = 512 / RATE; // as voice-ear.js gives it
  const SPOKEN_RATE = 24000; // of audio.pcm
  const BEFORE = 16, PAUSE = 25, TAIL = 8, LONGEST = Math.round(60 / BLOCK_S), LEAST = 6; // in blocks
  const TAP_MS = 350;
  const MODE = "hearth-voice";
  const find = (selector) => document.querySelector(selector);
  const microphone = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };

  // Tells speech from the room by its loudness; what is no speech after all, the server's filter leaves out.
  class Gate {
    floor = -60;
    score = 0;
    quiet = 0;
    voiced = 0;
    loudness = -60;
    open = false;

    // Returns "begin", "end" or "". While the reply sounds, what is left of its echo must not interrupt it.
    take(db, playing) {
      const over = Math.max(this.floor + (playing ? 16 : 9), playing ? -40 : -52) - (this.open ? 4 : 0);
      const loud = db > over;
      if (db < this.floor) this.floor = Math.max(-75, this.floor + (db - this.floor) * 0.2);
      else this.floor += this.open ? 0.01 : loud ? 0 : 0.03;
      if (!this.open) {
        this.score = loud ? this.score + 1 : Math.max(0, this.score - 1);
        if (this.score < (playing ? 9 : 4)) return "";
        Object.assign(this, { open: true, score: 0, quiet: 0, voiced: 4, loudness: db });
        return "begin";
      }
      this.quiet = loud ? 0 : this.quiet + 1;
      if (loud) { this.voiced += 1; this.loudness += (db - this.loudness) * 0.05; }
      if (this.quiet < PAUSE) return "";
      this.open = false;
      return "end";
    }

    // It was no speech: so loud is this room.
    deaf() { this.floor = Math.max(this.floor, Math.min(-35, this.loudness - 6)); }

    shut() { this.open = false; this.score = 0; }
  }

  // Plays bare samples as they come, each piece where the one before it ends.
  class Player {
    constructor(context, address, began, ended) {
      Object.assign(this, { context, began, ended, until: 0, sounding: new Set(), whole: false, heard: false });
      this.leaving = new AbortController();
      this.read(address);
    }

    async read(address) {
      try {
        const answer = await fetch(address, { signal: this.leaving.signal });
        const reader = answer.ok ? answer.body.getReader() : null;
        let left = new Uint8Array(0);
        while (reader) {
          const { done, value } = await reader.read();
          if (done) break;
          const bytes = new Uint8Array(left.length + value.length);
          bytes.set(left);
          bytes.set(value, left.length);
          const even = bytes.length - (bytes.length % 2);
          left = bytes.slice(even);
          if (even) this.add(new Int16Array(bytes.buffer, 0, even / 2));
        }
      } catch { /* it was left, or the connection was lost: what came is played */ }
      this.whole = true;
      this.look();
    }

    add(samples) {
      if (this.leaving.signal.aborted) return;
      const sound = this.context.createBuffer(1, samples.length, SPOKEN_RATE);
      const channel = sound.getChannelData(0);
      for (let at = 0; at < samples.length; at += 1) channel[at] = samples[at] / 32768;
      const source = this.context.createBufferSource();
      source.buffer = sound;
      source.connect(this.context.destination);
      const start = Math.max(this.context.currentTime + 0.03, this.until);
      this.until = start + sound.duration;
      this.sounding.add(source);
      source.onended = () => { this.sounding.delete(source); this.look(); };
      source.start(start);
      if (!this.heard) { this.heard = true; this.began(); }
    }

    look() { if (this.whole && !this.sounding.size && !this.leaving.signal.aborted) { this.leaving.abort(); this.ended(); } }

    stop() {
      this.leaving.abort();
      for (const source of this.sounding) { source.onended = null; source.stop(); }
      this.sounding.clear();
    }
  }

  const wav = (blocks) => {
    const count = blocks.reduce((sum, block) => sum + block.length, 0);
    const bytes = new DataView(new ArrayBuffer(44 + 2 * count));
    const word = (at, text) => [...text].forEach((letter, place) => bytes.setUint8(at + place, letter.charCodeAt(0)));
    word(0, "RIFF"); bytes.setUint32(4, 36 + 2 * count, true); word(8, "WAVEfmt ");
    bytes.setUint32(16, 16, true); bytes.setUint16(20, 1, true); bytes.setUint16(22, 1, true);
    bytes.setUint32(24, RATE, true); bytes.setUint32(28, 2 * RATE, true);
    bytes.setUint16(32, 2, true); bytes.setUint16(34, 16, true); word(36, "data"); bytes.setUint32(40, 2 * count, true);
    let at = 44;
    for (const block of blocks) for (const sample of block) {
      bytes.setInt16(at, Math.max(-1, Math.min(1, sample)) * 32767, true);
      at += 2;
    }
    const all = new Uint8Array(bytes.buffer);
    let text = "";
    for (let from = 0; from < all.length; from += 32768) text += String.fromCharCode(...all.subarray(from, from + 32768));
    return btoa(text);
  };

  class Talk {
    constructor() {
      this.bar = find("#voice .voice");
      this.session = Date.now().toString(36);
      this.turns = 0;
      this.turn = this.seen = "";
      this.before = [];
      this.said = null; // blocks of what is being said
      this.held = this.letGo = 0; // when the button was pressed; blocks still to come after it was let go
      this.latched = this.closed = false;
      this.player = this.waiting = null;
      this.free = true;
      try { this.free = localStorage.getItem(MODE) !== "hold"; } catch { /* storage is off */ }
      this.gate = new Gate();
    }

    async open() {
      document.body.classList.add("talking");
      for (const audio of document.querySelectorAll("#chat-sound audio")) audio.pause();
      this.state("opening");
      this.showMode();
      this.button("hold").focus();
      this.watcher = new MutationObserver(() => this.look());
      this.watcher.observe(find("#chat-main"), { childList: true, subtree: true });
      if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) return this.state("insecure");
      // In this click, or the browser will not let it sound.
      try { this.out = new AudioContext({ sampleRate: SPOKEN_RATE }); } catch { this.out = new AudioContext(); }
      this.tell("open");
      const ear = this.ear({ sampleRate: RATE }); // ready when the microphone is, so that no first word is lost
      try {
        this.stream = await navigator.mediaDevices.getUserMedia({ audio: microphone });
        if (this.closed) return this.close();
        await this.listen(ear);
      } catch (error) {
        const why = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "none", OverconstrainedError: "none" };
        return this.state(why[error.name] ?? "busy");
      }
      this.stream.getTracks()[0].addEventListener("ended", () => this.state("none"));
      this.rest();
    }

    async ear(options) {
      try {
        const context = new AudioContext(options);
        await context.audioWorklet.addModule(EAR);
        return context;
      } catch { return null; }
    }

    async listen(waited) {
      const join = (context) => {
        const ear = new AudioWorkletNode(context, "hearth-ear");
        context.createMediaStreamSource(this.stream).connect(ear);
        ear.connect(context.destination); // of which nothing sounds; without it, it would not run
        ear.port.onmessage = ({ data }) => this.hear(data);
        this.ears = context;
      };
      const context = await waited;
      // Not every browser takes a microphone at another rate than its own.
      try { join(context); } catch { context?.close(); join(await this.ear({})); }
    }

    // What is shown

    button(act) { return this.bar.querySelector(`[data-talk="${act}"]`); }

    word(name) { return this.bar.querySelector(`template[data-said="${name}"]`).innerHTML; }

    state(name) {
      if (this.now === name) return;
      this.now = this.bar.dataset.state = name;
      this.bar.querySelector(".voice-state").innerHTML = this.word(name);
      this.button("hush").disabled = !["writing", "thinking", "speaking"].includes(name);
    }

    // What the state is when nobody says anything.
    rest() {
      if (this.player) this.state(this.player.heard ? "speaking" : "thinking");
      else this.state(this.free ? "listening" : "idle");
    }

    showMode() {
      this.button("free").setAttribute("aria-pressed", String(this.free));
      this.button("hold").querySelector("span").innerHTML = this.word(this.latched ? "send" : "talk");
      this.bar.dataset.free = String(this.free);
    }

    get playing() { return Boolean(this.player?.heard) && this.out.state === "running"; }

    get ready() { return Boolean(this.ears) && !this.closed; }

    // What the server is told, and tells

    tell(act, more = {}) {
      const turn = act === "said" ? this.turn : this.session;
      this.bar.dispatchEvent(new CustomEvent("hearth:voice", { bubbles: true, detail: { act, turn, ...more } }));
    }

    look() {
      if (!this.bar.getClientRects().length) return;
      if (find("#voice-notes [data-voice]")?.dataset.voice.includes(`"${this.session}", "state": "refused"`)) return this.close(true);
      const told = find("#voice-told [data-voice]")?.dataset.voice;
      if (!told || told === this.seen) return;
      this.seen = told;
      const { turn, state, sound } = JSON.parse(told);
      if (state === "refused") return this.close(true);
      if (state === "reply" && turn.startsWith(this.session)) {
        // Of two turns in one breath the second counts, unless nothing was said in it.
        if (turn === this.turn) this.play(sound); else this.waiting = sound;
      } else if (turn === this.turn && state === "nothing") {
        this.gate.deaf();
        if (this.waiting) return this.play(this.waiting);
        this.out.resume();
        this.rest();
        if (!this.player) this.bar.querySelector(".voice-state").innerHTML = this.word("nothing");
      } else if (turn === this.turn && ["failed", "silent"].includes(state) && !this.player?.heard) {
        this.player?.stop();
        this.player = null;
        this.rest();
      }
    }

    play(address) {
      this.player?.stop();
      this.waiting = null;
      if (!this.said) this.out.resume();
      const asked = this.spokeAt;
      this.player = new Player(this.out, address, () => {
        const seconds = (performance.now() - asked) / 1000;
        const lang = document.documentElement.lang;
        const figure = seconds.toLocaleString(lang, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
        this.bar.querySelector(".voice-took").innerHTML = this.word("took").replaceAll("{n}", figure);
        if (!this.said) this.rest();
      }, () => {
        this.player = null;
        if (!this.said) this.rest();
      });
      if (!this.said) this.rest();
    }

    // What is heard

    hear(block) {
      if (this.closed) return;
      if (!this.bar.getClientRects().length) return this.close(); // another panel: nobody sees that it listens
      let power = 0;
      for (const sample of block) power += sample * sample;
      const db = 10 * Math.log10(power / block.length + 1e-10);
      this.bar.style.setProperty("--level", String(Math.max(0, Math.min(1, (db + 60) / 50))));
      if (this.held || this.latched || this.letGo) {
        this.said.push(block);
        if (this.letGo && !--this.letGo) this.send(true);
        else if (this.said.length >= LONGEST) this.release(true);
        return;
      }
      const turn = this.free ? this.gate.take(db, this.playing) : "";
      if (turn === "begin") {
        this.said = [...this.before];
        this.out.suspend(); // at once; whether words were said is known in a moment
        this.state("hearing");
      }
      if (this.said) {
        this.said.push(block);
        if (this.gate.quiet === 0) this.spokeAt = performance.now();
        if (turn === "end" || this.said.length >= LONGEST) this.send(this.gate.voiced >= LEAST);
      }
      this.before.push(block);
      if (this.before.length > BEFORE) this.before.shift();
    }

    send(words) {
      const blocks = this.said.slice(0, this.said.length - Math.max(0, this.gate.quiet - TAIL));
      this.said = null;
      this.before = [];
      this.gate.shut();
      if (!words) {
        this.out.resume();
        return this.rest();
      }
      this.turn = `${this.session}.${++this.turns}`;
      this.state("writing");
      this.tell("said", { sound: wav(blocks) });
    }

    // The button and the keys

    press() {
      if (!this.ready || this.held) return;
      if (this.latched) return; // its release ends it
      if (this.player) this.hush();
      this.said ??= this.before.slice(-TAIL);
      this.gate.quiet = 0;
      this.held = performance.now();
      this.letGo = 0;
      this.state("hearing");
      this.bar.dataset.held = "true";
    }

    release(always = false) {
      if (this.latched) this.latched = false;
      else if (!this.held) return;
      else if (!always && performance.now() - this.held < TAP_MS) this.latched = true; // a tap: until the next one
      this.held = 0;
      this.showMode();
      if (this.latched) return;
      delete this.bar.dataset.held;
      this.spokeAt = performance.now();
      this.letGo = 4; // people let go a little early
    }

    hush() {
      const busy = this.player || this.now === "thinking" || this.now === "writing";
      this.player?.stop();
      this.player = this.waiting = null;
      this.turn = "";
      if (!this.held && !this.latched) { this.said = null; this.gate.shut(); }
      this.out?.resume();
      if (busy) this.tell("hush");
      if (this.ready) this.rest();
    }

    act(name) {
      if (name === "close") return this.close();
      if (name === "hush") return this.hush();
      if (name !== "free") return;
      this.free = !this.free;
      try { localStorage.setItem(MODE, this.free ? "free" : "hold"); } catch { /* until the page is left */ }
      if (!this.held && !this.latched) { this.said = null; this.gate.shut(); this.out?.resume(); }
      this.showMode();
      if (this.ready) this.rest();
    }

    // Let the microphone go; keep: what the server said stays to be read.
    close(keep = false) {
      this.closed = true;
      for (const track of this.stream?.getTracks() ?? []) track.stop();
      this.player?.stop();
      this.ears?.close();
      this.out?.close();
      this.ears = this.out = null;
      if (talk !== this) return;
      if (keep) return this.state("refused");
      this.watcher.disconnect();
      talk = null;
      document.body.classList.remove("talking");
      this.tell("close");
      find("#voice-open")?.focus();
    }
  }

  let talk = null;
  const onTalk = (event) => event.target.closest?.('#voice [data-talk="hold"]');
  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    if (on("#voice-open") && !talk) {
      talk = new Talk();
      talk.open();
    } else if (talk && on("#voice [data-talk]")) talk.act(on("[data-talk]").dataset.talk);
    // Its sound belongs to its conversation.
    else if (talk && on("#new-chat, #temporary-chat, #compare-open, #conversations .open, #hits .open")) talk.close();
    else if (talk && on("#stop")) talk.hush();
  });
  document.addEventListener("pointerdown", (event) => { if (talk && onTalk(event)) talk.press(); });
  for (const name of ["pointerup", "pointercancel"]) {
    document.addEventListener(name, (event) => { if (talk?.held || onTalk(event)) talk?.release(); });
  }
  // A long press on a phone is speech here, and asks for no menu.
  document.addEventListener("contextmenu", (event) => { if (onTalk(event)) event.preventDefault(); });

  const typing = (event) => event.target.closest?.("input, textarea, select, [contenteditable]");
  const isTalkKey = (event) => (event.key === " " && !typing(event) && (onTalk(event) || !event.target.closest?.("button, a, summary"))) || (event.key === "Enter" && onTalk(event));
  document.addEventListener("keydown", (event) => {
    if (!talk) return;
    if (event.key === "Escape") return talk.hush();
    if (!isTalkKey(event)) return;
    event.preventDefault();
    if (!event.repeat) talk.press();
  });
  document.addEventListener("keyup", (event) => {
    if (!talk || !isTalkKey(event)) return;
    event.preventDefault(); // else the button would be clicked too
    talk.release();
  });
  window.addEventListener("pagehide", () => talk?.close());
})();
