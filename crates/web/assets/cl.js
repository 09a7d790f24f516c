// Conveniences for officials' work lists, and focus on the error summary. Nothing needs this file.
// Vietnamese input methods rewrite letters, so keys are told by event.code, and composing is left alone.

const summary = document.querySelector(".cl-errsum");
if (summary) summary.focus();

const typing = (el) =>
  el.isContentEditable ||
  (/^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName) && el.type !== "checkbox") ||
  el.closest("dialog[open]");

const rows = () => [...document.querySelectorAll(".a-tbl tbody tr, .a-list a.row")];
const linkOf = (row) => (row.matches("a") ? row : row.querySelector("a[href]"));

function move(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("cur"));
  const to = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
  if (at >= 0) all[at].classList.remove("cur");
  all[to].classList.add("cur");
  const link = linkOf(all[to]);
  if (link) link.focus({ preventScroll: true });
  all[to].scrollIntoView({ block: "nearest" });
}

function open() {
  const row = document.querySelector(".a-tbl tr.cur, .a-list a.row.cur");
  const link = row && linkOf(row);
  if (link) link.click();
}

function up() {
  const link = document.querySelector("[data-key-up]");
  if (link) link.click();
}

function pick() {
  const row = document.querySelector(".a-tbl tr.cur");
  const box = row && row.querySelector(".pick input");
  if (box) box.checked = !box.checked;
}

const whole = document.querySelector("[data-pick-all]");
if (whole) {
  whole.hidden = false;
  whole.addEventListener("change", () => {
    for (const box of document.querySelectorAll(".a-tbl td.pick input")) box.checked = whole.checked;
  });
}

function find() {
  const box = document.querySelector(".a-filter input[type=search]") || document.querySelector(".a-find input");
  if (box) box.focus();
}

function keys() {
  const dialog = document.querySelector("dialog.cl-keys");
  if (dialog && !dialog.open) dialog.showModal();
}

// A letter shown beside a button or link: a link is followed, a button only gets the focus, so that no
// step is taken by one key. What stands in a closed list is opened first.
function verb(code) {
  const letter = /^Key[A-Z]$/.test(code) ? code.slice(3) : "";
  const to = letter && document.querySelector(`main [data-key="${letter}"]`);
  if (!to) return null;
  return () => {
    const list = to.closest("details");
    if (list) list.open = true;
    if (to.matches("a")) to.click();
    else to.focus();
  };
}

const beside = (rel) => () => {
  const link = document.querySelector(`main a[rel=${rel}]`);
  if (link) link.click();
};

if (document.body.classList.contains("app") && !("noKeys" in document.body.dataset)) {
  // From here on the letters beside the buttons are true.
  document.body.classList.add("keys");
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat && !/^Key[JK]$/.test(event.code) || event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const act = event.shiftKey
      ? { Slash: keys }[event.code]
      : {
          KeyJ: () => move(1),
          KeyK: () => move(-1),
          KeyU: up,
          KeyX: pick,
          Slash: find,
          BracketLeft: beside("prev"),
          BracketRight: beside("next"),
        }[event.code] || verb(event.code);
    if (event.code === "Enter" && event.target === document.body) return open();
    if (!act) return;
    event.preventDefault();
    act();
  });
}

// One menu at a time, closed by Escape and by a click elsewhere.
const menus = [...document.querySelectorAll("details.cl-menu, details.a-acct")];
document.addEventListener("click", (event) => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus) {
    if (!menu.open) continue;
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// The screen of a hall: the board is fetched again every few seconds without a flash.
const board = document.querySelector("[data-reload]");
if (board) {
  setInterval(async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = fresh.querySelector("[data-reload]");
      if (next) board.replaceChildren(...next.childNodes);
    } catch {
      // The line is down: the board stays as it was and is asked for again.
    }
  }, Number(board.dataset.reload) * 1000);
}

// A ticket prints itself where the browser may print without asking.
if (document.querySelector("[data-print]")) print();
