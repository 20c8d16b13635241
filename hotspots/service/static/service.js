"use strict";
/* A page that the browser kept for "back" is asked for anew: its reader may have been signed out since. */
window.addEventListener("pagehide", (event) => { document.documentElement.hidden = event.persisted; });
window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
/* The progress of a job, as it happens. Without this the page is looked at again by its link. */
for (const box of document.querySelectorAll("[data-events]")) {
  const stream = new EventSource(box.dataset.events);
  stream.addEventListener("job", (event) => {
    const told = JSON.parse(event.data);
    for (const part of box.querySelectorAll("[data-shows]")) part.textContent = told[part.dataset.shows];
    box.querySelector(".state").className = `state ${told.status}`;
  });
  stream.addEventListener("end", () => { stream.close(); window.location.reload(); });
}

/* A form that was sent says so, and is not sent again by a second press. */
const waiting = new Map();
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (waiting.has(event.target)) { event.preventDefault(); return; }
  const button = event.submitter || event.target.querySelector("button");
  waiting.set(event.target, [button, button.textContent]);
  button.setAttribute("aria-disabled", "true");
  button.textContent = "Sending\u2026";
});
/* A page that the browser kept and shows again is as good as a new one. */
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const [button, text] of waiting.values()) { button.removeAttribute("aria-disabled"); button.textContent = text; }
  waiting.clear();
  for (const key of document.querySelectorAll("[name=form_key]")) key.value = crypto.randomUUID();
});
