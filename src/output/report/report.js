"use strict";
// Makes the tables sortable and searchable. It only ever moves rows and hides them, and takes
// no text for anything else than text. Without it the page says the same.

// Tables of fewer rows need no search.
const FEW = 8;

for (const region of document.querySelectorAll(".rows")) {
  const table = region.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  if (rows.length < 2) continue;
  for (const head of table.tHead.rows[0].cells) {
    if (head.tagName === "TH") sortable(head, body, rows);
  }
  if (rows.length >= FEW && "searched" in region.dataset) searchable(region, rows, table.caption.textContent);
}

function sortable(head, body, rows) {
  const button = document.createElement("button");
  const paper = document.createElement("span");
  button.type = "button";
  button.textContent = paper.textContent = head.textContent;
  // Buttons are not printed again on the next page.
  paper.className = "paper";
  head.replaceChildren(button, paper);
  const isNumber = head.dataset.kind === "number";
  button.addEventListener("click", () => {
    const isDown = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    const keyed = rows.map((row) => ({ row, key: key(row.cells[head.cellIndex], isNumber) }));
    // Stable: equals stay in the order of the page.
    keyed.sort((one, other) => (isDown ? compare(other.key, one.key) : compare(one.key, other.key)));
    body.replaceChildren(...keyed.map((it) => it.row));
  });
}

// What a cell is sorted by; null where there is nothing, which is last, or first downwards.
function key(cell, isNumber) {
  const text = cell.dataset.key ?? cell.textContent;
  if (!isNumber) return cell.querySelector(".absent") ? null : text;
  // Ids may be longer than numbers are exact.
  return /^-?\d+$/.test(text) ? BigInt(text) : text || null;
}

function compare(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one !== typeof other) return typeof one === "bigint" ? -1 : 1;
  return one < other ? -1 : one > other ? 1 : 0;
}

function searchable(region, rows, caption) {
  let texts;
  const tools = document.createElement("div");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const found = document.createElement("output");
  tools.className = "tools";
  input.type = "search";
  input.setAttribute("aria-label", "Search: " + caption);
  input.autocomplete = "off";
  found.textContent = rows.length + " rows";
  label.append("Search", input);
  tools.append(label, found);
  region.prepend(tools);
  input.addEventListener("input", () => {
    // Not before somebody searches: it takes a while for many rows.
    texts ??= rows.map((row) => row.textContent.toLowerCase());
    const words = input.value.toLowerCase().split(/\s+/);
    let count = 0;
    rows.forEach((row, index) => {
      row.hidden = !words.every((word) => texts[index].includes(word));
      count += !row.hidden;
    });
    found.textContent = (count < rows.length ? count + " of " : "") + rows.length + " rows";
  });
}
