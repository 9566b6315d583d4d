/* The Identity section of a character: drift chart, tables by look and model, the rule, and the 12-scene test.
   value: {report: as GET /characters/{id}/identity, tests: [as GET …/identity/tests, with when, scenes a number],
           engines: [{value, label}], looks: [{value, label}], busy, empty: {title, next}},
          or {stale: character id}: something changed, ask again where somebody looks.
   lock: as GET /characters/{id}/identity/lock. quality: {threshold, ignore} is the character's quality rule. Emits select {action: rule | quality | measure | test | open | refresh, values, ids}. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  const SVG = "http://www.w3.org/2000/svg";
  const svg = (tag, attributes, ...children) => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value);
    }
    node.append(...children.filter((one) => one !== null));
    return node;
  };
  const hundredths = (score) => (score === null || score === undefined ? "none" : String(Math.round(score * 100)));
  const day = (at) => new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
  const pictures = (count) => (count === 1 ? "1 picture" : `${count.toLocaleString()} pictures`);

  /* Every picture is a dot, in the order they were made; the line is the mean of ten. */
  const chart = ({ points, threshold, measured }, room, open) => {
    const width = Math.max(560, Math.min(1400, room || 760)), height = 240, left = 34, right = 12, top = 10, bottom = 26;
    const x = (at) => left + (points.length < 2 ? 0.5 : at / (points.length - 1)) * (width - left - right);
    const y = (score) => top + (1 - score) * (height - top - bottom);
    const means = points.map((_, at) => {
      const last = points.slice(Math.max(0, at - 9), at + 1);
      return last.reduce((sum, one) => sum + one.score, 0) / last.length;
    });
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, style: `min-width:${Math.min(width, 560)}px`, class: "drift", role: "group", "aria-label": `Identity of the newest ${pictures(points.length)}, oldest left. Threshold ${hundredths(threshold)}.` });
    for (const mark of [0, 0.25, 0.5, 0.75, 1]) {
      root.append(svg("line", { x1: left, x2: width - right, y1: y(mark), y2: y(mark), class: "drift-grid" }),
        svg("text", { x: left - 8, y: y(mark) + 4, class: "drift-text end" }, String(mark * 100)));
    }
    root.append(svg("line", { x1: left, x2: width - right, y1: y(threshold), y2: y(threshold), class: "drift-threshold" }));
    if (points.length > 2) root.append(svg("polyline", { points: means.map((mean, at) => `${x(at).toFixed(1)},${y(mean).toFixed(1)}`).join(" "), class: "drift-mean" }));
    points.forEach((one, at) => {
      const words = `${day(one.at)}: identity ${hundredths(one.score)}, ${one.passed ? "in character" : "off character"}`;
      const go = () => open([one.id]);
      root.append(svg("circle", { cx: x(at).toFixed(1), cy: y(one.score).toFixed(1), r: points.length > 120 ? 3 : 4.5, class: `drift-dot ${one.passed ? "" : "below"}`, tabindex: at === points.length - 1 ? "0" : "-1", role: "button", "aria-label": `${words}. Open in Review`, onclick: go,
        onkeydown: (event) => {
          const dots = [...root.querySelectorAll(".drift-dot")], here = dots.indexOf(event.currentTarget);
          const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: dots.length - 1 }[event.key];
          if (event.key === "Enter" || event.key === " ") { go(); event.preventDefault(); }
          else if (dots[to]) { event.currentTarget.setAttribute("tabindex", "-1"); dots[to].setAttribute("tabindex", "0"); dots[to].focus(); event.preventDefault(); }
        } }, svg("title", {}, words)));
    });
    if (points.length) {
      root.append(svg("text", { x: left, y: height - 6, class: "drift-text" }, day(points[0].at)));
      if (points.length > 1) root.append(svg("text", { x: width - right, y: height - 6, class: "drift-text end" }, day(points[points.length - 1].at)));
    }
    return el("figure", { class: "drift-figure" }, root, el("figcaption", {}, points.length < measured ? `The newest ${points.length} of ${pictures(measured)}. ` : "",
      "Each dot is a picture, oldest left; press one to open it. ", el("span", { class: "key mean" }), "mean of ten ", el("span", { class: "key threshold" }), "threshold"));
  };

  const table = (title, rows) => (rows.length ? el("table", { class: "identity-table" },
    el("thead", {}, el("tr", {}, [title, "Pictures", "Mean", "Lowest", "In character"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, el("th", { scope: "row" }, row.name), el("td", {}, row.pictures.toLocaleString()), el("td", {}, hundredths(row.mean)),
      el("td", {}, hundredths(row.lowest)), el("td", {}, `${Math.round((100 * row.passed) / row.pictures)} %`))))) : null);

  studio.identity = (element, props, trigger, watch) => {
    const root = studio.root(element, "identity-root");
    const value = () => seen || {};
    let seen = null, chosen = new Set(), drafts = {}, drawnFor = null, drawnWide = 0;
    const send = (action, more = {}) => trigger("select", { action, ...more });
    const sheet = (ids) => {
      const address = `/api/v1/characters/${value().report.character_id}/identity/sheet?${ids.map((id) => `test=${id}`).join("&")}`;
      studio.zoom([{ id: ids[0], full: address, alt: "The sheet of the 12-scene test", caption: ids.length > 1 ? `${ids.length} tests compared` : "12-scene test" }], 0);
    };
    const rule = (report) => {
      const fields = [
        { name: "threshold", label: "Threshold", kind: "number", min: 0, max: 100, step: 1, help: "Below this score of 100 a picture is marked as off character." },
        { name: "retries", label: "Try again", kind: "select", choices: [0, 1, 2, 3, 4, 5].map((n) => ({ value: n, label: n ? `up to ${n} ${n === 1 ? "time" : "times"}` : "never" })), help: "With another seed, when no seed was asked for." },
        { name: "set_aside", label: "Reject the weaker tries, with a reason", kind: "check" },
      ];
      return studio.form(fields, drafts.rule || { threshold: Math.round(report.threshold * 100), retries: report.retries, set_aside: report.set_aside },
        { save: "Save rule", label: "Rule", done: (values) => {
          if (values.threshold === null || !(values.threshold >= 0 && values.threshold <= 100)) { root.querySelector("[name=threshold]").focus(); return; }
          delete drafts.rule;
          send("rule", { values });
        }, changed: () => { drafts.rule = studio.values(root.querySelector(".identity-rule form"), fields); } });
    };
    const PARTS = { sharpness: "Soft edges", noise: "Grain", exposure: "Dark or bright", clipping: "Clipped light", contrast: "Little contrast", banding: "Banding", content: "Emptiness", composition: "Cut off or small" };
    const qualityRule = (quality) => {
      const fields = [
        { name: "least", label: "Threshold", kind: "number", min: 0, max: 100, step: 1, wide: true, help: "Below this technical quality of 100 a picture is marked." },
        ...Object.entries(PARTS).map(([name, label]) => ({ name, label, kind: "check" })),
      ];
      const now = { least: Math.round(quality.threshold * 100), ...Object.fromEntries(Object.keys(PARTS).map((name) => [name, !quality.ignore.includes(name)])) };
      return studio.form(fields, drafts.quality || now, { save: "Save quality", label: "Quality", done: (values) => {
        if (values.least === null || !(values.least >= 0 && values.least <= 100)) { root.querySelector("[name=least]").focus(); return; }
        delete drafts.quality;
        send("quality", { values: { threshold: values.least, ignore: Object.keys(PARTS).filter((name) => !values[name]) } });
      }, changed: () => { drafts.quality = studio.values(root.querySelector(".quality-rule form"), fields); } });
    };
    const testForm = ({ engines = [], looks = [] }) => {
      const fields = [
        { name: "look", label: "Look", kind: "select", choices: looks },
        { name: "engine", label: "Model", kind: "select", choices: engines },
        { name: "retries", label: "Tries a scene", kind: "select", choices: [0, 1, 2, 3].map((n) => ({ value: n, label: String(n + 1) })) },
        { name: "seed", label: "Seed", kind: "number", min: 0, max: 4294967295, step: 1, placeholder: "Random" },
      ];
      return studio.form(fields, drafts.test || { look: "", engine: "", retries: 0, seed: null },
        { save: "Run the 12-scene test", label: "12-scene test", done: (values) => send("test", { values }),
          changed: () => { drafts.test = studio.values(root.querySelector(".identity-test form"), fields); } });
    };
    /* The path that keeps a face: each step opens the right place with things filled in. */
    const press = (within, name) => [...document.querySelectorAll(`${within}[role=tab], ${within}.overflow-menu button`)] // where tabs do not fit
      .find((one) => one.textContent.trim() === name)?.click();
    const steps = ({ steps: path, ways }) => {
      const open = {
        references: () => press("#character-sections ", "References"),
        train: () => press("", "Train"),
        compare: (step) => sheet(step.ids),
      };
      const test = (step) => {
        drafts.test = { look: step.look, engine: "", retries: 0, seed: null };
        render();
        root.querySelector(".identity-test")?.scrollIntoView({ block: "center" });
        root.querySelector(".identity-test [name=look]")?.focus();
      };
      const words = { references: "Open References", test: "Fill in the test", train: "Open Train", again: "Fill in the test", compare: "Show the sheet" };
      const off = (step) => step.id === "compare" ? step.ids.length < 2 : step.id === "again" ? !step.look : step.id === "test" && !value().report.references;
      return el("section", { class: "card identity-lock" }, el("h3", {}, "Lock this character"),
        el("ol", {}, path.map((step) => el("li", { class: `lock-step ${step.state}` },
          el("span", { class: "lock-what" }, el("strong", {}, step.title), el("span", {}, step.text)),
          el("span", { class: `badge ${step.state === "done" ? "passed" : ""}` }, step.state === "done" ? "done" : step.state === "next" ? "next" : "later"),
          el("button", { type: "button", class: "quiet", disabled: off(step), onclick: () => (open[step.id] || test)(step) }, words[step.id])))),
        el("details", {}, el("summary", {}, "Ways to keep a face with the models here"),
          el("dl", { class: "lock-ways" }, ways.flatMap((one) => [el("dt", {}, one.name), el("dd", {}, one.ways.map((way) => way.text).join(". ") + ".")]))));
    };
    const testRow = (test) => el("li", { class: "test-row" },
      el("label", {}, el("input", { type: "checkbox", checked: chosen.has(test.id), "aria-label": `Choose the test of ${test.when}`, onchange: (event) => { event.target.checked ? chosen.add(test.id) : chosen.delete(test.id); render(); } }),
        el("span", { class: "test-what" }, el("strong", {}, [test.model, test.look].filter(Boolean).join(" · ")),
          el("span", {}, `${test.when} · ${test.attempts} attempts · ${studio.duration(test.seconds)}${test.finished ? "" : ` · ${test.scenes} of 12 scenes`}`))),
      el("span", { class: `badge identity ${test.passed === test.scenes ? "passed" : "below"}` }, `${test.passed} of ${test.scenes} in character`),
      el("span", { class: "test-mean" }, test.mean === null ? "not measured" : `mean ${hundredths(test.mean)}`),
      el("button", { type: "button", class: "quiet", onclick: () => sheet([test.id]) }, "Show sheet"));
    const render = () => {
      const { report, tests = [], busy, empty } = value();
      if (drawnFor !== (report && report.character_id)) { chosen = new Set(); drafts = {}; drawnFor = report && report.character_id; }
      const focused = root.contains(document.activeElement) ? document.activeElement.getAttribute("name") : null;
      root.replaceChildren();
      if (!report) {
        if (empty) root.append(el("div", { class: "empty" }, el("p", { class: "empty-title" }, empty.title), el("p", { class: "empty-next" }, empty.next)));
        return;
      }
      chosen = new Set([...chosen].filter((id) => tests.some((test) => test.id === id)));
      const bare = !report.references;
      const fact = (number, words) => el("div", { class: "identity-fact" }, el("strong", {}, number), el("span", {}, words));
      drawnWide = root.clientWidth;
      root.append(...[
        el("div", { class: "identity-head" },
          el("div", { class: "identity-facts" },
            fact(hundredths(report.mean), "mean of 100"), fact(report.measured ? `${Math.round((100 * report.passed) / report.measured)} %` : "none", "in character"),
            fact(report.measured.toLocaleString(), "measured"), report.unmeasured ? fact(report.unmeasured.toLocaleString(), "not measured") : null,
            fact(String(report.references), report.references === 1 ? "reference" : "references")),
          el("button", { type: "button", class: "quiet", disabled: bare || Boolean(busy), onclick: () => send("measure") }, "Measure all again")),
        busy ? el("p", { class: "notice", role: "status" }, `${busy} This page follows when it is done.`) : null,
        report.points.length ? chart(report, root.clientWidth - 26, (ids) => send("open", { ids }))
          : el("div", { class: "empty" }, el("p", { class: "empty-title" }, report.note || "No picture is measured yet."),
            el("p", { class: "empty-next" }, bare ? "The References section takes uploads and approved pictures. Two or three that show exactly who this is are enough."
              : "Pictures are measured as they are made. Those that were there before are measured by “Measure all again”.")),
        report.points.length && report.note ? el("p", { class: "notice warn" }, report.note) : null,
        value().lock ? steps(value().lock) : null,
        el("div", { class: "identity-tables" }, table("Look", report.looks), table("Model", report.models), table("LoRA", report.loras)),
        el("div", { class: "identity-cards" },
          el("section", { class: "card identity-rule" }, el("h3", {}, "When a picture is off character"), rule(report)),
          value().quality ? el("section", { class: "card quality-rule" }, el("h3", {}, "When a picture is not good enough"),
            el("p", { class: "identity-about" }, "What is ticked counts. Untick what belongs to the style, such as grain or soft edges."), qualityRule(value().quality)) : null,
          el("section", { class: "card identity-test" }, el("h3", {}, "12-scene test"),
            el("p", { class: "identity-about" }, "Twelve contrasting places, outfits, moods and lights, scored on one sheet. Run it with different looks and models to compare them."),
            bare ? el("p", { class: "notice" }, report.note) : testForm(value()))),
        tests.length ? el("section", { class: "identity-tests" },
          el("div", { class: "identity-head" }, el("h3", {}, "Tests so far"),
            el("button", { type: "button", class: "quiet", disabled: chosen.size < 2 || chosen.size > 6, onclick: () => sheet(tests.map((test) => test.id).filter((id) => chosen.has(id))) }, chosen.size > 6 ? "At most six on one sheet" : "Compare chosen on one sheet")),
          el("ul", {}, tests.map(testRow))) : null].filter(Boolean));
      if (focused) root.querySelector(`[name="${focused}"]`)?.focus();
    };
    studio.on("ended", (job) => { if (root.offsetParent && job.character_id === drawnFor) send("refresh"); });
    new ResizeObserver(() => { if (root.clientWidth && Math.abs(root.clientWidth - drawnWide) > 24) render(); }).observe(root);
    const take = () => {
      const now = props.value;
      if (now && now.stale !== undefined) {
        if (now.stale !== drawnFor) { seen = null; render(); }
        if (root.offsetParent) send("refresh");
        return;
      }
      seen = now;
      render();
    };
    watch("value", take);
    take();
  };
})();
