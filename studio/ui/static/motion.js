/* The Motion tab: the reel on its board (preview, shots, words), and its rendering. The board draws what a value says and
   emits what was pressed; the preview is fetched by an address that changes with the reel. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const ended = (state) => ["succeeded", "failed", "cancelled"].includes(state);

  /* value: {project, revision, shots: [{id, kind, thumb, full, seconds, movement, focus, transition, transition_seconds,
             text, place, style, caption, colour, start, shown, problem}], seconds, limits, size, safe, preview, problems,
             undo, redo, candidates: [{id, thumb, alt}], used, fewest, most, movements, transitions, places, styles},
             or {project: null, candidates, empty}. Emits select {action, ...}. */
  studio.motionBoard = (element, props, trigger, watch) => {
    const root = studio.root(element, "motion-root");
    let shown = null, chosen = null, picked = [], adding = false, safe = false, film = null, wait = 0, dragged = null, played = "";
    const send = (action, more = {}) => trigger("select", { action, ...more });
    const shot = () => shown.shots.find((one) => one.id === chosen) || null;

    /* ---- the preview: one video element for as long as the reel is open */
    const player = () => {
      const video = el("video", { playsinline: true, controls: true, loop: true, preload: "auto", "aria-label": "Preview of the reel" });
      const note = el("p", { class: "motion-note", role: "status", "aria-live": "polite" });
      const top = el("i", { class: "motion-safe top", "aria-hidden": "true" }), bottom = el("i", { class: "motion-safe bottom", "aria-hidden": "true" });
      const frame = el("div", { class: "motion-frame" }, video, top, bottom, note);
      video.addEventListener("loadeddata", () => { note.textContent = ""; frame.classList.remove("busy"); });
      video.addEventListener("error", async () => {
        if (!video.getAttribute("src")) return;
        frame.classList.remove("busy");
        try {
          const answer = await fetch(video.getAttribute("src"));
          const told = answer.ok ? null : (await answer.json()).error;
          note.textContent = told ? `${told.message} ${told.hint}` : "This browser does not play the preview.";
        } catch { note.textContent = "The studio does not answer."; }
      });
      return { frame, video, note, top, bottom, src: "" };
    };
    const seek = () => {
      const one = shot();
      if (!film || !one) return;
      const to = one.start + Math.min(0.3, one.shown / 2);
      if (film.video.readyState) { if (film.video.paused) film.video.currentTime = to; }
      else film.video.addEventListener("loadedmetadata", () => { film.video.currentTime = to; }, { once: true });
    };
    const refresh = () => {
      if (!film || film.src === shown.preview) return;
      film.src = shown.preview;
      clearTimeout(wait);
      if (!shown.preview) { film.video.removeAttribute("src"); film.video.load(); return; }
      film.frame.classList.add("busy");
      film.note.textContent = "Making the preview";
      const playing = !film.video.paused && film.video.currentTime > 0;
      wait = setTimeout(() => {
        film.video.src = shown.preview;
        film.video.load();
        if (playing) film.video.play().catch(() => {}); else seek();
      }, 200);
    };

    /* ---- fields of the chosen shot */
    const change = (patch) => send("shot", { shot: chosen, patch });
    const label = (text, node, wide) => el("label", { class: `motion-field ${wide ? "wide" : ""}` }, el("span", {}, text), node);
    const choice = (name, value, options, onchange, off) => el("select", { dataset: { field: name }, disabled: off, onchange: (event) => onchange(event.target.value) },
      options.map((one) => el("option", { value: one.value, selected: one.value === value || undefined }, one.label)));
    const number = (name, value, min, max, step, onchange) => el("input", { type: "number", dataset: { field: name }, value: String(value), min, max, step, onchange: (event) => {
      const given = Number(event.target.value);
      if (event.target.value !== "" && given >= min && given <= max) onchange(given); else event.target.value = String(value);
    } });
    const area = (name, value, rows, most, hint) => {
      const node = el("textarea", { dataset: { field: name }, rows, maxlength: most, placeholder: hint, onchange: (event) => change({ [name]: event.target.value }) });
      node.value = value;
      return node;
    };
    const inspector = () => {
      const one = shot();
      if (!one) return el("div", { class: "motion-inspector" }, el("p", { class: "hint" }, "Choose a shot below to change it."));
      const at = shown.shots.indexOf(one), last = at === shown.shots.length - 1;
      const point = one.focus && el("i", { class: "motion-point", style: `left:${one.focus[0] * 100}%;top:${one.focus[1] * 100}%` });
      const place = (event) => {
        const box = event.currentTarget.getBoundingClientRect();
        const share = (where, from, size) => Math.round(Math.min(1, Math.max(0, (where - from) / size)) * 1000) / 1000;
        change({ focus: [share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height)] });
      };
      const picture = one.kind === "picture" && el("div", { class: "motion-focus" },
        el("button", { type: "button", class: "motion-aim", title: "Press where the camera should stay", "aria-label": "Where the camera stays: press a place in the picture", onclick: place }, el("img", { src: one.full, alt: "" }), point),
        el("p", { class: "hint" }, one.focus ? "The camera stays on your point. " : "The camera stays on the face. Press the picture to choose another point. ",
          one.focus && el("button", { type: "button", class: "quiet", onclick: () => change({ focus: [] }) }, "Find the face")));
      return el("div", { class: "motion-inspector" },
        el("div", { class: "motion-head" }, el("h3", { class: "panel-title" }, one.kind === "card" ? `Card ${at + 1}` : `Picture ${at + 1}`), el("span", { class: "hint" }, `from ${clock(one.start)}, ${one.shown.toFixed(1)} s`)),
        one.problem && el("div", { class: "notice warn" }, one.problem),
        el("div", { class: "motion-fields" },
          label("Seconds", number("seconds", one.seconds, 0.4, 30, 0.1, (seconds) => change({ seconds }))),
          one.kind === "picture" ? label("Camera", choice("movement", one.movement, shown.movements, (movement) => change({ movement })))
            : label("Colour", el("input", { type: "color", dataset: { field: "colour" }, value: one.colour, onchange: (event) => change({ colour: event.target.value }) })),
          label("Then", choice("transition", one.transition, shown.transitions, (transition) => change({ transition }), last)),
          label("Its seconds", number("transition_seconds", one.transition_seconds, 0.1, 2, 0.1, (seconds) => change({ transition_seconds: seconds }))),
          label(one.kind === "card" ? "Words: a title, smaller lines below" : "Words over it", area("text", one.text, 2, 240, one.kind === "card" ? "Mira's week" : "Golden hour"), true),
          one.kind === "picture" && label("Where", choice("place", one.place, shown.places, (value) => change({ place: value }))),
          one.kind === "picture" && label("Style", choice("style", one.style, shown.styles, (style) => change({ style }))),
          label("Caption, as a subtitle", area("caption", one.caption, 2, 300, "What is said here"), true)),
        picture);
    };

    /* ---- the row of shots */
    const move = (id, position) => { chosen = id; send("move", { shot: id, position }); };
    const tool = (text, title, onclick, off) => el("button", { type: "button", class: "motion-tool", title, "aria-label": title, disabled: off, onclick: (event) => { event.stopPropagation(); onclick(); } }, text);
    const card = (one, at) => {
      const name = one.kind === "card" ? `Card ${at + 1}` : `Picture ${at + 1}`;
      return el("li", { class: `motion-shot ${one.id === chosen ? "chosen" : ""} ${one.problem ? "warned" : ""}`, draggable: "true", dataset: { id: one.id },
        ondragstart: (event) => { dragged = one.id; event.dataTransfer.effectAllowed = "move"; event.dataTransfer.setData("text/plain", one.id); },
        ondragover: (event) => { if (dragged) { event.preventDefault(); event.currentTarget.classList.add("over"); } },
        ondragleave: (event) => event.currentTarget.classList.remove("over"),
        ondrop: (event) => { event.preventDefault(); event.currentTarget.classList.remove("over"); if (dragged && dragged !== one.id) move(dragged, at); dragged = null; },
        ondragend: () => { dragged = null; } },
        el("button", { type: "button", class: "motion-face", "aria-pressed": one.id === chosen ? "true" : "false", "aria-label": `${name}, ${one.shown.toFixed(1)} seconds`,
          onclick: () => { chosen = one.id; render(); seek(); },
          onkeydown: (event) => {
            if (!event.altKey || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
            event.preventDefault();
            move(one.id, Math.max(0, at + (event.key === "ArrowLeft" ? -1 : 1)));
          } },
          one.kind === "card" ? el("span", { class: "motion-card", style: `background:${one.colour}` }, one.text.split("\n")[0] || "Card") : el("img", { src: one.thumb, alt: "", loading: "lazy", draggable: "false" }),
          el("span", { class: "motion-number" }, String(at + 1)), el("span", { class: "motion-length" }, `${one.shown.toFixed(1)} s`)),
        el("div", { class: "motion-tools" },
          tool("‹", `Move ${name} forward`, () => move(one.id, at - 1), !at), tool("›", `Move ${name} back`, () => move(one.id, at + 1), at === shown.shots.length - 1),
          tool("+", `Duplicate ${name}`, () => send("duplicate", { shot: one.id })), tool("×", `Take ${name} out`, () => send("remove", { shot: one.id }))));
    };
    const offer = (one, used) => {
      const nth = picked.indexOf(one.id);
      return el("button", { type: "button", class: `motion-offer ${nth >= 0 ? "picked" : ""}`, title: one.alt, "aria-pressed": nth >= 0 ? "true" : "false", "aria-label": `Choose: ${one.alt}`,
        onclick: () => { if (nth >= 0) picked.splice(nth, 1); else picked.push(one.id); render(); } },
        el("img", { src: one.thumb, alt: "", loading: "lazy", decoding: "async" }), nth >= 0 ? el("b", {}, String(nth + 1)) : used ? el("span", { class: "badge" }, "in it") : null);
    };
    const picker = () => {
      const { candidates, used = [], project, fewest, most } = shown, room = most - used.length;
      picked = picked.filter((id) => candidates.some((one) => one.id === id));
      const few = picked.length < (project ? 1 : fewest), many = picked.length > room;
      const go = () => { const ids = picked; picked = []; adding = false; send(project ? "add" : "begin", { ids }); };
      return el("div", { class: "motion-picker" },
        el("div", { class: "motion-offers" }, candidates.map((one) => offer(one, used.includes(one.id)))),
        el("div", { class: "motion-bar" },
          el("button", { type: "button", class: "quiet motion-go", disabled: few || many, onclick: go }, project ? `Add ${picked.length || ""}`.trim() : `Make a reel of ${picked.length || "these"}`),
          !picked.length && candidates.length >= fewest && el("button", { type: "button", class: "quiet", onclick: () => { picked = candidates.slice(0, Math.min(room, project ? room : 6)).map((one) => one.id).reverse(); render(); } }, project ? "Choose all" : `Choose the newest ${Math.min(6, candidates.length)}`),
          picked.length ? el("button", { type: "button", class: "quiet", onclick: () => { picked = []; render(); } }, "Choose none") : null,
          el("span", { class: "hint" }, many ? `At most ${room} more fit.` : project ? "" : `They are shown in the order you press them. At least ${fewest}.`)));
    };

    const render = () => {
      const now = shown || {};
      if (now.empty) { film = null; root.replaceChildren(el("div", { class: "empty" }, el("p", { class: "empty-title" }, now.empty.title), el("p", { class: "empty-next" }, now.empty.next))); return; }
      if (!now.project) {
        film = null;
        root.replaceChildren(el("section", { class: "card" }, el("h3", { class: "panel-title" }, "Choose the pictures"), picker()));
        return;
      }
      const active = document.activeElement, held = root.contains(active) && active.dataset.field
        ? { field: active.dataset.field, value: active.value, shot: root.dataset.shot, at: active.selectionStart, typing: active.matches("textarea") } : null;
      if (!now.shots.some((one) => one.id === chosen)) chosen = (now.shots[0] || {}).id || null;
      root.dataset.shot = chosen || "";
      if (!film || played !== now.project) { film = player(); played = now.project; }
      const [wide, high] = now.size;
      film.frame.style.aspectRatio = `${wide} / ${high}`;
      film.frame.style.width = wide >= high ? "100%" : `min(100%, ${Math.round(440 * wide / high)}px)`;
      film.top.style.height = `${now.safe[0] * 100}%`; film.bottom.style.height = `${now.safe[1] * 100}%`;
      film.frame.classList.toggle("safe", safe);
      const pictures = now.shots.filter((one) => one.kind === "picture");
      const every = pictures[0] || {};
      const told = now.problems.filter((one) => !one.shot || one.level === "error");
      const long = `${now.seconds.toFixed(1)} s`;
      root.replaceChildren(
        el("section", { class: "card motion-top" },
          el("div", { class: "motion-view" }, film.frame,
            el("label", { class: "motion-check" }, el("input", { type: "checkbox", checked: safe || undefined, onchange: (event) => { safe = event.target.checked; film.frame.classList.toggle("safe", safe); } }), "Show what the app covers")),
          inspector()),
        told.length ? el("div", { class: "motion-problems" }, told.map((one) => el("div", { class: `notice ${one.level === "error" ? "bad" : "warn"}` }, `${one.message} ${one.hint}`))) : "",
        el("section", { class: "card motion-row" },
          el("div", { class: "motion-head" }, el("h3", { class: "panel-title" }, "Shots"), el("span", { class: "hint" }, `${now.shots.length} in ${long}`),
            el("span", { class: "motion-buttons" },
              el("button", { type: "button", class: "quiet", disabled: !now.undo, onclick: () => send("undo") }, "Undo"),
              el("button", { type: "button", class: "quiet", disabled: !now.redo, onclick: () => send("redo") }, "Redo"))),
          el("ol", { class: "motion-shots" }, now.shots.map(card)),
          el("div", { class: "motion-bar" },
            el("button", { type: "button", class: "quiet", disabled: !now.candidates.length, "aria-expanded": adding ? "true" : "false", onclick: () => { adding = !adding; render(); } }, adding ? "Close" : "Add pictures"),
            el("button", { type: "button", class: "quiet", onclick: () => send("card", { end: false }) }, "Title card"),
            el("button", { type: "button", class: "quiet", onclick: () => send("card", { end: true }) }, "End card"),
            pictures.length ? el("span", { class: "motion-every" }, "All pictures:",
              el("label", {}, number("every-seconds", every.seconds, 0.4, 30, 0.1, (seconds) => send("every", { patch: { seconds } })), "s"),
              el("label", {}, "then ", choice("every-transition", every.transition, now.transitions, (transition) => send("every", { patch: { transition } })))) : null),
          adding ? picker() : ""));
      if (held && held.shot === root.dataset.shot) {
        const again = root.querySelector(`[data-field="${held.field}"]`);
        if (again) {
          if (held.typing) { again.value = held.value; again.focus({ preventScroll: true }); again.setSelectionRange(held.at, held.at); }
          else again.focus({ preventScroll: true });
        }
      }
      refresh();
    };
    root.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, textarea") || !shown?.project) return;
      const key = event.key.toLowerCase();
      if (key === "z" && !event.shiftKey && shown.undo) { send("undo"); event.preventDefault(); }
      else if ((key === "y" || (key === "z" && event.shiftKey)) && shown.redo) { send("redo"); event.preventDefault(); }
    });
    watch("value", () => {
      const now = props.value || {};
      if (shown && now.project && now.project === shown.project && now.revision < shown.revision) return; // overtaken by a newer answer
      const grown = shown && now.project === shown.project && (now.shots || []).find((one) => !shown.shots.some((old) => old.id === one.id));
      if (grown && now.shots.length === shown.shots.length + 1) chosen = grown.id;
      shown = now;
      render();
    });
    shown = props.value || {};
    render();
  };

  /* value: {project, job, state, error, clips: [{id, thumb, full, state, length, wide, high}]}. Emits select {action, id}. */
  studio.motionRun = (element, props, trigger, watch) => {
    const root = studio.root(element, "motion-run");
    let parts = null, job = null, told = "";
    const value = () => props.value || {};
    const stop = () => {
      parts.cancel.disabled = true;
      parts.line.textContent = "Stopping";
      fetch(`/api/v1/jobs/${value().job}/cancel`, { method: "POST" }).catch(() => {});
    };
    const render = () => {
      const now = value(), { clips = [], error } = now;
      told = "";
      if (!now.project || (!now.state && !clips.length)) { root.replaceChildren(); parts = null; return; }
      const busy = ["waiting", "running"].includes(now.state);
      parts = { line: el("p", { class: "stage-line", role: "status", "aria-live": "polite" }),
        bar: el("div", { class: "stage-bar", role: "progressbar", "aria-label": "Progress of the rendering", "aria-valuemin": "0", "aria-valuemax": "100" }, el("span")),
        cancel: el("button", { type: "button", class: "quiet", onclick: stop }, "Cancel") };
      const failed = now.state === "failed" && error ? el("div", { class: "notice bad", role: "alert" }, `${error.message} ${error.hint || ""}`,
        el("button", { type: "button", class: "quiet", onclick: () => trigger("select", { action: "retry" }) }, "Try again")) : null;
      const stopped = now.state === "cancelled" ? el("p", { class: "hint" }, "The rendering was stopped.") : null;
      root.replaceChildren(el("section", { class: "card" },
        el("div", { class: "motion-head" }, el("h3", { class: "panel-title" }, busy ? "Rendering" : "Clips"), clips.length && !busy ? el("span", { class: "hint" }, "Rendered from this reel; they are in Review too.") : null),
        busy && el("div", { class: "motion-progress" }, el("div", { class: "motion-line" }, parts.line, parts.bar), parts.cancel), failed, stopped,
        clips.length ? el("div", { class: "motion-clips", "aria-label": "Clips of this reel" }, clips.map((one, at) => el("figure", {},
          el("button", { type: "button", class: "motion-clip", "aria-label": `Play clip ${at + 1}, ${one.length}`, onclick: () => studio.zoom(clips.map((each) => ({ ...each, alt: "Clip", caption: `${each.wide} × ${each.high}` })), at) },
            el("img", { src: one.thumb, alt: "", loading: "lazy" }), el("span", { class: "badge clip" }, `▶ ${one.length}`)),
          el("figcaption", {}, el("span", { class: `badge ${one.state}` }, one.state), el("button", { type: "button", class: "quiet", onclick: () => trigger("select", { action: "review", id: one.id }) }, "Review"))))) : null));
      if (busy) progress();
    };
    const progress = () => {
      const now = value();
      if (!parts || !now.job) return;
      job = studio.state.jobs.find((one) => one.id === now.job) || job;
      if (!job || job.id !== now.job) { parts.line.textContent = "In the queue"; return; }
      const { done, total, note, eta_s } = job.progress;
      const share = total ? done / total : 0;
      const text = job.state === "waiting" ? (job.position > 1 ? `Waiting, ${job.position - 1} before it` : "Waiting")
        : job.cancelling ? "Stopping" : [`${Math.round(share * 100)} %`, note, eta_s ? `${studio.duration(eta_s)} left` : ""].filter(Boolean).join(" · ");
      parts.line.textContent = text;
      parts.bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
      parts.bar.firstChild.style.width = `${share * 100}%`;
    };
    studio.on("jobs", () => {
      if (!root.isConnected || !parts) return;
      progress();
      if (job && job.id === value().job && ended(job.state) && told !== `${job.id} ${job.state}` && !ended(value().state)) {
        told = `${job.id} ${job.state}`;
        trigger("select", { action: "ended" });
      }
    });
    studio.on("ended", (one) => {
      if (one.id === value().job && !ended(value().state) && told !== `${one.id} ended`) { told = `${one.id} ended`; trigger("select", { action: "ended" }); }
    });
    watch("value", render);
    render();
  };
})();
