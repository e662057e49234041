// What is otherwise than it is kept: both traces side by side, and the packets.
"use strict";

function drawGolden(place, golden, make) {
  if (golden === null) return;
  const words = (side) => side.flatMap(([text, changed]) => [changed ? make("mark", {}, text) : text, " "]);
  const lines = make("table", { class: "golden mono" });
  lines.append(make("tr", {}, make("th", {}, "as it is kept"), make("th", {}), make("th", {}, "this run")));
  for (const { sign, sides: [kept, made] } of golden.lines) {
    const row = make("tr", { class: SIGNS[sign] });
    if (sign === ".") row.append(make("td", { colspan: "3" }, "lines that are the same"));
    else row.append(make("td", {}, ...words(kept)), make("td", {}, sign), make("td", {}, ...words(made)));
    lines.append(row);
  }
  const differing = golden.lines.filter(({ sign }) => sign !== " " && sign !== ".").length;
  place.append(
    make("h2", {}, `Otherwise than it is kept: ${counted(differing, "line")}`),
    make("p", { class: "quiet" }, `${golden.from}; `, make("code", {}, "castnet review"), " accepts what this run has made"),
    lines,
  );
  if (golden.packets.length > 0) {
    const summary = make("summary", {}, `${counted(golden.packets.length, "packet")} of the capture`);
    place.append(make("details", {}, summary, packetTable(golden.packets, make)));
  }
  place.hidden = false;
}

const SIGNS = { " ": "same", ".": "left quiet", "-": "removed", "+": "added", "~": "changed" };
const counted = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

function packetTable(packets, make) {
  const table = make("table", { class: "golden mono" });
  for (const { link, sign, text, fields } of packets) {
    const changes = fields.map(([name, kept, made]) =>
      make("div", {}, `${name} `, make("del", {}, kept || "none"), " \u2192 ", make("ins", {}, made || "none")));
    table.append(make("tr", { class: SIGNS[sign] }, make("td", {}, sign), make("td", {}, link), make("td", {}, text, ...changes)));
  }
  return table;
}
