/* Grids and comparisons in the Create tab: the form that begins one, and the list that shows them while they are made.
   gridForm value: {settings: [{id, name, hint, number}], cost, fits}. Emits select {action: cost | start, mode, axes, prompts, seeds}.
   gridResults value: {open: id of one to show}. Reads /grids of the API; emits select {ids} to open pictures in Review. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  const field = (words, control) => el("label", { class: "grid-field" }, el("span", {}, words), control);

  studio.gridForm = (element, props, trigger, watch) => {
    const root = studio.root(element, "grid-form-root");
    const value = () => props.value || { settings: [] };
    let mode = "grid", axes = [{ setting: "steps", values: "", target: "" }], prompts = ["", ""], seeds = 4, timer = 0;
    const cost = el("p", { class: "cost", role: "status" });
    const ready = () => (mode === "grid" ? axes.every((one) => one.values.trim()) : prompts.filter((one) => one.trim()).length > 1);
    const said = (action) => ({ action, mode, axes: axes.map((one) => ({ ...one })), prompts: [...prompts], seeds });
    const ask = () => { clearTimeout(timer); cost.textContent = ""; start.disabled = !ready(); if (ready()) timer = setTimeout(() => trigger("select", said("cost")), 600); };
    const start = el("button", { type: "button", class: "quiet grid-start", onclick: () => { clearTimeout(timer); trigger("select", said("start")); } }, "");
    const known = (id) => value().settings.find((one) => one.id === id) || { name: id, hint: "" };
    const axis = (one, at) => {
      const list = el("select", { "aria-label": `Setting ${at + 1}`, onchange: () => { one.setting = list.value; render(); ask(); } },
        value().settings.map((each) => el("option", { value: each.id, selected: each.id === one.setting }, each.name)));
      const values = el("textarea", { rows: "2", spellcheck: "false", placeholder: known(one.setting).hint, "aria-label": `Values of ${known(one.setting).name}`, oninput: () => { one.values = values.value; ask(); } });
      values.value = one.values;
      const part = el("input", { type: "text", value: one.target, placeholder: "a part of the prompt; empty: added at its end", "aria-label": "Part of the prompt that is replaced", oninput: () => { one.target = part.value; ask(); } });
      return el("div", { class: "grid-axis" },
        el("div", { class: "grid-axis-head" }, el("span", {}, ["Across", "Down", "Blocks"][at]), list,
          axes.length > 1 ? el("button", { type: "button", class: "quiet bare", "aria-label": `Take ${known(one.setting).name} out`, onclick: () => { axes.splice(at, 1); render(); ask(); } }, "×") : null),
        one.setting === "words" ? part : null, values);
    };
    const gridPart = () => [
      ...axes.map(axis),
      axes.length < 3 ? el("button", { type: "button", class: "quiet", onclick: () => { const free = value().settings.find((one) => !axes.some((other) => other.setting === one.id)); axes.push({ setting: free.id, values: "", target: "" }); render(); ask(); } }, "Add a setting") : null];
    const comparePart = () => [
      ...prompts.map((words, at) => {
        const name = "ABCDEFGHIJ"[at];
        const box = el("textarea", { rows: "2", "aria-label": `Prompt ${name}`, placeholder: "what happens", oninput: () => { prompts[at] = box.value; ask(); } });
        box.value = words;
        return el("div", { class: "grid-axis" }, el("div", { class: "grid-axis-head" }, el("span", {}, `Prompt ${name}`),
          prompts.length > 2 ? el("button", { type: "button", class: "quiet bare", "aria-label": `Take prompt ${name} out`, onclick: () => { prompts.splice(at, 1); render(); ask(); } }, "×") : null), box);
      }),
      el("div", { class: "grid-axis-head" },
        prompts.length < 10 ? el("button", { type: "button", class: "quiet", onclick: () => { prompts.push(""); render(); ask(); } }, "Add a prompt") : null,
        field("Seeds", el("input", { type: "number", min: "1", max: "20", value: String(seeds), class: "grid-number", oninput: (event) => { seeds = Math.min(20, Math.max(1, Math.round(Number(event.target.value)) || 1)); ask(); } })))];
    const pick = (id, words) => el("button", { type: "button", class: "quiet", "aria-pressed": mode === id ? "true" : "false", onclick: () => { mode = id; render(); ask(); } }, words);
    const render = () => {
      start.textContent = mode === "grid" ? "Start grid" : "Compare";
      start.disabled = !ready();
      root.replaceChildren(
        el("div", { class: "grid-modes", role: "group", "aria-label": "What to make" }, pick("grid", "Grid"), pick("ab", "Compare prompts")),
        el("p", { class: "wild-how" }, mode === "grid" ? "Everything else is as in the form above. Each cell is one picture." : "Each prompt takes the place of What happens, with the same seeds; you choose the better one."),
        ...(mode === "grid" ? gridPart() : comparePart()).filter(Boolean), start, cost);
    };
    watch("value", () => {
      cost.textContent = value().cost || "";
      cost.className = `cost ${value().fits || ""}`;
      root.querySelectorAll(".grid-axis textarea").forEach((box, at) => { if (mode === "grid" && axes[at]) box.placeholder = known(axes[at].setting).hint; });
    });
    render();
  };

  const ended = (state) => ["succeeded", "failed", "cancelled", "stopped"].includes(state);
  const send = async (method, path, body) => {
    const answer = await fetch(`/api/v1/grids${path}`, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    const found = await answer.json().catch(() => null);
    if (!answer.ok) throw new Error(found?.error ? `${found.error.message} ${found.error.hint || ""}`.trim() : "This could not be done.");
    return found;
  };

  studio.gridResults = (element, props, trigger, watch) => {
    const root = studio.root(element, "grid-results-root");
    let list = [], shown = null, note = "", undo = null, mark = "", busy = false;
    const keep = (id) => { try { sessionStorage.setItem("studio-grid", id || ""); } catch { /* private window */ } };
    const fail = (error) => { note = error.message; render(); };
    const load = () => send("GET", "?limit=12").then((page) => { list = page.items; render(); }).catch(() => {});
    const open = (id) => send("GET", `/${id}`).then((found) => { shown = found; note = ""; keep(id); render(); }).catch(fail);
    const hundred = (score) => (score === null || score === undefined ? "–" : String(Math.round(score * 100)));
    const row = (one) => el("li", { class: "grid-row" },
      el("button", { type: "button", class: "grid-open", "aria-expanded": shown?.id === one.id ? "true" : "false", onclick: () => { if (shown?.id === one.id) { shown = null; keep(""); render(); } else open(one.id); } },
        el("span", { class: "grid-title" }, one.title), el("span", { class: "grid-note" }, [one.kind === "ab" ? "comparison" : "grid", `${one.cells} pictures`, one.character_name, one.state].filter(Boolean).join(" · "))),
      el("button", { type: "button", class: "quiet", "aria-label": `Delete ${one.title}`, title: "Out of the list; its pictures stay", onclick: () => send("DELETE", `/${one.id}`).then(() => { undo = one; if (shown?.id === one.id) shown = null; note = ""; load(); }).catch(fail) }, "Delete"));
    const cell = (at, zoomable) => {
      const one = shown.pictures.find((each) => each.at.join() === at.join());
      if (!one) return el("div", { class: "grid-cell none" }, ended(shown.state) ? "No picture" : "");
      const index = zoomable.findIndex((each) => each.id === one.asset_id);
      const chosen = shown.kind === "ab" && shown.choices[at[1]] === at[0];
      return el("div", { class: `grid-cell ${chosen ? "chosen" : ""}` },
        el("button", { type: "button", class: "grid-picture", "aria-label": `Look at seed ${one.seed}`, onclick: () => studio.zoom(zoomable, index) }, el("img", { src: `/api/v1/assets/${one.asset_id}/thumbnail`, alt: one.prompt, loading: "lazy" })),
        shown.kind === "ab" ? el("button", { type: "button", class: "quiet", "aria-pressed": chosen ? "true" : "false", onclick: () => choose(at[1], chosen ? null : at[0]) }, chosen ? "Best ✓" : "Best") : null);
    };
    const choose = (rowAt, variant) => send("POST", `/${shown.id}/choose`, { row: rowAt, variant }).then((found) => { shown = found; render(); }).catch(fail);
    const table = () => {
      const [across, down, blocks] = [shown.axes[0], shown.axes[1] || { name: "", labels: [""] }, shown.axes[2] || { name: "", labels: [""] }];
      const zoomable = shown.pictures.map((one) => ({ id: one.asset_id, full: `/api/v1/assets/${one.asset_id}/file`, alt: one.prompt, caption: one.at.map((place, axis) => `${shown.axes[axis].name} ${shown.axes[axis].labels[place]}`).join(" · ") }));
      const ab = shown.kind === "ab";
      return blocks.labels.map((label, block) => el("div", { class: "grid-scroll", tabindex: "0", role: "region", "aria-label": label ? `${blocks.name} ${label}` : shown.title },
        el("table", { class: "grid-table" }, blocks.name ? el("caption", {}, `${blocks.name}: ${label}`) : null,
          el("thead", {}, el("tr", {}, down.name ? el("th", {}, "") : null, across.labels.map((words, at) => el("th", { scope: "col", title: ab ? across.values[at] : words }, ab ? words : words, ab ? el("span", { class: "grid-words" }, across.values[at]) : null)))),
          el("tbody", {}, down.labels.map((words, rowAt) => el("tr", {},
            down.name ? el("th", { scope: "row", title: words }, words, ab && across.labels.length ? el("button", { type: "button", class: "quiet", "aria-pressed": shown.choices[rowAt] === -1 ? "true" : "false", title: "No difference", onclick: () => choose(rowAt, shown.choices[rowAt] === -1 ? null : -1) }, shown.choices[rowAt] === -1 ? "Equal ✓" : "Equal") : null) : null,
            across.labels.map((_, column) => el("td", {}, cell([column, rowAt, block].slice(0, shown.axes.length), zoomable)))))))));
    };
    const verdicts = () => el("div", { class: "grid-verdicts" }, el("table", { class: "grid-numbers" },
      el("thead", {}, el("tr", {}, el("th", {}, ""), shown.axes[0].labels.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, shown.verdicts.map((one) => el("tr", {}, el("th", { scope: "row" }, { quality: "Quality", identity: "Identity", choice: "Chosen" }[one.by]),
        one.means.map((mean, at) => el("td", { class: one.winner === at ? "won" : "" }, one.by === "choice" ? String(one.counts[at]) : hundred(mean), one.by !== "choice" && one.intervals[at] ? el("span", { class: "grid-words" }, `${hundred(Math.max(0, one.intervals[at][0]))}–${hundred(Math.min(1, one.intervals[at][1]))}`) : null)))))),
      shown.verdicts.map((one) => el("p", { class: `grid-verdict ${one.winner === null ? "" : "won"}` }, one.text)));
    const detail = () => el("div", { class: "grid-detail" },
      el("div", { class: "grid-buttons" },
        el("span", { class: "grid-note" }, ended(shown.state) ? (shown.state === "succeeded" ? `${shown.pictures.length} pictures` : `${shown.state}: ${shown.pictures.length} of ${shown.cells} pictures`) : `${shown.pictures.length} of ${shown.cells} pictures so far`),
        !ended(shown.state) ? el("button", { type: "button", class: "quiet", onclick: () => fetch(`/api/v1/jobs/${shown.job_id}/cancel`, { method: "POST" }).then(() => open(shown.id)) }, "Cancel") : null,
        ["cancelled", "failed"].includes(shown.state) ? el("button", { type: "button", class: "quiet", onclick: () => fetch(`/api/v1/jobs/${shown.job_id}/retry`, { method: "POST" }).then(() => open(shown.id)) }, "Make the rest") : null,
        shown.sheet ? el("a", { class: "quiet-link", href: `/api/v1/assets/${shown.sheet}/file?download=true` }, "Save sheet") : null,
        !shown.sheet && ended(shown.state) && shown.pictures.length ? el("button", { type: "button", class: "quiet", onclick: () => send("POST", `/${shown.id}/sheet`).then((found) => { shown = found; render(); }).catch(fail) }, "Make sheet") : null,
        shown.pictures.length ? el("button", { type: "button", class: "quiet", onclick: () => trigger("select", { ids: shown.pictures.map((one) => one.asset_id).slice(0, 200) }) }, "Open in Review") : null),
      shown.error ? el("p", { class: "notice bad" }, `${shown.error.message} ${shown.error.hint || ""}`) : null,
      table(), shown.kind === "ab" ? verdicts() : null);
    const render = () => {
      const focused = root.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") || document.activeElement.textContent : null;
      root.replaceChildren(...[
        note ? el("p", { class: "wild-note bad", role: "alert" }, note) : null,
        undo ? el("p", { class: "wild-note", role: "status" }, `${undo.title} is out of the list. Its pictures stay.`, el("button", { type: "button", class: "quiet", onclick: () => send("POST", `/${undo.id}/restore`).then(() => { undo = null; load(); }).catch(fail) }, "Undo")) : null,
        list.length ? el("ul", { class: "grid-list" }, list.flatMap((one) => [row(one), shown?.id === one.id ? el("li", {}, detail()) : null])) : el("p", { class: "wild-how" }, "None yet. Open “Grid or comparison” in the form to begin one."),
      ].filter(Boolean));
      if (focused) [...root.querySelectorAll("button")].find((one) => (one.getAttribute("aria-label") || one.textContent) === focused)?.focus({ preventScroll: true });
    };
    const look = async () => {
      if (!shown || busy) return;
      const job = studio.state.jobs.find((one) => one.id === shown.job_id);
      const now = job ? `${job.state} ${job.assets.length}` : mark;
      if (now === mark) return;
      mark = now; busy = true;
      await open(shown.id);
      busy = false;
    };
    studio.on("jobs", look);
    studio.on("ended", (job) => { if (list.some((one) => one.job_id === job.id)) setTimeout(() => { load(); if (shown?.job_id === job.id) open(shown.id); }, 200); });
    studio.on("tab", (tab) => { if (tab === "create") load(); });
    watch("value", () => { const wanted = props.value && props.value.open; if (wanted) { mark = ""; load(); open(wanted); } });
    render();
    load();
    let last = "";
    try { last = sessionStorage.getItem("studio-grid") || ""; } catch { /* private window */ }
    last = (props.value && props.value.open) || last; // drawn only now, when the part was opened for it
    if (last) send("GET", `/${last}`).then((found) => { if (!found.trashed_at) { shown = found; render(); } }).catch(() => {});
  };
})();
