// The microphone's samples in blocks of 32 ms at 16,000 Hz, averaged down where the sound card runs faster.
class Ear extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = sampleRate / 16000;
    this.block = new Float32Array(512);
    this.filled = this.sum = this.count = 0;
    this.due = this.step;
  }

  process(inputs) {
    const input = inputs[0][0];
    if (!input) return true;
    for (const sample of input) {
      this.sum += sample;
      this.count += 1;
      if (this.count < this.due) continue;
      this.block[this.filled++] = this.sum / this.count;
      // What a fraction of a sample is too much or too little now is made good by the next.
      this.due += this.step - this.count;
      this.sum = this.count = 0;
      if (this.filled === this.block.length) {
        this.port.postMessage(this.block);
        this.filled = 0;
      }
    }
    return true;
  }
}
registerProcessor("hearth-ear", Ear);
