// Adds minutes and seconds to the hold on an order's page, and says aloud when five minutes and one are left. The deadline
// itself stands in the markup, by the shop's clock: without this script the page says the same, only less finely.
(() => {
  let ahead = 0; // By so much the shop's clock is ahead of this one, in milliseconds.
  let told;
  let before;

  function tick() {
    const until = document.querySelector("time[data-until]");
    if (!until) return;
    if (told !== until.dataset.now) {
      told = until.dataset.now;
      ahead = Date.parse(told) - Date.now();
    }
    const left = Math.max(0, Math.round((Date.parse(until.dateTime) - Date.now() - ahead) / 1000));
    const shown = document.querySelector("[data-left]");
    if (shown) shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    const said = document.querySelector("[data-hold-said]");
    for (const minutes of [5, 1]) {
      if (said && before > minutes * 60 && left <= minutes * 60) said.textContent = said.getAttribute(`data-minutes-${minutes}`);
    }
    before = left;
  }

  tick();
  setInterval(tick, 1000);
})();
