// The topology as a picture: nodes in columns by their distance from the sources, links between them.
"use strict";

const ROOM = 7; // Columns of nodes and links beside the claims.

function drawTopology(section, { nodes, links, ports }) {
  const svgns = "http://www.w3.org/2000/svg";
  const shape = (tag, attributes, text) => {
    const element = document.createElementNS(svgns, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  // Nodes and links alternate on every way through the topology, so both get columns.
  const column = { node: new Map(), link: new Map() };
  const visit = (queue) => {
    while (queue.length) {
      const [kind, id] = queue.shift();
      const next = column[kind].get(id) + 1;
      for (const port of ports) {
        if (port[kind] !== id) continue;
        const other = kind === "node" ? "link" : "node";
        if (!column[other].has(port[other])) {
          column[other].set(port[other], next);
          queue.push([other, port[other]]);
        }
      }
    }
  };
  const start = (chosen) => visit(chosen.map((id) => (column.node.set(id, 0), ["node", id])));
  const ids = nodes.map((_, id) => id);
  start(ids.filter((id) => nodes[id].role === "source"));
  for (const id of ids) if (!column.node.has(id)) start([id]);

  const MOST = 120;
  if (nodes.length > MOST) {
    section.append(make("h2", {}, "Topology"), make("p", { class: "quiet" }, `${nodes.length} nodes on ${links.length} links: too many for a picture`));
    return;
  }
  const columns = [];
  for (const kind of ["node", "link"]) {
    for (const [id, x] of column[kind]) (columns[x] ??= []).push([kind, id]);
  }
  const tallest = Math.max(...columns.map((entries) => entries.length));
  const [width, height] = [Math.max(420, columns.length * 105), Math.max(90, tallest * 46)];
  const place = { node: new Map(), link: new Map() };
  columns.forEach((entries, x) => entries.forEach(([kind, id], y) => {
    place[kind].set(id, [(x + 0.5) * (width / columns.length), (y + 0.5) * (height / entries.length)]);
  }));
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Topology" });
  for (const port of ports) {
    const [[x1, y1], [x2, y2]] = [place.node.get(port.node), place.link.get(port.link)];
    const line = shape("line", { x1, y1, x2, y2, stroke: "var(--quiet)", "stroke-width": 1.3 });
    line.append(shape("title", {}, [port.address, port.mac].filter(Boolean).join("\n")));
    svg.append(line);
  }
  links.forEach(({ name, subnet }, id) => {
    const [x, y] = place.link.get(id);
    const group = shape("g", {});
    group.append(
      shape("rect", { x: x - 3, y: y - 16, width: 6, height: 32, rx: 3, fill: "var(--quiet)" }),
      shape("text", { x, y: y - 20, "text-anchor": "middle", "font-size": 11, fill: "var(--quiet)" }, name),
      shape("title", {}, `${name} ${subnet}`),
    );
    svg.append(group);
  });
  const colours = { router: "--query", listener: "--report", source: "--leave", switch: "--other" };
  nodes.forEach(({ name, role }, id) => {
    const [x, y] = place.node.get(id);
    const stroke = `var(${colours[role] ?? "--bad"})`;
    const half = Math.max(24, name.length * 4 + 8);
    const group = shape("g", {});
    group.append(
      shape("rect", { x: x - half, y: y - 14, width: 2 * half, height: 28, rx: role === "router" ? 14 : 4, fill: "var(--panel)", stroke, "stroke-width": 2 }),
      shape("text", { x, y: y + 4.5, "text-anchor": "middle", "font-size": 12.5, fill: "var(--ink)" }, name),
      shape("title", {}, `${name}: ${role}`),
    );
    svg.append(group);
  });
  // In the narrow column nobody could read the names.
  if (columns.length > ROOM) section.classList.add("wide");
  section.append(make("h2", {}, "Topology"), svg);
}
