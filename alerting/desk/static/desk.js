"use strict";
let skew = Number(document.body.dataset.now) - Date.now();
function two(n) { return String(n).padStart(2, "0"); }
function show() {
  const now = Date.now() + skew;
  for (const one of document.querySelectorAll(".countdown")) {
    const left = Math.round((Number(one.dataset.due) - now) / 1000);
    const s = Math.abs(left), days = Math.floor(s / 86400);
    const clock = `${two(Math.floor(s / 3600) % 24)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
    one.textContent = (left < 0 ? "−" : "") + (days ? `${days} d ` : "") + clock;
    if (left < 0) { const word = document.createElement("i"); word.textContent = one.dataset.overdue; one.append(word); }
    one.classList.toggle("over", left < 0);
    one.classList.toggle("soon", left >= 0 && left < 900);
  }
}
show();
setInterval(show, 1000);
function typing() { const at = document.activeElement; return at && at.closest("form") && /INPUT|TEXTAREA|SELECT/.test(at.tagName); }
async function refresh() {
  if (typing()) { pending = true; return; }
  pending = false;
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  skew = Number(fresh.body.dataset.now) - Date.now();
  document.title = fresh.title;
  document.querySelector("main").replaceWith(fresh.querySelector("main"));
  show();
}
let pending = false;
document.addEventListener("focusout", () => { if (pending) setTimeout(refresh, 200); });
if (document.querySelector("[data-live]") && window.EventSource) {
  new EventSource(`/events?seen=${document.body.dataset.newest}`).addEventListener("changed", refresh);
}
