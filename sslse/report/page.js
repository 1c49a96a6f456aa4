"use strict";
document.documentElement.classList.add("js");

// Tables: a button in every head sorts the rows of each body; what is no number goes last.

const amount = (cell) => {
  const text = (cell.dataset.value ?? cell.textContent).trim();
  return text === "" ? NaN : Number(text.replace("\u2212", "-"));
};

function sortTable(table, head, direction) {
  const column = head.cellIndex;
  for (const body of table.tBodies) {
    const rows = [...body.rows];
    const numeric = rows.some((row) => !Number.isNaN(amount(row.cells[column])));
    rows.sort((one, other) => {
      const [a, b] = [one.cells[column], other.cells[column]];
      if (!numeric) return direction * a.textContent.trim().localeCompare(b.textContent.trim());
      const [x, y] = [amount(a), amount(b)];
      return Number.isNaN(x) - Number.isNaN(y) || direction * (x - y) || 0;
    });
    body.append(...rows);
  }
  for (const one of table.tHead.rows[0].cells) one.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      sortTable(table, head, head.getAttribute("aria-sort") === "ascending" ? -1 : 1);
    });
  }
}

// Players: all waves of a mixture run on one clock; switching opens one and closes the others.

const FADE_SECONDS = 0.004;
const STEPS = { ArrowLeft: -0.2, ArrowRight: 0.2 }; // seconds, on the slider
let context = null;
let playing = null;

async function decode(uri) {
  const text = atob(uri.slice(uri.indexOf(",") + 1));
  return context.decodeAudioData(Uint8Array.from(text, (one) => one.charCodeAt(0)).buffer);
}

class Player {
  constructor(box) {
    this.box = box;
    this.sounds = [...box.querySelectorAll("audio")];
    this.choices = [...box.querySelectorAll("input[type=radio]")];
    this.pictures = [...box.querySelectorAll(".picture")];
    this.button = box.querySelector(".play");
    this.slider = box.querySelector("input[type=range]");
    this.clock = box.querySelector(".clock");
    this.length = Number(this.slider.max);
    this.at = 0; // seconds, while it does not play
    this.began = null; // the context's time at which second 0 was, or would have been
    this.voices = [];
    this.button.addEventListener("click", () => this.toggle());
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value)));
    this.choices.forEach((one) => one.addEventListener("change", () => this.mix()));
    this.pictures.forEach((one, number) => {
      one.addEventListener("click", (event) => {
        const frame = one.getBoundingClientRect();
        this.choose(number);
        this.seek((this.length * (event.clientX - frame.left)) / frame.width);
      });
    });
    box.addEventListener("keydown", (event) => this.key(event));
    this.mix();
    this.show();
  }

  get position() {
    const now = this.began === null ? this.at : context.currentTime - this.began;
    return Math.min(Math.max(now, 0), this.length);
  }

  async toggle() {
    if (playing === this) {
      this.pause();
      return;
    }
    playing?.pause();
    playing = this;
    try {
      context ??= new AudioContext();
      await context.resume();
      this.waves ??= await Promise.all(this.sounds.map((one) => decode(one.src)));
    } catch {
      playing = null;
      this.box.classList.add("plain"); // the browser's own players
      return;
    }
    if (playing === this) this.start(); // not paused while it was decoded
  }

  start() {
    if (this.at >= this.length) this.at = 0;
    this.began = context.currentTime - this.at;
    this.voices = this.waves.map((wave) => {
      const source = new AudioBufferSourceNode(context, { buffer: wave });
      const gain = new GainNode(context, { gain: 0 });
      source.connect(gain).connect(context.destination);
      source.start(0, this.at);
      return { source, gain };
    });
    this.mix();
    this.tick();
  }

  pause() {
    this.at = this.position;
    this.began = null;
    if (playing === this) playing = null;
    for (const { source, gain } of this.voices) {
      source.stop();
      gain.disconnect();
    }
    this.voices = [];
    this.show();
  }

  seek(seconds) {
    const goesOn = this.began !== null;
    if (goesOn) this.pause();
    this.at = Math.min(Math.max(seconds, 0), this.length);
    if (goesOn) {
      playing = this;
      this.start();
    }
    this.show();
  }

  choose(number) {
    this.choices[number].checked = true;
    this.mix();
  }

  mix() {
    this.choices.forEach((choice, number) => {
      this.pictures[number].classList.toggle("heard", choice.checked);
      const level = choice.checked ? 1 : 0;
      this.voices[number]?.gain.gain.setTargetAtTime(level, context.currentTime, FADE_SECONDS);
    });
  }

  tick() {
    if (this.began === null) return;
    if (this.position >= this.length) this.pause();
    this.show();
    requestAnimationFrame(() => this.tick());
  }

  show() {
    const at = this.position;
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", `${at.toFixed(1)} of ${this.length.toFixed(1)} s`);
    this.clock.textContent = `${at.toFixed(1)} / ${this.length.toFixed(1)} s`;
    this.box.style.setProperty("--at", `${(100 * at) / this.length}%`);
    this.button.setAttribute("aria-label", this.began === null ? "Play" : "Pause");
    this.box.classList.toggle("playing", this.began !== null);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const number = Number(event.key) - 1;
    const step = event.target === this.slider ? STEPS[event.key] : undefined;
    if (step) this.seek(this.position + step);
    else if (event.key === " " && event.target !== this.button) this.toggle();
    else if (this.choices[number]) this.choose(number);
    else return;
    event.preventDefault();
  }
}

for (const box of document.querySelectorAll(".example")) new Player(box);
