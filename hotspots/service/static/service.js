"use strict";
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
