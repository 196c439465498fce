// Whoever leaves a form that differs from what stands is asked first. Without this the form works just as well.
"use strict";
for (const form of document.querySelectorAll("form[data-warn]")) {
  const mark = form.querySelector("[data-unsaved]");
  let dirty = "dirty" in form.dataset;
  form.addEventListener("input", () => {
    dirty = true;
    if (mark) mark.hidden = false;
  });
  form.addEventListener("submit", () => {
    dirty = false;
  });
  addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
}
