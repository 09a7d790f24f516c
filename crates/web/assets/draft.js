// A draft on a bad line: files go up in pieces and continue where the line broke (tus 1.0.0), and each
// answer is kept as soon as it is typed.
// Nothing needs this file: without it the forms are sent as they are.
// What people read stands in the page, in data attributes; here are only numbers.

const MB = 1048576;
const PIECE_MIN = 32 * 1024;
const PIECE_MAX = 2 * MB;
const WAITS_S = [1, 2, 4, 8, 15, 30];
const GIVE_UP_AFTER = 40;

const base64 = (bytes) => btoa(Array.from(new Uint8Array(bytes), (b) => String.fromCharCode(b)).join(""));
const metadata = (pairs) =>
  Object.entries(pairs).map(([key, text]) => `${key} ${base64(new TextEncoder().encode(text))}`).join(",");

// Ends early when the line is back.
function wait(seconds) {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      done();
    };
    const timer = setTimeout(end, seconds * 1000);
    addEventListener("online", end);
  });
}

// An answer that trying again will not change.
class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

async function call(method, url, headers, body) {
  const answer = await fetch(url, {
    method,
    headers: { "tus-resumable": "1.0.0", ...headers },
    body,
    credentials: "same-origin",
    redirect: "error",
  });
  if (answer.ok) return answer;
  if (answer.status >= 500 || answer.status === 409 || answer.status === 460 || answer.status === 429) {
    throw new Error(`again: ${answer.status}`);
  }
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail || "");
}

async function checksum(bytes) {
  // Browsers offer digests on secure origins only; without one the line's own checks must do.
  if (!globalThis.crypto?.subtle) return {};
  return { "upload-checksum": `sha256 ${base64(await crypto.subtle.digest("SHA-256", bytes))}` };
}

// One file on its way. A draft of one's own takes it at once; otherwise it waits until its form is sent.
class Sending {
  constructor(form, file, component) {
    const { draft, dossier } = form.dataset;
    this.form = form;
    this.file = file;
    this.piece = 256 * 1024;
    this.meant = { filename: file.name };
    if (draft) Object.assign(this.meant, { draft, component });
    if (dossier) this.meant.component = `${dossier}/${component}`;
    const mark = [draft || dossier || form.action, component, file.name, file.size, file.lastModified];
    this.key = `cl-up ${mark.join(" ")}`;
  }

