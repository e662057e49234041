// How the timeline looks: the part of it that only paints.
"use strict";

const SHEET = 36; // Lanes on one sheet of paper.
const PAPER = 1000; // The width of a drawing on paper, in pixels.

Object.assign(Timeline.prototype, {
  colour(name) { return this.colours[name] ??= getComputedStyle(document.documentElement).getPropertyValue(name).trim(); },
  colourOf(packet) { return this.colour(`--${this.kinds.get(packet.kind).colour}`); },

  draw() {
    const { clientWidth: width, clientHeight: height, scrollTop: scrolled } = this.view;
    const below = Math.max(0, PINNED + this.lanes.length * LANE - height);
    document.getElementById("extent").style.height = `${below}px`;
    this.paint(this.canvas, { width, height, scrolled });
    const count = this.marked ? `${this.found.length} of ${this.facts.packets.length} packets, ` : "";
    document.getElementById("range").textContent = `${count}${seconds(this.from)} to ${seconds(this.to)}`;
  },

  // Paints the lanes that are in view if they are scrolled so far.
  paint(canvas, { width, height, scrolled }) {
    const scale = window.devicePixelRatio || 1;
    Object.assign(this, { width, height, scrolled, colours: {}, labelled: null, pen: canvas.getContext("2d") });
    if (canvas.width !== width * scale || canvas.height !== height * scale) {
      Object.assign(canvas, { width: width * scale, height: height * scale });
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    }
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.pen.clearRect(0, 0, width, height);
    this.pen.font = '11.5px ui-monospace, "DejaVu Sans Mono", monospace';
    this.pen.textBaseline = "middle";
    const first = Math.max(0, Math.floor(scrolled / LANE) - MOST_PORTS);
    const last = Math.min(this.lanes.length, Math.ceil((scrolled + height) / LANE));
    const top = (row) => PINNED + row * LANE - scrolled;
    this.pen.save();
    this.pen.beginPath();
    this.pen.rect(0, PINNED, width, height - PINNED);
    this.pen.clip();
    for (let row = first; row < last; row++) this.lane(this.lanes[row], top(row));
    for (let row = first; row < last; row++) if (this.lanes[row].ladder) this.ladder(this.lanes[row].ladder, top(row));
    this.pen.restore();
    this.moments();
    this.axis();
  },

  // Paper cannot be scrolled: all lanes stand on sheets, links together as far as they fit.
  print() {
    document.documentElement.classList.add("print");
    const sheets = document.getElementById("sheets");
    sheets.replaceChildren();
    for (let first = 0; first < this.lanes.length; ) {
      let last = Math.min(first + SHEET, this.lanes.length);
      const link = this.lanes.slice(first + 1, last).findLastIndex((lane) => lane.kind === "link");
      if (last < this.lanes.length && link >= 0) last = first + 1 + link;
      const canvas = make("canvas");
      this.paint(canvas, { width: PAPER, height: PINNED + (last - first) * LANE, scrolled: first * LANE });
      Object.assign(canvas.style, { width: "", height: "" });
      sheets.append(canvas);
      first = last;
    }
    sheets.hidden = false;
  },

  printed() {
    document.documentElement.classList.remove("print");
    document.getElementById("sheets").hidden = true;
    this.draw();
  },

  lane(lane, top) {
    const { pen, width } = this;
    const middle = top + LANE / 2;
    pen.fillStyle = this.colour(lane.kind === "link" ? "--ink" : "--quiet");
    pen.font = `${lane.kind === "link" ? "bold " : ""}11.5px ui-monospace, "DejaVu Sans Mono", monospace`;
    pen.fillText(lane.text, lane.kind === "link" ? 4 : 14, middle, (lane.kind === "link" ? width : GUTTER) - 18);
    pen.strokeStyle = this.colour("--line");
    pen.beginPath();
    const y = lane.kind === "link" ? top + 0.5 : middle + 0.5;
    pen.moveTo(lane.kind === "link" ? 0 : GUTTER, y);
    pen.lineTo(width, y);
    pen.stroke();
    if (lane.kind !== "group") return;
    this.inTime(() => {
      for (const entry of lane.data) {
        this.bars(entry.at, top);
        this.losses(entry, middle);
      }
      this.marks(lane.packets, (packet, x) => this.mark(packet, x, middle));
    });
  },

  // Paints only right of the names.
  inTime(paint) {
    this.pen.save();
    this.pen.beginPath();
    this.pen.rect(GUTTER, 0, this.width - GUTTER, this.height);
    this.pen.clip();
    paint();
    this.pen.restore();
  },

  // Datagrams: single strokes, or where there are several to a pixel, a bar.
  bars(at, top) {
    this.pen.fillStyle = this.colour("--data");
    let index = lowerBound(at, this.from);
    const end = lowerBound(at, this.to);
    let [x, until] = [null, null];
    const flush = () => { if (x !== null) this.pen.fillRect(x, top + 5, until - x, LANE - 10); };
    while (index < end) {
      const left = Math.floor(this.x(at[index]));
      if (x !== null && left <= until + 2) until = left + 1; else { flush(); [x, until] = [left, left + 1]; }
      // What falls on the same pixel needs no look.
      index = Math.max(index + 1, lowerBound(at, this.ns(left + 1)));
    }
    flush();
  },

  // Datagrams that a fault took.
  losses({ at, fared }, y) {
    let last = null;
    for (const [index, { head }] of fared) {
      const x = this.x(at[index]);
      if (head !== "lost" || x < GUTTER || x > this.width || (last !== null && x - last < 4)) continue;
      this.cross(x, y);
      last = x;
    }
  },

  // The mark of what was lost.
  cross(x, y) {
    const { pen } = this;
    pen.strokeStyle = this.colour("--fail");
    pen.lineWidth = 2;
    pen.beginPath();
    for (const side of [-1, 1]) {
      pen.moveTo(x - 4, y - 4 * side);
      pen.lineTo(x + 4, y + 4 * side);
    }
    pen.stroke();
    pen.lineWidth = 1;
  },

  // Calls `paint` for each packet in view, once for those of a kind that share a pixel.
  marks(packets, paint) {
    const time = (packet) => packet.at;
    const end = lowerBound(packets, this.to, time);
    const last = {};
    for (let index = lowerBound(packets, this.from, time); index < end; index++) {
      const packet = packets[index];
      const x = this.x(packet.at);
      const place = `${packet.kind} ${packet.port}`;
      if (last[place] !== undefined && x - last[place] < 1 && packet !== this.chosen && !this.marked?.has(packet)) continue;
      last[place] = x;
      this.pen.globalAlpha = this.marked && !this.marked.has(packet) ? 0.2 : 1;
      paint(packet, x);
      this.pen.globalAlpha = 1;
    }
  },

  mark(packet, x, y) {
    const { letter } = this.kinds.get(packet.kind);
    const colour = this.colourOf(packet);
    this.pen.fillStyle = colour;
    this.pen.beginPath();
    this.pen.arc(x, y, packet === this.chosen ? 6 : 3.5, 0, 7);
    this.pen.fill();
    if (this.labelled !== y || x > this.labelEnd) {
      const { width } = this.pen.measureText(letter);
      // Data may lie behind it.
      this.pen.fillStyle = this.colour("--panel");
      this.pen.fillRect(x + 5, y - 8, width + 2, 14);
      this.pen.fillStyle = colour;
      this.pen.fillText(letter, x + 6, y - 1);
      [this.labelled, this.labelEnd] = [y, x + 10 + width];
    }
  },

  // A packet is an arrow from its sender to each port that got it, and a cross where a fault took it.
  ladder({ packets, row }, top) {
    const y = (port) => top + (row.get(port) + 0.5) * LANE;
    this.inTime(() => this.marks(packets, (packet, x) => {
      if (!row.has(packet.port)) return;
      const from = y(packet.port);
      const others = packet.fared.flatMap(({ ports, arrived, head }) => {
        return ports.filter((port) => row.has(port)).map((port) => ({ port, arrived, head }));
      });
      const late = new Set(others.filter(({ head }) => head === "later").map(({ port }) => port));
      const to = packet.to.filter((port) => row.has(port) && !late.has(port)).map(y);
      const lost = others.filter(({ head }) => head === "lost").map(({ port }) => y(port));
      const { pen } = this;
      pen.strokeStyle = pen.fillStyle = this.colourOf(packet);
      pen.lineWidth = packet === this.chosen ? 3 : 1.2;
      pen.beginPath();
      pen.moveTo(x, Math.min(from, ...to, ...lost));
      pen.lineTo(x, Math.max(from, ...to, ...lost));
      for (const { port, arrived } of others.filter(({ head }) => head === "later")) {
        pen.moveTo(x, from);
        pen.lineTo(this.x(arrived), y(port));
        this.arrow(this.x(arrived), y(port), from);
      }
      pen.stroke();
      pen.lineWidth = 1;
      pen.beginPath();
      pen.arc(x, from, 3.5, 0, 7);
      pen.fill();
      for (const end of to) this.arrow(x, end, from);
      for (const { port, head } of others) {
        if (head === "again") this.arrow(x, y(port) + (y(port) > from ? -6 : 6), from);
        if (head === "changed") pen.fillText("!", x + 5, y(port));
      }
      for (const end of lost) this.cross(x, end);
    }));
  },

  // The head of an arrow that comes from there.
  arrow(x, end, from) {
    const path = new Path2D();
    const back = end > from ? -6 : 6;
    path.moveTo(x, end);
    path.lineTo(x - 3.5, end + back);
    path.lineTo(x + 3.5, end + back);
    this.pen.fill(path);
  },

  // Acts, and the moments that failures are about.
  moments() {
    const { pen } = this;
    const line = (ns, colour, dash, label, y) => {
      const x = Math.round(this.x(ns)) + 0.5;
      if (x < GUTTER || x > this.width) return;
      pen.strokeStyle = pen.fillStyle = this.colour(colour);
      pen.setLineDash(dash);
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x, this.height);
      pen.stroke();
      pen.setLineDash([]);
      if (x > this.flagEnd) {
        pen.fillText(label, x + 3, y + 6);
        this.flagEnd = x + 8 + pen.measureText(label).width;
      }
    };
    this.flagEnd = 0;
    let last = null;
    for (const { at, label } of this.facts.acts) {
      // Of acts that are hardly apart one line is enough.
      if (at === null || (last !== null && this.x(at) - last < 4)) continue;
      last = this.x(at);
      line(at, "--act", [3, 4], label, 30);
    }
    this.flagEnd = 0;
    for (const { at, outcome } of this.facts.findings) {
      if (at !== null && outcome !== "pass") line(at, "--fail", [], `${outcome} ${seconds(at)}`, 17);
    }
  },

  axis() {
    const { pen, width } = this;
    const length = this.to - this.from;
    const rough = (length / (width - GUTTER)) * 110;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
    const digits = Math.min(9, Math.max(0, Math.ceil(9 - Math.log10(step))));
    pen.fillStyle = pen.strokeStyle = this.colour("--quiet");
    pen.fillText("acts and failures", 4, 32, GUTTER - 8);
    for (let ns = Math.ceil(this.from / step) * step; ns <= this.to; ns += step) {
      const x = this.x(ns);
      if (x < GUTTER) continue;
      pen.fillText(seconds(ns, digits), x + 3, 8);
      pen.fillRect(x, 0, 1, 14);
    }
    pen.fillRect(0, PINNED - 1, width, 1);
  },
});
