// The page around the timeline: head, claims, details of a packet, what routers told.
const seconds = (ns, digits = 3) => `${(ns / 1e9).toFixed(digits)} s`;
const portName = (port) => `${facts.nodes[facts.ports[port].node].name}:${facts.links[facts.ports[port].link].name}`;

function head() {
  const { outcome, title, name, backend, seed, took_s, castnet } = facts;
  at("head").append(
    make("span", { class: `badge ${outcome}` }, outcome.toUpperCase()),
    make("h1", {}, title),
    make("p", { class: "quiet" }, `${name} on ${backend}, seed ${seed}, ${took_s.toFixed(1)} s, castnet ${castnet}`),
    make("p", {}, ...facts.clauses.map(({ id, text }) => make("span", { class: "chip", title: text }, id))),
  );
  if (outcome !== "pass") at("head").append(make("p", {}, "repeat: ", make("code", {}, facts.repeat)));
}

function claim(word, text, why, moment) {
  const title = [make("span", { class: `word ${word}` }, word), text];
  const item = make("li", {});
  if (why.length === 0) {
    item.append(make("div", {}, ...title));
  } else {
    const open = word === "pass" || word === "off" ? {} : { open: "" };
    item.append(make("details", open, make("summary", {}, ...title), make("pre", {}, why.join("\n"))));
  }
  if (moment !== null) {
    const button = make("button", {}, `show ${seconds(moment)}`);
    button.addEventListener("click", () => timeline.showAround(moment));
    item.append(button);
  }
  return item;
}

function claims() {
  const list = make("ol", { class: "claims" });
  for (const reason of facts.reasons) list.append(claim(facts.outcome, reason, [], null));
  for (const note of facts.notes) list.append(claim("note", note, [], null));
  for (const f of facts.findings) list.append(claim(f.outcome, `${f.claim}  (line ${f.line})`, f.why, f.at));
  for (const rule of facts.rules) {
    const why = rule.because === null ? rule.why : [`off because ${rule.because}`, ...rule.why];
    list.append(claim(rule.outcome, `${rule.name}: ${rule.statement}  (in every run)`, why, null));
  }
  const all = [...facts.findings, ...facts.rules];
  const good = all.filter((one) => one.outcome === "pass").length;
  at("claims").append(make("h2", {}, `What was claimed: ${good} of ${all.length} hold`), list);
}

function since(ns) {
  const before = facts.acts.filter((act) => act.at !== null && act.at <= ns).pop();
  return before ? `${seconds(ns - before.at, 6)} after ${before.label}` : "before any act";
}

function octets(hex) {
  const lines = [];
  for (let from = 0; from < hex.length; from += 32) {
    const line = hex.slice(from, from + 32).match(/../g);
    const text = line.map((octet) => parseInt(octet, 16)).map((c) => (c > 31 && c < 127 ? String.fromCharCode(c) : "."));
    lines.push(`${(from / 2).toString(16).padStart(4, "0")}  ${line.join(" ").padEnd(48)} ${text.join("")}`);
  }
  return lines.join("\n");
}

function rows(pairs) {
  const table = make("table", { class: "fields" });
  for (const [name, value] of pairs) table.append(make("tr", {}, make("th", {}, name), make("td", { class: "mono" }, value)));
  return table;
}

function showPacket(packet) {
  const pairs = [
    ["time", `${seconds(packet.at, 6)}`],
    ["", since(packet.at)],
    ["sent by", portName(packet.port)],
    ...packet.fields,
  ];
  const parts = [make("h2", {}, packet.text), rows(pairs)];
  if (packet.octets) parts.push(make("pre", { class: "octets" }, octets(packet.octets)));
  at("details").replaceChildren(...parts);
}

// Where each copy of a datagram went, as far as the page knows it.
function showDatagram(stream, index) {
  const { group, size } = facts.streams[stream.stream];
  const sequence = stream.sequence[index];
  const crossings = facts.data
    .filter((other) => other.stream === stream.stream)
    .flatMap((other) => other.sequence.flatMap((n, i) => (n === sequence ? [[other.at[i], other]] : [])))
    .sort((a, b) => a[0] - b[0]);
  const path = crossings.map(([ns, other]) => [seconds(ns, 6), `left ${portName(other.port)}, TTL ${other.ttl}`]);
  const received = facts.deliveries
    .filter((one) => one.stream === stream.stream)
    .flatMap((one) => one.sequence.flatMap((n, i) => (n === sequence ? [[seconds(one.at[i], 6), `received by ${facts.nodes[one.node].name}`]] : [])));
  const title = `datagram ${sequence} of stream ${stream.stream}`;
  at("details").replaceChildren(
    make("h2", {}, title),
    rows([["group", group], ["payload", `${size} octets`], ["", since(stream.at[index])], ...path, ...received]),
  );
}

function told() {
  const list = make("div", { class: "list mono" });
  const shown = facts.events.slice(0, 2000);
  for (const { at: ns, node, text } of shown) {
    list.append(make("div", {}, `${seconds(ns, 6).padStart(14)}  ${facts.nodes[node].name}  ${text}`));
  }
  const rest = facts.events.length - shown.length;
  if (rest > 0) list.append(make("div", { class: "quiet" }, `and ${rest} more`));
  at("told").append(make("h2", {}, `What the routers and switches told: ${facts.events.length}`), list);
}

head();
claims();
drawGolden(at("golden"), facts.golden, make);
drawTopology(at("topology"), facts);
const timeline = new Timeline(facts, { showPacket, showDatagram });
told();
