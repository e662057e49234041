// The page around the timeline: head, claims, details of a packet, what routers told.
const seconds = (ns, digits = 3) => `${(ns / 1e9).toFixed(digits)} s`;
const portName = (port) => `${facts.nodes[facts.ports[port].node].name}:${facts.links[facts.ports[port].link].name}`;

function head() {
  const { outcome, title, name, backend, kernel, seed, took_s, castnet } = facts;
  at("head").append(
    make("span", { class: `badge ${outcome}` }, outcome.toUpperCase()),
    make("h1", {}, title),
    make("p", { class: "quiet" }, `${name} on ${backend}${kernel && `, ${kernel}`}, seed ${seed}, ${took_s.toFixed(1)} s, castnet ${castnet}`),
    make("p", {}, ...facts.clauses.map(({ id, text }) => make("span", { class: "chip", title: text }, id))),
  );
  const capture = facts.pcapng === null ? [] : ["capture: ", make("a", { href: facts.pcapng }, facts.pcapng)];
  const repeat = outcome === "pass" ? [] : ["repeat: ", make("code", {}, facts.repeat)];
  const between = capture.length && repeat.length ? ["   "] : [];
  at("head").append(make("p", { class: "links" }, ...repeat, ...between, ...capture));
}

// A link to a moment, which may also be sent to somebody else.
const moment = (ns) => make("a", { class: "moment", href: `#t=${(ns / 1e9).toFixed(9)}` }, `show ${seconds(ns)}`);

function claim({ word, text, why, at: ns = null }) {
  const title = [make("span", { class: `word ${word}` }, word), text];
  if (ns !== null) title.push(" ", moment(ns));
  const item = make("li", {});
  if (why.length === 0) {
    item.append(make("div", {}, ...title));
  } else {
    const open = word === "pass" || word === "off" ? {} : { open: "" };
    // The likely cause is not to be looked for.
    const likely = why.filter((line) => line.startsWith("likely cause: "));
    const rest = why.filter((line) => !line.startsWith("likely cause: "));
    const causes = likely.map((line) => make("p", { class: "cause" }, line));
    item.append(make("details", open, make("summary", {}, ...title), ...causes, make("pre", {}, rest.join("\n"))));
  }
  return item;
}

function claims() {
  const all = [
    ...facts.findings.map((f) => ({ ...f, word: f.outcome, text: `${f.claim}  (line ${f.line})` })),
    ...facts.rules.map(({ name, statement, outcome, because, why }) => ({
      word: outcome,
      text: `${name}: ${statement}  (in every run)`,
      why: because === null ? why : [`off because ${because}`, ...why],
    })),
  ];
  const holds = all.filter(({ word }) => word === "pass" || word === "off");
  const others = all.filter((one) => !holds.includes(one));
  const list = (some) => make("ol", { class: "claims" }, ...some.map(claim));
  const good = all.filter(({ word }) => word === "pass").length;
  const heading = make("h2", {}, `What was claimed: ${good} of ${all.length} hold`);
  const notes = facts.notes.map((note) => make("p", { class: "quiet" }, note));
  if (others.length + facts.reasons.length === 0) {
    at("claims").append(heading, ...notes, list(all));
    return;
  }
  const reasons = facts.reasons.map((reason) => ({ word: facts.outcome, text: reason, why: [] }));
  at("claims").append(heading, ...notes, list([...reasons, ...others]));
  if (holds.length === 0) return;
  at("holds").append(make("details", {}, make("summary", {}, make("b", {}, `What holds: ${holds.length}`)), list(holds)));
  at("holds").hidden = false;
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

function details(parts) {
  at("details").classList.add("chosen");
  at("details").replaceChildren(...parts);
}

// What became of the copies for some ports.
function fared({ ports, arrived, by }) {
  const names = ports.map(portName).join(", ");
  return arrived === null ? ["lost", `${names}: ${by ?? "not received"}`] : [by, `${names}, received at ${seconds(arrived, 6)}`];
}

function showPacket(packet) {
  const pairs = [
    ["time", `${seconds(packet.at, 6)}`],
    ["", since(packet.at)],
    ["sent by", portName(packet.port)],
    ...packet.fared.map(fared),
    ...packet.fields,
  ];
  setMoment(packet.at);
  const parts = [make("h2", {}, packet.text), rows(pairs)];
  if (packet.octets) parts.push(make("pre", { class: "octets" }, octets(packet.octets)));
  details(parts);
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
  const lost = facts.data
    .filter((other) => other.stream === stream.stream)
    .flatMap((other) => other.fared.filter(([place]) => other.sequence[place] === sequence).map(([, one]) => fared(one)));
  const received = facts.deliveries
    .filter((one) => one.stream === stream.stream)
    .flatMap((one) => one.sequence.flatMap((n, i) => (n === sequence ? [[seconds(one.at[i], 6), `received by ${facts.nodes[one.node].name}`]] : [])));
  setMoment(stream.at[index]);
  const title = `datagram ${sequence} of stream ${stream.stream}`;
  details([
    make("h2", {}, title),
    rows([["group", group], ["payload", `${size} octets`], ["", since(stream.at[index])], ...path, ...lost, ...received]),
  ]);
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

// The address leads to the moment that is looked at: #t=2.000390.
const setMoment = (ns) => history.replaceState(null, "", `#t=${(ns / 1e9).toFixed(9)}`);

function goToMoment() {
  const found = /^#t=(-?[0-9.]+)$/.exec(location.hash);
  if (found) timeline.showAround(Number(found[1]) * 1e9);
}

head();
claims();
drawGolden(at("golden"), facts.golden, make);
drawTopology(at("topology"), facts);
const timeline = new Timeline(facts, { showPacket, showDatagram });
told();
addEventListener("hashchange", goToMoment);
// A second click on the same link is no change.
document.addEventListener("click", ({ target }) => target.matches?.("a.moment") && target.hash === location.hash && goToMoment());
goToMoment();
