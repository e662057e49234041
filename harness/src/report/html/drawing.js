// How the timeline looks: the part of it that only paints.
"use strict";

Object.assign(Timeline.prototype, {
  colour(name) { return this.colours[name] ??= getComputedStyle(document.documentElement).getPropertyValue(name).trim(); },
  colourOf(packet) { return this.colour(`--${this.kinds.get(packet.kind).colour}`); },

  draw() {
    this.labelled = null;
    const [width, height] = [this.view.clientWidth, this.view.clientHeight];
    const scale = window.devicePixelRatio || 1;
    Object.assign(this, { width, height, colours: {} });
    if (this.canvas.width !== width * scale || this.canvas.height !== height * scale) {
      Object.assign(this.canvas, { width: width * scale, height: height * scale });
      Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    }
    const below = Math.max(0, PINNED + this.lanes.length * LANE - height);
    document.getElementById("extent").style.height = `${below}px`;
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.pen.clearRect(0, 0, width, height);
    this.pen.font = '11.5px ui-monospace, "DejaVu Sans Mono", monospace';
    this.pen.textBaseline = "middle";
    const first = Math.max(0, Math.floor(this.view.scrollTop / LANE) - MOST_PORTS);
    const last = Math.min(this.lanes.length, Math.ceil((this.view.scrollTop + height) / LANE));
    const top = (row) => PINNED + row * LANE - this.view.scrollTop;
    this.pen.save();
    this.pen.beginPath();
    this.pen.rect(0, PINNED, width, height - PINNED);
    this.pen.clip();
    for (let row = first; row < last; row++) this.lane(this.lanes[row], top(row));
    for (let row = first; row < last; row++) if (this.lanes[row].ladder) this.ladder(this.lanes[row].ladder, top(row));
    this.pen.restore();
    this.moments();
    this.axis();
    const count = this.marked ? `${this.found.length} of ${this.facts.packets.length} packets, ` : "";
    document.getElementById("range").textContent = `${count}${seconds(this.from)} to ${seconds(this.to)}`;
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
      for (const entry of lane.data) this.bars(entry.at, top);
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

  // A packet is an arrow from its sender to each port that got it.
  ladder({ packets, row }, top) {
    const y = (port) => top + (row.get(port) + 0.5) * LANE;
    this.inTime(() => this.marks(packets, (packet, x) => {
      if (!row.has(packet.port)) return;
      const to = packet.to.filter((port) => row.has(port)).map(y);
      const from = y(packet.port);
      const { pen } = this;
      pen.strokeStyle = pen.fillStyle = this.colourOf(packet);
      pen.lineWidth = packet === this.chosen ? 3 : 1.2;
      pen.beginPath();
      pen.moveTo(x, Math.min(from, ...to));
      pen.lineTo(x, Math.max(from, ...to));
      pen.stroke();
      pen.lineWidth = 1;
      pen.beginPath();
      pen.arc(x, from, 3.5, 0, 7);
      pen.fill();
      for (const end of to) {
        const back = end > from ? -6 : 6;
        pen.beginPath();
        pen.moveTo(x, end);
        pen.lineTo(x - 3.5, end + back);
        pen.lineTo(x + 3.5, end + back);
        pen.fill();
      }
    }));
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
