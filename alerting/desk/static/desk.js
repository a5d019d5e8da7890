"use strict";
const skew = Number(document.body.dataset.now) - Date.now();
function two(n) { return String(n).padStart(2, "0"); }
function show() {
  const now = Date.now() + skew;
  for (const one of document.querySelectorAll(".countdown")) {
    const left = Math.round((Number(one.dataset.due) - now) / 1000);
    const s = Math.abs(left), days = Math.floor(s / 86400);
    const clock = `${two(Math.floor(s / 3600) % 24)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
    one.textContent = (days ? `${days} d ` : "") + clock + (left < 0 ? ` ${one.dataset.overdue}` : "");
    one.classList.toggle("over", left < 0);
  }
}
show();
setInterval(show, 1000);
if (document.querySelector("[data-live]") && window.EventSource) {
  const source = new EventSource("/events");
  source.addEventListener("changed", async () => {
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
    show();
  });
}
