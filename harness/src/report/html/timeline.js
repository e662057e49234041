// The timeline: for each link its ports as a ladder and its groups as lanes, over one axis of time.
// It draws what is in view, and no more marks than there are pixels, so that length does not matter.
"use strict";

const GUTTER = 150; // Names to the left of the lanes.
const PINNED = 44; // Axis and acts, which do not scroll.
const LANE = 22;
const REACH = 7; // How far a click may miss, in pixels.
const MOST_PORTS = 12; // Rungs of one link's ladder.
const MOST_GROUPS = 300; // Lanes of one link.

// The first position in an ascending list whose value is not below `value`.
function lowerBound(list, value, key = (one) => one) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(list[middle]) < value) low = middle + 1; else high = middle;
  }
  return low;
}

class Timeline {
  constructor(facts, { showPacket, showDatagram }) {
    Object.assign(this, { facts, showPacket, showDatagram });
    this.kinds = new Map(facts.kinds);
    this.view = document.getElementById("view");
    this.canvas = document.getElementById("canvas");
    this.pen = this.canvas.getContext("2d");
    this.chosen = null;
    this.found = facts.packets;
    this.lanes = this.lay();
    this.view.style.maxHeight = `${PINNED + this.lanes.length * LANE + 12}px`;
    this.whole();
    this.listen();
    this.legend();
    const failing = facts.findings.find((finding) => finding.at !== null && finding.outcome !== "pass");
    this.failure = failing ? failing.at : null;
    document.getElementById("failure").disabled = this.failure === null;
    new ResizeObserver(() => this.draw()).observe(this.view);
    addEventListener("beforeprint", () => this.print());
    addEventListener("afterprint", () => this.printed());
  }

  // The lanes from top to bottom.
  lay() {
    const { links, ports, packets, data, streams } = this.facts;
    const lanes = [];
    links.forEach((link, id) => {
      const own = packets.filter((packet) => ports[packet.port].link === id);
      const streamsHere = data.filter((entry) => ports[entry.port].link === id);
      lanes.push({ kind: "link", text: `${link.name}  ${link.subnet}` });
      const senders = new Set(own.map((packet) => packet.port));
      const here = ports.map((_, port) => port).filter((port) => ports[port].link === id);
      here.sort((a, b) => senders.has(b) - senders.has(a) || a - b);
      const shown = here.slice(0, MOST_PORTS);
      if (own.length) {
        const first = lanes.length;
        for (const port of shown) lanes.push({ kind: "rung", text: portName(port), port });
        lanes[first].ladder = { packets: own, row: new Map(shown.map((port, row) => [port, row])), rungs: shown.length };
        if (here.length > shown.length) lanes.push({ kind: "note", text: `and ${here.length - shown.length} ports more` });
      }
      const groups = new Map();
      const of = (group) => groups.get(group) ?? groups.set(group, { packets: [], data: [] }).get(group);
      for (const packet of own) of(packet.group ?? "all groups").packets.push(packet);
      for (const entry of streamsHere) of(streams[entry.stream].group).data.push(entry);
      const order = (a, b) => (b === "all groups") - (a === "all groups") || a.localeCompare(b, "en", { numeric: true });
      const names = [...groups.keys()].sort(order);
      for (const name of names.slice(0, MOST_GROUPS)) lanes.push({ kind: "group", text: name, ...groups.get(name) });
      if (names.length > MOST_GROUPS) lanes.push({ kind: "note", text: `and ${names.length - MOST_GROUPS} groups more` });
    });
    return lanes;
  }

  legend() {
    const seen = new Set(this.facts.packets.map((packet) => packet.kind));
    const parts = this.facts.kinds.filter(([kind]) => seen.has(kind)).flatMap(([, { letter, words, colour }]) => {
      return [make("b", { style: `color: var(--${colour})` }, letter), ` ${words}   `];
    });
    parts.push(make("b", { style: "color: var(--data)" }, "\u25ac"), " data");
    const { packets, data } = this.facts;
    const fared = [...packets.flatMap((packet) => packet.fared), ...data.flatMap((entry) => entry.fared.map(([, one]) => one))];
    const heads = [["lost", "\u2715", "lost to a fault"], ["later", "\u2571", "arrived late"], ["changed", "!", "arrived changed"], ["again", "\u00bb", "arrived again"]];
    for (const [head, sign, words] of heads) {
      if (fared.some((one) => one.head === head)) parts.push("   ", make("b", { class: "lost" }, sign), ` ${words}`);
    }
    document.getElementById("legend").replaceChildren(...parts);
  }

  whole() {
    const longest = Math.max(this.facts.end, 1);
    [this.from, this.to] = [-longest * 0.01, longest * 1.01];
  }

  showAround(ns) {
    const half = Math.min(1.5e9, this.facts.end / 2);
    [this.from, this.to] = [ns - half, ns + half];
    this.draw();
    this.view.scrollIntoView({ block: "nearest" });
  }

