// @ts-check
// Records the microphone, and sends what was said to the kernel as a WAV file, which every kernel can read.

import { button, follow, make, sendFiles, spoken } from "./dom.js";

// Seconds after which a recording ends by itself: 16 bits at 48 kHz are 6 MB a minute.
const LONGEST = 120;
// Samples in a second of the files: that of Opus, which most browsers record.
const RATE = 48000;

/** @typedef {{ status: string, label: string }} Traits */
/** @typedef {import("./dom.js").Piece} Sent */

/**
 * Says in plain words why there is no recording.
 *
 * @param {unknown} error
 */
function refusal(error) {
  const name = error instanceof DOMException ? error.name : "";
  const file = "Record with another program and drop the file here.";
  if (name === "NotAllowedError" || name === "SecurityError") {
    return `The browser does not let this page use the microphone. Allow it there, or: ${file}`;
  }
  if (name === "NotFoundError") return `This computer has no microphone. ${file}`;
  return `The microphone cannot be used (${error instanceof Error ? error.message : error}). ${file}`;
}

/**
 * Decodes what MediaRecorder made, which is compressed, to a WAV file: mono, 16 bits.
 *
 * @param {Blob} compressed
 * @returns {Promise<File>}
 */
async function wavOf(compressed) {
  // Offline: it needs no loudspeaker. What it decodes has its rate.
  const context = new OfflineAudioContext(1, 1, RATE);
  const sound = await context.decodeAudioData(await compressed.arrayBuffer());
  const view = new DataView(new ArrayBuffer(44 + 2 * sound.length));
  /** @type {(at: number, text: string) => void} */
  const word = (at, text) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  word(0, "RIFF");
  view.setUint32(4, 36 + 2 * sound.length, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, sound.sampleRate, true);
  view.setUint32(28, 2 * sound.sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  word(36, "data");
  view.setUint32(40, 2 * sound.length, true);
  const channels = Array.from({ length: sound.numberOfChannels }, (_, i) => sound.getChannelData(i));
  for (let i = 0; i < sound.length; i++) {
    const mean = channels.reduce((sum, channel) => sum + (channel[i] ?? 0), 0) / channels.length;
    view.setInt16(44 + 2 * i, Math.round(Math.max(-1, Math.min(1, mean)) * 32767), true);
  }
  return new File([view.buffer], "recording.wav", { type: "audio/wav" });
}

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  const status = spoken("span", "hub-said");
  const record = button("● Record", model.get("label"), toggle, { className: "hub-small hub-record" });
  el.append(make("div", { className: "hub-recorder" }, record, status));
  /** @type {MediaRecorder | null} */
  let running = null;
  let ticking = 0;

  function rest() {
    clearInterval(ticking);
    running?.stream.getTracks().forEach((track) => track.stop());
    running = null;
    record.textContent = "● Record";
    record.classList.remove("hub-recording");
  }

  /** @param {Blob[]} parts */
  async function finish(parts) {
    const type = running?.mimeType ?? "";
    rest();
    try {
      status.textContent = "Converting …";
      const file = await wavOf(new Blob(parts, { type }));
      await sendFiles(model, [file], (text) => status.textContent = text);
    } catch (error) {
      status.textContent = refusal(error);
    }
  }

  async function toggle() {
    if (running) return running.stop();
    if (!navigator.mediaDevices || typeof MediaRecorder === "undefined") {
      // Browsers hide the microphone from pages without https, and some from frames of other hosts.
      status.textContent =
        "Browsers give the microphone only to pages with https, or on this computer. Record " +
        "with another program and drop the file here.";
      return;
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      /** @type {Blob[]} */
      const parts = [];
      const recorder = running = new MediaRecorder(stream);
      recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
      recorder.addEventListener("stop", () => finish(parts));
      recorder.start();
      record.textContent = "■ Stop";
      record.classList.add("hub-recording");
      const began = Date.now();
      status.textContent = "Recording …";
      ticking = setInterval(() => {
        const seconds = (Date.now() - began) / 1000;
        status.textContent = `Recording: ${seconds.toFixed(0)} s`;
        if (seconds >= LONGEST && recorder.state === "recording") recorder.stop();
      }, 250);
    } catch (error) {
      rest();
      status.textContent = refusal(error);
    }
  }

  function draw() {
    if (!running) status.textContent = model.get("status");
  }
  draw();
  const unfollow = follow(model, { "change:status": draw });
  return () => {
    unfollow();
    rest();
  };
}

export default { render };
