"use strict";
const made = (tag, text, set = {}) =>
  Object.assign(document.createElement(tag), { textContent: text }, set);
const save = (name, content, type) => {
  const link = made("a", "", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
};
const named = (part) => {
  let at = part;
  while (at && at.tagName !== "H2") at = at.previousElementSibling || at.parentElement;
  return (at ? at.textContent : document.title).toLowerCase().replace(/[^a-z0-9]+/g, "-");
};
const heads2 = [...document.querySelectorAll("h2")];
if (heads2.length > 2) {
  const nav = made("nav", "");
  nav.setAttribute("aria-label", "Contents");
  heads2.forEach((head, index) => {
    head.id = `part${index}`;
    nav.append(made("a", head.textContent, { href: `#part${index}` }), " ");
  });
  heads2[0].before(nav);
}
for (const figure of document.querySelectorAll("figure")) {
  const svg = figure.querySelector("svg");
  const live = figure.classList.contains("live");
  const said = made("output", "");
  const button = made("button", "SVG", { type: "button", className: "tool" });
  button.addEventListener("click", () => {
    const colours = getComputedStyle(document.documentElement);
    const text = new XMLSerializer().serializeToString(svg);
    const plain = text.replace(/var\((--[a-z]+)\)/g, (_, name) => colours.getPropertyValue(name).trim());
    save(`${named(figure)}.svg`, plain, "image/svg+xml");
  });
  const tell = (event) => {
    const mark = event.target.closest("g:has(> title)");
    if (mark || event.type === "click") {
      said.textContent = mark ? mark.querySelector(":scope > title").textContent : "";
    }
  };
  // A figure whose axes can be chosen says itself what its markers are.
  if (!live) ["click", "pointerover"].forEach((kind) => {
    for (const part of figure.querySelectorAll(".figure")) part.addEventListener(kind, tell);
  });
  figure.append(said, button);
}
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  if (body.rows.length < 2) continue;
  const raw = (cell) => (cell.dataset.value === undefined ? cell.textContent : cell.dataset.value);
  // What a spreadsheet would run gets a quote before it, as in the CSV files.
  const field = (cell) => {
    const text = cell.dataset.value === undefined ? raw(cell).replace(/^[=+\-@\t\r]/, "'$&") : raw(cell);
    return `"${text.replaceAll('"', '""')}"`;
  };
  const tools = made("div", "", { className: "tools" });
  const csv = made("button", "CSV", { type: "button", className: "tool" });
  csv.addEventListener("click", () => {
    const lines = [...table.rows].filter((row) => !row.hidden);
    const text = lines.map((row) => [...row.cells].map(field).join(",")).join("\r\n");
    save(`${named(table.parentElement)}.csv`, `${text}\r\n`, "text/csv");
  });
  if (body.rows.length > 8) {
    const find = made("input", "", { type: "search", placeholder: "filter rows" });
    find.setAttribute("aria-label", "Filter rows");
    find.addEventListener("input", () => {
      const words = find.value.toLowerCase().split(/\s+/);
      for (const row of body.rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
    tools.append(find);
  }
  tools.append(csv);
  table.parentElement.before(tools);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => {
        const cell = row.cells[column];
        return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
      };
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
        const sign = typeof x === "number" ? x - y : x.localeCompare(y, "en", { numeric: true });
        return down ? -sign : sign;
      };
      body.append(...[...body.rows].sort(order));
    });
  });
}