  show(name, values) {
    const box = this.form.querySelector("[data-part=sending]");
    const line = box.querySelector("p");
    box.hidden = false;
    box.querySelector("progress").value = values.percent;
    line.textContent = line.dataset[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
  }

  progress(name, offset, more = {}) {
    const tell = (bytes) => (bytes / MB).toFixed(1).replace(".", ",");
    const percent = Math.floor((offset / this.file.size) * 100);
    this.show(name, { sent: tell(offset), all: tell(this.file.size), percent, ...more });
  }

  async begin() {
    const answer = await call("POST", this.form.dataset.pieces, {
      "upload-length": String(this.file.size),
      "upload-metadata": metadata(this.meant),
    });
    sessionStorage.setItem(this.key, answer.headers.get("location"));
    return 0;
  }

  // Where the next piece begins: begun in this tab before, it goes on from there.
  async offset() {
    const at = sessionStorage.getItem(this.key);
    if (!at) return this.begin();
    try {
      return Number((await call("HEAD", at, {})).headers.get("upload-offset"));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
      return this.begin();
    }
  }

  async send(offset) {
    const bytes = await this.file.slice(offset, offset + this.piece).arrayBuffer();
    const started = performance.now();
    const answer = await call("PATCH", sessionStorage.getItem(this.key), {
      "content-type": "application/offset+octet-stream",
      "upload-offset": String(offset),
      ...(await checksum(bytes)),
    }, bytes);
    const quick = performance.now() - started < 2000;
    if (quick) this.piece = Math.min(PIECE_MAX, this.piece * 2);
    return Number(answer.headers.get("upload-offset"));
  }

  async run() {
    let failures = 0;
    let offset = null;
    while (offset === null || offset < this.file.size) {
      try {
        offset = offset === null ? await this.offset() : await this.send(offset);
        failures = 0;
        this.progress("going", offset);
      } catch (error) {
        if (error instanceof Refused || ++failures > GIVE_UP_AFTER) throw error;
        this.piece = Math.max(PIECE_MIN, this.piece / 2);
        const s = WAITS_S[Math.min(failures, WAITS_S.length) - 1];
        this.progress("waiting", offset || 0, { s });
        await wait(s);
        offset = null;
      }
    }
    const id = sessionStorage.getItem(this.key).split("/").pop();
    sessionStorage.removeItem(this.key);
    this.progress("done", offset);
    return id;
  }
}

// What has gone up is named in the form, which then sends the rest of what it holds.
function name(form, component, id, file) {
  const line = document.createElement("input");
  Object.assign(line, { type: "hidden", name: "kem", value: `${component}|${id}|${file.name}` });
  form.append(line);
}

async function upload(form, chosen) {
  const button = form.querySelector("button[type=submit]");
  const error = form.querySelector("[data-part=error]");
  error.hidden = true;
  button.disabled = true;
  try {
    for (const { input, component } of chosen) {
      for (const file of [...input.files].filter((file) => file.size > 0)) {
        const id = await new Sending(form, file, component).run();
        if (!form.dataset.draft) name(form, component, id, file);
      }
      if (!form.dataset.draft) input.value = "";
    }
    if (!form.dataset.draft) return form.submit();
    // Not reload(): the page may be the answer to a form, which must not be sent again.
    location.replace(form.dataset.page);
  } catch (problem) {
    // Signed out meanwhile, or the page is too old: the plain form knows the way.
    if (problem instanceof Refused && (problem.status === 401 || problem.status === 403)) return form.submit();
    error.textContent = (problem instanceof Refused && problem.message) || error.dataset.plain;
    error.hidden = false;
    form.querySelector("[data-part=sending]").hidden = true;
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll("form[data-pieces]")) {
  form.addEventListener("submit", (event) => {
    const inputs = [...form.querySelectorAll("input[type=file]")];
    const chosen = inputs
      .filter((input) => [...input.files].some((file) => file.size > 0))
      .map((input) => ({ input, component: input.dataset.component || form.dataset.component }));
    if (!chosen.length) return;
    event.preventDefault();
    upload(form, chosen);
  });
}

// An answer is kept when its field is left, and while somebody types, at a pause.
const PAUSE_MS = 1500;

class Keeping {
  constructor(form) {
    this.form = form;
    this.changed = new Map(); // field → timer
    this.line = Promise.resolve(); // one answer after another
    this.over = false;
    this.out = false; // nobody is signed in any more
    this.lost = new Set(); // the fields that were not kept since
  }

  // The controls of one question; a date has three boxes, `field.ngay` and so on.
  body(field) {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) {
      if (name === "_csrf" || name === field || name.startsWith(`${field}.`)) body.append(name, value);
    }
    return body;
  }

  tell(key, at) {
    for (const line of document.querySelectorAll("[data-saved]")) {
      line.textContent = line.dataset[key].replace("{at}", at);
    }
    for (const door of document.querySelectorAll("[data-part=sign-in]")) door.hidden = key !== "out";
  }

  // Signed in again in another tab: this page's forms get that session's token, and what was not kept is
  // kept now.
  async back() {
    try {
      const page = await fetch(location.href, { redirect: "error" });
      if (!page.ok) return false;
      const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
      const token = fresh.querySelector("input[name=_csrf]")?.value;
      if (!token) return false;
      for (const box of document.querySelectorAll("input[name=_csrf]")) box.value = token;
    } catch {
      return false;
    }
    this.out = false;
    const lost = [...this.lost];
    this.lost.clear();
    lost.forEach((field) => this.later(field, 0));
    return true;
  }

  look() {
    if (this.out) this.line = this.line.then(() => this.out && this.back());
  }

  later(name, pause) {
    const field = name.split(".")[0];
    if (!field || field === "_csrf" || this.over) return;
    clearTimeout(this.changed.get(field));
    this.changed.set(field, setTimeout(() => this.keep(field), pause));
  }

  keep(field, leaving = false) {
    clearTimeout(this.changed.get(field));
    this.changed.delete(field);
    if (leaving) return this.send(field, true);
    this.line = this.line.then(() => this.send(field, false));
  }

  async send(field, keepalive) {
    if (this.over) return;
    if (this.out && (keepalive || !(await this.back()))) return this.lost.add(field);
    try {
      const url = this.form.dataset.autosave + encodeURIComponent(field);
      const body = this.body(field);
      const answer = await fetch(url, { method: "PUT", body, keepalive, redirect: "error" });
      if (answer.ok) return this.tell("saved", (await answer.json()).saved);
      if (answer.status === 401 || answer.status === 403) {
        this.out = true;
        this.lost.add(field);
        return this.tell("out", "");
      }
      if (answer.status !== 404 && answer.status !== 409) throw new Error(`again: ${answer.status}`);
      // Filed or thrown away meanwhile: nothing typed here is kept any more, and it is said.
      this.over = true;
      this.tell("gone", "");
    } catch {
      if (keepalive) return;
      this.tell("unsaved", "");
      await wait(4);
      if (!this.changed.has(field)) this.later(field, 0);
    }
  }
}

for (const form of document.querySelectorAll("form[data-autosave]")) {
  const keeping = new Keeping(form);
  form.addEventListener("input", (event) => keeping.later(event.target.name, PAUSE_MS));
  form.addEventListener("change", (event) => keeping.later(event.target.name, 0));
  form.addEventListener("submit", () => (keeping.over = true));
  addEventListener("focus", () => keeping.look());
  addEventListener("pagehide", () => [...keeping.changed.keys()].forEach((field) => keeping.keep(field, true)));
}
