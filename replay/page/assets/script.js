// What the page can do beyond reading: filter while one types, show requests as they
// come, copy. Nothing is made of text but text.
"use strict";

const input = document.querySelector("[data-filters]");
const body = input && document.querySelector(`#${input.dataset.filters} tbody`);
const shown = document.getElementById("shown");

const words = () => input.value.toLowerCase().split(/\s+/).filter(Boolean);
const fits = (row, wanted) => {
  const text = row.textContent.toLowerCase();
  return wanted.every((word) => text.includes(word));
};

function filter() {
  if (!input || !body) return;
  const wanted = words();
  let n = 0;
  for (const row of body.rows) {
    row.hidden = !fits(row, wanted);
    if (!row.hidden) n++;
  }
  if (shown) shown.textContent = wanted.length ? `${n} of ${body.rows.length} shown` : "";
}
if (input) input.addEventListener("input", filter);

function cell(row, text, kind) {
  const td = row.insertCell();
  if (kind) td.className = kind;
  td.textContent = text;
  return td;
}

function rowOf(request) {
  const row = document.createElement("tr");
  row.dataset.cache = request.cache;
  row.className = "new";
  const time = document.createElement("time");
  time.dateTime = request.machine;
  time.textContent = request.clock;
  row.insertCell().append(time);
  const cache = document.createElement("span");
  cache.className = "cache";
  cache.textContent = request.cache;
  row.insertCell().append(cache);
  cell(row, request.status);
  cell(row, request.method);
  cell(row, request.url, "url");
  cell(row, request.size, "number");
  cell(row, request.duration, "number");
  cell(row, request.session);
  const note = cell(row, request.link ? "" : request.note, "note");
  if (request.link) {
    const a = document.createElement("a");
    a.href = request.link;
    a.textContent = request.note;
    note.append(a);
  }
  return row;
}

const live = document.getElementById("live");
if (live && body) {
  const most = 1000;
  let held = null; // what came while the list is paused; null: it is not
  const put = (requests) => {
    const none = document.getElementById("none");
    if (none) none.remove();
    const wanted = words();
    for (const request of requests) {
      const row = rowOf(request);
      row.hidden = !fits(row, wanted);
      body.prepend(row);
    }
    while (body.rows.length > most) body.lastElementChild.remove();
    if (wanted.length) filter();
  };
  const events = new EventSource(`${live.dataset.events}?after=${live.dataset.after}`);
  events.onmessage = (event) => {
    const requests = JSON.parse(event.data);
    if (held) held.push(...requests.slice(-most));
    else put(requests);
  };
  const hold = document.getElementById("hold");
  hold.addEventListener("click", () => {
    if (held) {
      put(held.slice(-most));
      held = null;
    } else {
      held = [];
    }
    hold.setAttribute("aria-pressed", String(held !== null));
    hold.textContent = held ? "Go on" : "Pause";
  });
  live.hidden = false;
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source); // to be copied by hand
    }
  });
}
