// All runs on one page: verdicts, and what they prove of which RFC.

function head() {
  const { outcome, castnet, took_s, counts, interrupted } = facts;
  const files = facts.wrong.length ? [`${facts.wrong.length} wrong`] : [];
  const all = [...counts.map(({ outcome: word, count }) => `${count} ${word}`), ...files].join(", ");
  at("head").append(
    make("span", { class: `badge ${outcome}` }, outcome.toUpperCase()),
    make("h1", {}, `${facts.rows.length} scenarios: ${all}`),
    make("p", { class: "quiet" }, `${interrupted ? "interrupted, " : ""}${took_s.toFixed(1)} s, castnet ${castnet}`),
  );
}

function row(run) {
  const name = run.page === null ? run.name : make("a", { href: run.page }, run.name);
  const why = run.why.length && run.outcome !== "pass" ? [make("pre", {}, run.why.join("\n"))] : [];
  const capture = run.capture === null ? [] : ["  ", make("a", { class: "quiet", href: run.capture }, "capture")];
  return make("tr", {},
    make("td", {}, make("span", { class: `word ${run.outcome}` }, run.outcome)),
    make("td", {}, name, ...capture, make("div", { class: "quiet" }, run.title), ...why),
    make("td", {}, run.backend),
    make("td", { class: "number" }, `${run.held}/${run.claims}`),
    make("td", { class: "number" }, `${run.passed}/${run.runs}`),
    make("td", { class: "number" }, `${run.took_s.toFixed(1)} s`),
  );
}

function wrong({ name, path, errors }) {
  return make("tr", {},
    make("td", {}, make("span", { class: "word fail" }, "wrong")),
    make("td", {}, name, make("div", { class: "quiet" }, path), make("pre", {}, errors)),
  );
}

function runs() {
  const words = at("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (run) => `${run.outcome} ${run.name} ${run.backend} ${run.title} ${run.clauses.join(" ")}`.toLowerCase();
  const shown = facts.rows.filter((run) => words.every((word) => text(run).includes(word)));
  const files = facts.wrong.filter((file) => words.every((word) => `wrong ${file.path}`.toLowerCase().includes(word)));
  at("runs").replaceChildren(...files.map(wrong), ...shown.map(row));
  at("count").textContent = `${shown.length} of ${facts.rows.length}`;
}

function clauses() {
  if (facts.rfcs.length === 0) return at("clauses").remove();
  at("clauses").append(make("h2", {}, "RFC clauses that these runs prove"));
  for (const { rfc, proved, failed, total, clauses: list } of facts.rfcs) {
    const meter = make("span", { class: "meter" }, make("i", { style: `width: ${(100 * proved) / total}%` }));
    const failing = failed ? `, ${failed} failing` : "";
    const table = make("table", { class: "fields" });
    for (const { id, level, text, state, scenarios } of list) {
      const word = make("span", { class: `word ${state === "proved" ? "pass" : state === "failing" ? "fail" : "off"}` }, state);
      table.append(make("tr", {}, make("td", {}, word), make("td", { class: "mono" }, id), make("td", {}, level),
        make("td", {}, text, make("div", { class: "quiet" }, scenarios.join(", ")))));
    }
    at("clauses").append(make("details", {}, make("summary", {}, meter, ` ${rfc}: ${proved} of ${total} proved${failing}`), table));
  }
}

head();
at("find").addEventListener("input", runs);
runs();
clauses();