  // In pixels, and back.
  x(ns) { return GUTTER + ((ns - this.from) / (this.to - this.from)) * (this.width - GUTTER); }
  ns(x) { return this.from + ((x - GUTTER) / (this.width - GUTTER)) * (this.to - this.from); }

  zoom(factor, x) {
    const pivot = this.ns(x);
    const length = (this.to - this.from) * factor;
    if (length < 1e4 || length > 4 * Math.max(this.facts.end, 1e6)) return;
    [this.from, this.to] = [pivot - (pivot - this.from) * factor, pivot + (this.to - pivot) * factor];
    this.draw();
  }

  move(pixels) {
    const by = (pixels / (this.width - GUTTER)) * (this.to - this.from);
    [this.from, this.to] = [this.from + by, this.to + by];
    this.draw();
  }

  listen() {
    const on = (id, event, act) => document.getElementById(id).addEventListener(event, act);
    on("fit", "click", () => { this.whole(); this.draw(); });
    on("failure", "click", () => this.showAround(this.failure));
    on("later", "click", () => this.step(1));
    on("earlier", "click", () => this.step(-1));
    on("find", "input", (event) => this.find(event.target.value));
    on("view", "scroll", () => this.draw());
    on("view", "wheel", (event) => {
      if (event.ctrlKey) this.zoom(Math.exp(event.deltaY / 300), event.offsetX);
      else if (event.shiftKey || event.deltaX) this.move(event.deltaX || event.deltaY);
      else return;
      event.preventDefault();
    });
    let held = null;
    on("canvas", "pointerdown", (event) => { held = { x: event.offsetX, moved: 0 }; });
    on("canvas", "pointermove", (event) => {
      if (!held || !event.buttons) return;
      held.moved += Math.abs(held.x - event.offsetX);
      if (held.moved > 3) this.move(held.x - event.offsetX);
      held.x = event.offsetX;
    });
    on("canvas", "click", (event) => {
      if (!held || held.moved <= 3) this.choose(event.offsetX, event.offsetY);
      held = null;
    });
    on("view", "keydown", (event) => {
      const keys = {
        ArrowLeft: () => this.move(-80), ArrowRight: () => this.move(80), n: () => this.step(1), p: () => this.step(-1),
        "+": () => this.zoom(0.7, this.width / 2), "-": () => this.zoom(1.4, this.width / 2),
        0: () => { this.whole(); this.draw(); }, f: () => this.failure !== null && this.showAround(this.failure),
      };
      if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
    });
  }

  find(words) {
    const all = words.toLowerCase().split(/\s+/).filter(Boolean);
    const text = (packet) => `${packet.kind} ${portName(packet.port)} ${packet.text}`.toLowerCase();
    this.found = all.length ? this.facts.packets.filter((packet) => all.every((word) => text(packet).includes(word))) : this.facts.packets;
    this.marked = all.length ? new Set(this.found) : null;
    this.draw();
  }

  // Shows the next packet found, or the one before.
  step(by) {
    if (!this.found.length) return;
    const now = this.chosen ? this.chosen.at : (this.from + this.to) / 2;
    const exact = this.found.indexOf(this.chosen);
    const near = lowerBound(this.found, now, (packet) => packet.at);
    const next = exact >= 0 ? exact + by : near - (by < 0 ? 1 : 0);
    this.chosen = this.found[Math.min(Math.max(next, 0), this.found.length - 1)];
    this.showPacket(this.chosen);
    const { at } = this.chosen;
    if (at < this.from || at > this.to) {
      const half = (this.to - this.from) / 2;
      [this.from, this.to] = [at - half, at + half];
    }
    this.draw();
  }

  // What is at this place of the canvas.
  choose(x, y) {
    const ns = this.ns(x);
    const reach = this.ns(x + REACH) - ns;
    const nearest = (list, key) => {
      const here = lowerBound(list, ns, key);
      const near = [here - 1, here].filter((i) => i >= 0 && i < list.length && Math.abs(key(list[i]) - ns) <= reach);
      return near.sort((a, b) => Math.abs(key(list[a]) - ns) - Math.abs(key(list[b]) - ns))[0];
    };
    const lane = this.lanes[Math.floor((y - PINNED + this.view.scrollTop) / LANE)];
    if (y < PINNED || !lane) return;
    const time = (packet) => packet.at;
    const packets = lane.kind === "group" ? lane.packets : this.ladderOf(lane)?.packets ?? [];
    const packet = nearest(packets, time);
    if (packet !== undefined) {
      this.chosen = packets[packet];
      this.showPacket(this.chosen);
    } else if (lane.kind === "group") {
      for (const entry of lane.data) {
        const index = nearest(entry.at, (at) => at);
        if (index !== undefined) { this.showDatagram(entry, index); break; }
      }
    }
    this.draw();
  }

  ladderOf(lane) {
    if (lane.kind !== "rung") return null;
    for (let row = this.lanes.indexOf(lane); row >= 0; row--) {
      if (this.lanes[row].ladder) return this.lanes[row].ladder;
    }
    return null;
  }
}
