/* The Train tab: the desk where a dataset is put together, and a training with its curve, samples and versions.
   Both only watch: the job owns the work; curve and samples are fetched by address when the event stream says so. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  const ended = (state) => ["succeeded", "failed", "cancelled"].includes(state);

  /* value: {draft, name, pictures: [{id, src, caption, warnings, crop, tall, name}], candidates: [{kind, id, src, name}],
             recommended, most} or {empty: {title, next}} or {begun, name}. Emits select {action, ...}. */
  studio.trainDesk = (element, props, trigger, watch) => {
    const root = studio.root(element, "train-desk");
    let offering = false;
    const value = () => props.value || {};
    const card = (one, number) => {
      const caption = el("textarea", { rows: "3", maxlength: "600", "aria-label": `Caption of picture ${number + 1}`, dataset: { id: one.id } });
      caption.value = one.caption;
      caption.addEventListener("change", () => { one.caption = caption.value; trigger("select", { action: "caption", id: one.id, text: caption.value }); });
      const crop = one.crop === null ? null : el("input", { type: "range", min: "0", max: "1", step: "0.05", value: String(one.crop),
        "aria-label": `Where the square of picture ${number + 1} is cut`, title: one.tall ? "Up or down" : "Left or right",
        onchange: (event) => trigger("select", { action: "crop", id: one.id, crop: Number(event.target.value) }) });
      return el("li", { class: `train-card ${one.warnings.length ? "warned" : ""}` },
        el("div", { class: "train-square" },
          el("img", { src: one.src, alt: one.caption, loading: "lazy", decoding: "async", onclick: () => studio.zoom(value().pictures.map((each) => ({ full: each.src, alt: each.caption, caption: each.caption })), number) }),
          el("span", { class: "train-number", "aria-hidden": "true" }, String(number + 1)),
          el("button", { type: "button", class: "train-remove", title: "Take it out", "aria-label": `Take picture ${number + 1} out`, onclick: () => trigger("select", { action: "remove", ids: [one.id] }) }, "×")),
        crop && el("label", { class: "train-crop" }, one.tall ? "Cut higher or lower" : "Cut left or right", crop),
        one.warnings.map((text) => el("p", { class: "train-warning" }, text)),
        caption);
    };
    const offer = (one) => el("button", { type: "button", class: "train-offer", title: one.name || "Add this picture", "aria-label": `Add: ${one.name || one.kind}`,
      onclick: () => trigger("select", { action: "add", items: [{ kind: one.kind, id: one.id }] }) },
      el("img", { src: one.src, alt: "", loading: "lazy", decoding: "async" }), el("span", { "aria-hidden": "true" }, "+"));
    const render = () => {
      const now = value(), { empty, pictures = [], candidates = [] } = now;
      if (empty) { root.replaceChildren(el("div", { class: "empty" }, el("p", { class: "empty-title" }, empty.title), el("p", { class: "empty-next" }, empty.next))); return; }
      if (now.begun) { root.replaceChildren(); return; }
      if (!now.draft && !candidates.length) { root.replaceChildren(); return; }
      const active = document.activeElement, typing = root.contains(active) && active.matches("textarea") ? { id: active.dataset.id, text: active.value, at: active.selectionStart } : null;
      const room = now.most - pictures.length;
      const more = el("details", { class: "train-more", open: offering || !pictures.length || undefined, ontoggle: (event) => { offering = event.target.open; } },
        el("summary", {}, candidates.length ? `Add from approved pictures and references (${candidates.length})` : "Every approved picture and reference is here"),
        candidates.length ? el("div", { class: "train-offers" }, candidates.map(offer)) : el("p", { class: "hint" }, "Approve more in Review, or upload pictures."),
        candidates.length > 1 && room > 0 ? el("button", { type: "button", class: "quiet", onclick: () => trigger("select", { action: "add", items: candidates.slice(0, room).map(({ kind, id }) => ({ kind, id })) }) }, `Add ${candidates.length <= room ? "all" : `the newest ${room}`}`) : null);
      root.replaceChildren(el("section", { class: "card" },
        el("div", { class: "train-head" }, el("h3", { class: "panel-title" }, `Pictures of ${now.name}`),
          el("span", { class: "hint" }, `${pictures.length} of ${now.recommended} recommended`)),
        el("p", { class: "hint" }, "Captions say what may change: clothes, mood, place. What they leave out, such as hair and face, becomes part of the trigger word. Originals stay as they are."),
        el("ul", { class: "train-cards" }, pictures.map(card)), more));
      if (typing) {
        const again = [...root.querySelectorAll("textarea")].find((one) => one.dataset.id === typing.id);
        if (again) { again.value = typing.text; again.focus(); again.setSelectionRange(typing.at, typing.at); }
      }
    };
    watch("value", render);
    render();
  };

  /* value: {training: {id, job, title, state, state_name, facts, prompts, steps, trigger, looks, look}, list: [{id, title, state, note}]}.
     Emits select {action, id, ...} and change when a training ends. */
  studio.trainRun = (element, props, trigger, watch) => {
    const root = studio.root(element, "train-run");
    let losses = [], live = null, shown = null, last = 0, asked = false, parts = null, job = null;
    const training = () => (props.value || {}).training;

    const layout = () => {
      const one = training(), list = (props.value || {}).list || [];
      if (!one) { root.replaceChildren(); parts = null; return; }
      parts = { line: el("p", { class: "stage-line", role: "status", "aria-live": "polite" }),
        bar: el("div", { class: "stage-bar", role: "progressbar", "aria-label": "Progress of the training", "aria-valuemin": "0", "aria-valuemax": "100" }, el("span")),
        cancel: el("button", { type: "button", class: "quiet", onclick: stop }, "Stop"),
        resume: el("button", { type: "button", class: "quiet", hidden: true, onclick: () => trigger("select", { action: "resume", id: one.id }) }, "Go on"),
        now: el("img", { class: "train-now", alt: "The sample being made", hidden: true }),
        error: el("div", { class: "notice bad", role: "alert", hidden: true }), curve: el("div", { class: "train-curve" }), table: el("div", { class: "train-table" }) };
      const more = list.length > 1 ? el("select", { "aria-label": "Which training", onchange: (event) => trigger("select", { action: "open", id: event.target.value }) },
        list.map((each) => el("option", { value: each.id, selected: each.id === one.id || undefined }, `${each.title} · ${each.state} · ${each.note}`))) : null;
      root.replaceChildren(el("section", { class: "card train-panel" },
        el("div", { class: "train-head" }, el("h3", { class: "panel-title" }, one.title), parts.badge = el("span", { class: `badge ${one.state}` }, one.state_name), more,
          el("span", { class: "train-buttons" },
            !["running", "waiting"].includes(one.state) && el("button", { type: "button", class: "quiet", title: "A draft of the same pictures", onclick: () => trigger("select", { action: "again", id: one.id }) }, "Train again"),
            !["running", "waiting"].includes(one.state) && el("button", { type: "button", class: "quiet", onclick: () => trigger("select", { action: "trash", id: one.id }) }, "Trash"))),
        el("div", { class: "train-progress" }, parts.now, el("div", { class: "train-line" }, parts.line, parts.bar), parts.cancel, parts.resume),
        parts.error, parts.curve, parts.table,
        el("details", { class: "train-more" }, el("summary", {}, "What was trained"),
          el("dl", { class: "facts" }, one.facts.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)])))));
    };
    const stop = () => {
      const one = training();
      parts.cancel.disabled = true; parts.line.textContent = "Stopping";
      fetch(`/api/v1/jobs/${one.job}/cancel`, { method: "POST" }).catch(() => {}).finally(() => setTimeout(progress, 300));
    };

    const curve = () => {
      if (!parts) return;
      const width = 640, height = 150, left = 44, bottom = 22, one = training();
      if (losses.length < 2) { parts.curve.replaceChildren(); return; }
      const steps = Math.max(one.steps, losses[losses.length - 1][0]);
      let mean = losses[0][1];
      const smooth = losses.map(([step, loss], i) => { mean += (loss - mean) * Math.max(0.08, 1 / (i + 1)); return [step, mean]; });
      const sorted = losses.map(([, loss]) => loss).sort((a, b) => a - b);
      const low = Math.min(sorted[0], ...smooth.map(([, loss]) => loss)), high = Math.max(sorted[Math.floor(sorted.length * 0.97)], ...smooth.map(([, loss]) => loss)), span = high - low || 1;
      const x = (step) => left + (step / steps) * (width - left - 8), y = (loss) => 8 + (1 - (Math.min(loss, high) - low) / span) * (height - bottom - 12);
      const path = (points) => points.map(([step, loss], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
      const svg = (name, attributes, ...inner) => { const node = document.createElementNS("http://www.w3.org/2000/svg", name);
        for (const [key, text] of Object.entries(attributes)) node.setAttribute(key, text); node.append(...inner); return node; };
      const marks = ((live && live.checkpoints) || []).map(({ step }) => svg("line", { x1: x(step), x2: x(step), y1: 8, y2: height - bottom, class: step === live.best ? "best" : "mark" }));
      const text = (at, down, words, anchor) => svg("text", { x: at, y: down, "text-anchor": anchor }, words);
      parts.curve.replaceChildren(
        el("p", { class: "train-label" }, "Loss", el("span", { class: "hint" }, ` ${smooth[smooth.length - 1][1].toFixed(4)} at step ${losses[losses.length - 1][0]} of ${steps}; lower is closer to the pictures, and too low copies them`)),
        svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Loss from ${losses[0][1].toFixed(3)} to ${smooth[smooth.length - 1][1].toFixed(3)}` },
          svg("line", { x1: left, x2: width - 8, y1: height - bottom, y2: height - bottom, class: "axis" }), ...marks,
          svg("path", { d: path(losses), class: "raw" }), svg("path", { d: path(smooth), class: "smooth" }),
          text(left - 6, 16, high.toFixed(3), "end"), text(left - 6, height - bottom, low.toFixed(3), "end"), text(left, height - 6, "0", "middle"), text(width - 8, height - 6, `${steps} steps`, "end")));
    };

    const percent = (number) => (number === null || number === undefined ? "–" : `${Math.round(number * 100)} %`);
    const meter = (name, number, title) => el("div", { class: "train-meter", title }, el("span", {}, name), el("b", {}, percent(number)),
      el("i", {}, el("i", { style: `width:${Math.round(100 * Math.min(1, number || 0))}%` })));
    const table = () => {
      if (!parts || !live) return;
      const one = training(), prompts = one.prompts || [], scenes = prompts.map((text) => text.split(", ").slice(1).join(", "));
      const rows = [...(live.bare ? [{ step: "bare" }] : []), ...live.checkpoints];
      if (!rows.length) { parts.table.replaceChildren(); return; }
      const source = (row, i) => `/api/v1/training/${one.id}/samples/${row.step}/${i}?v=${encodeURIComponent(row.at || "")}`;
      const zoomable = rows.flatMap((row) => prompts.map((text, i) => ({ full: source(row, i), alt: text, caption: `${row.step === "bare" ? "Before" : `Step ${row.step}`}: ${text}` })));
      const busy = ["running", "waiting"].includes(one.state);
      const use = (row) => {
        const look = one.looks.length ? el("select", { "aria-label": "Into which look" }, el("option", { value: "" }, one.look ? `Look “${one.look}”` : "A look of its own"), one.looks.filter((each) => each.name !== one.look).map((each) => el("option", { value: each.id }, each.name))) : null;
        return el("div", { class: "train-use" }, look, el("button", { type: "button", class: "quiet", onclick: () => trigger("select", { action: "choose", id: one.id, step: row.step, look: look ? look.value : "" }) }, row.step === live.chosen ? "Use it here too" : "Use this version"));
      };
      const head = (row) => row.step === "bare" ? el("th", { scope: "row" }, el("strong", {}, "Before"), el("p", { class: "hint" }, "the model alone"))
        : el("th", { scope: "row" }, el("strong", {}, `Step ${row.step} `), row.step === live.best && el("span", { class: "badge active", title: live.why }, "best"), row.step === live.chosen && el("span", { class: "badge approved" }, "in use"),
          row.scores.identity !== null && row.scores.identity !== undefined && meter("Same person", row.scores.identity, "Identity of the samples against the training pictures"),
          row.scores.attributes !== null && row.scores.attributes !== undefined && meter("Features kept", row.scores.attributes, "Hair, skin, glasses and the like, as in the training pictures"),
          meter("Follows prompts", row.scores.flexibility, "How much the samples differ with their prompts; 100 % is as much as the model alone"),
          meter("Copying", row.scores.overfit, "How near the samples came to single training pictures; less is better"),
          !busy && use(row));
      parts.table.replaceChildren(
        el("p", { class: "train-label" }, "Samples of every version", el("span", { class: "hint" }, " the same prompts and seed each time")),
        live.why ? el("p", { class: "hint" }, `By the numbers it is step ${live.best}. ${live.why}`) : null,
        el("div", { class: "train-scroll", tabindex: "0", role: "region", "aria-label": "Samples of every version" }, el("table", {},
          el("thead", {}, el("tr", {}, el("th", {}, ""), scenes.map((text) => el("th", { scope: "col" }, text)))),
          el("tbody", {}, rows.map((row, at) => el("tr", { class: row.step === live.chosen ? "chosen" : "" }, head(row),
            prompts.map((text, i) => el("td", {}, el("img", { src: source(row, i), alt: text, loading: "lazy", decoding: "async", tabindex: "0", role: "button",
              onclick: () => studio.zoom(zoomable, at * prompts.length + i),
              onkeydown: (event) => { if (event.key === "Enter") studio.zoom(zoomable, at * prompts.length + i); } })))))))));
    };

    /* Fetched at most once a second while steps stream in. */
    const pull = async () => {
      const one = training();
      if (!one || asked) return;
      asked = true;
      try {
        const since = losses.length ? losses[losses.length - 1][0] : 0;
        const next = await studio.json(`/api/v1/training/${one.id}/live?since=${since}`);
        if (training() && training().id === one.id) {
          const before = live ? JSON.stringify([live.checkpoints, live.bare, live.chosen, live.best]) : "";
          losses = [...losses, ...next.losses.filter(([step]) => step > since)];
          live = next;
          curve();
          if (JSON.stringify([live.checkpoints, live.bare, live.chosen, live.best]) !== before) table();
        }
      } catch { /* the next event tries again */ }
      last = Date.now(); asked = false;
    };
    const say = (next) => {
      if (!parts) return;
      job = next;
      const { done = 0, total = 0, eta_s, note } = next.progress || {}, share = total ? Math.round((100 * done) / total) : 0;
      const words = { waiting: studio.state.paused ? "Waiting: the queue is paused" : next.position > 1 ? `Waiting, number ${next.position} in the queue` : "Waiting to start", succeeded: "Finished", cancelled: "Stopped. It goes on from its last saved step.", failed: "Failed" }[next.state];
      parts.line.textContent = next.cancelling ? "Stopping" : next.state === "running" ? [note || "Getting the model ready", share ? `${share} %` : "", eta_s ? `${studio.duration(eta_s)} left` : "", next.attempt > 1 ? `attempt ${next.attempt}` : ""].filter(Boolean).join(" · ") : words;
      if (!ended(next.state)) { parts.badge.className = `badge ${next.state}`; parts.badge.textContent = next.state === "running" ? "Training" : "Waiting"; }
      parts.bar.firstChild.style.width = `${next.state === "succeeded" ? 100 : share}%`;
      parts.bar.setAttribute("aria-valuenow", String(share));
      for (const state of ["failed", "cancelled"]) parts.bar.classList.toggle(state, next.state === state);
      parts.bar.classList.toggle("ended", ended(next.state));
      parts.bar.classList.toggle("unsure", next.state === "running" && total < 2);
      parts.cancel.hidden = ended(next.state); parts.cancel.disabled = Boolean(next.cancelling);
      parts.resume.hidden = !["failed", "cancelled"].includes(next.state);
      parts.error.hidden = !next.error;
      if (next.error) parts.error.replaceChildren(el("strong", {}, next.error.message || ""), el("span", {}, ` ${next.error.hint || ""}`));
      const trying = next.state === "running" && next.preview_count && /\d+ of \d+$/.test(note || "") && !/^Step/.test(note || "");
      parts.now.hidden = !trying;
      if (trying) { const picture = new Image(); picture.onload = () => { parts.now.src = picture.src; }; picture.src = `/api/v1/jobs/${next.id}/preview?picture=0&v=${next.preview_version}`; }
    };
    const progress = () => {
      const one = training();
      if (!one || !parts) return;
      const now = studio.state.jobs.find((each) => each.id === one.job);
      if (now) say(now);
      else studio.json(`/api/v1/jobs/${one.job}`).then((found) => { if (training() && training().id === one.id) say(found); })
        .catch(() => { if (parts) { parts.line.textContent = one.state_name; parts.cancel.hidden = true; } });
    };
    studio.on("jobs", ({ jobs }) => {
      const one = training();
      const now = one && jobs.find((each) => each.id === one.job);
      if (!now) return;
      say(now);
      if (root.offsetParent && now.state === "running" && Date.now() - last > 1000) pull();
    });
    studio.on("ended", (one) => { if (training() && one.id === training().job) setTimeout(() => trigger("select", { action: "ended", id: one.id }), 200); });
    const render = () => {
      const one = training();
      if ((one && one.id) !== shown) { shown = one && one.id; losses = []; live = null; }
      layout();
      if (!one) return;
      curve(); table(); progress(); pull();
    };
    watch("value", render);
    render();
  };
})();
