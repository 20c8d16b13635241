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
