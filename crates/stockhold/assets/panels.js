// Opens the cart beside the page that one is on, searches while one types, and counts up and down. The first two are the
// browser's own dialogs: they keep the focus inside, Escape closes them, and the focus goes back where it was. Whatever
// fails here, the links and forms do by themselves, as they do without this script.
(() => {
  const opened = { "cart-drawer": openCart, finder: openFinder };
  const plain = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-opens]");
    const panel = link && document.getElementById(link.dataset.opens);
    if (panel && plain(event)) {
      event.preventDefault();
      opened[panel.id](panel, link);
    } else if (event.target.matches("dialog")) {
      event.target.close(); // Beside what is in it.
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-step]");
    const field = button?.parentElement.querySelector("input");
    if (!field) return;
    const wanted = (parseInt(field.value, 10) || 0) + Number(button.dataset.step);
    field.value = Math.min(Number(field.max), Math.max(Number(field.min), wanted));
  });

  // The cart: whatever its forms answer is the cart's page, of which the drawer shows a part.
  const drawer = document.getElementById("cart-drawer");
  const inside = drawer?.querySelector("[data-cart]");

  function openCart(_, link) {
    load(link.href).then(show, () => location.assign(link.href));
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const adds = form.matches('form[action$="/cart/add"]') && !event.submitter?.hasAttribute("formaction");
    if (!drawer || form.method !== "post" || !(adds || inside.contains(form))) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return; // A second click is the same wish.
    form.ariaBusy = "true";
    const body = new URLSearchParams(new FormData(form));
    // Whether a request whose answer never came was heard is seen in the cart; sent again, it might be done twice.
    const cart = document.querySelector('a[data-opens="cart-drawer"]').href;
    load(form.action, { method: "POST", body })
      .then(show, (failure) => (failure instanceof TypeError ? location.assign(cart) : form.submit()))
      .finally(() => form.removeAttribute("aria-busy"));
  });

  async function load(url, request) {
    inside.ariaBusy = "true";
    try {
      const answer = await fetch(url, request);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const parts = page.querySelectorAll("[data-in-drawer]");
      if (parts.length === 0) throw new Error("this is not the cart");
      return { page, parts };
    } finally {
      inside.removeAttribute("aria-busy");
    }
  }

  function show({ page, parts }) {
    const focused = inside.contains(document.activeElement) ? document.activeElement.id : "";
    inside.replaceChildren(...[...parts].map((part) => document.adoptNode(part)));
    const [told, known] = [page, document].map((one) => one.querySelector('a[data-opens="cart-drawer"]'));
    if (told) known.textContent = drawer.querySelector("[role=status]").textContent = told.textContent;
    if (!drawer.open) drawer.showModal();
    (document.getElementById(focused) ?? drawer.querySelector("h2")).focus();
  }

  // Search: the field walks through the list, as a combobox does.
  const field = document.getElementById("finder-q");
  let wait;
  let asked = 0;

  function openFinder(panel) {
    panel.showModal();
    field.select();
  }

  const list = () => document.getElementById("finder-list");
  const options = () => [...list().querySelectorAll("[role=option]")];
  const active = () => list().querySelector("[aria-selected=true]");

  function choose(option) {
    active()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
  }

  async function suggest() {
    const mine = ++asked;
    const answer = await fetch(`${field.dataset.suggestions}?${new URLSearchParams({ q: field.value })}`).catch(() => null);
    if (!answer?.ok || mine !== asked) return; // Too many at once, or something newer was typed.
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return;
    list().replaceWith(document.adoptNode(page.getElementById("finder-list")));
    choose(null);
    field.setAttribute("aria-expanded", String(options().length > 0));
    document.querySelector("#finder [role=status]").textContent = list().dataset.said ?? "";
  }

  field?.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(suggest, 200);
  });

  field?.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(active());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      // Past either end stands the field itself.
      const next = event.key === "ArrowDown" ? at + 1 : at < 0 ? all.length - 1 : at - 1;
      choose(all[next] ?? null);
    } else if (event.key === "Enter" && !event.isComposing && active()) {
      event.preventDefault();
      location.assign(active().dataset.href);
    }
  });

  document.getElementById("finder")?.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.href);
  });
})();
