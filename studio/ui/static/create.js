/* The Create tab's stage (pictures growing, then the results) and the queue list. Both only watch; the job owns the work. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  const ended = (state) => ["succeeded", "failed", "cancelled"].includes(state);

  /* Show a picture only once it is loaded, so that nothing flickers while frames stream. One load at a time and always
     the newest next: on a slow line frames are skipped, but each one that was fetched is seen. */
  const loading = new WeakSet();
  const pull = (image) => {
    const url = image.dataset.wanted, next = new Image();
    loading.add(image);
    const done = (arrived) => {
      if (arrived) { image.src = url; image.classList.remove("waiting"); }
      loading.delete(image);
      if (image.dataset.wanted !== url) pull(image);
    };
    next.onload = () => done(true);
    next.onerror = () => done(false);
    next.src = url;
  };
  const swap = (image, url) => {
    if (image.dataset.wanted === url) return;
    image.dataset.wanted = url;
    if (!loading.has(image)) pull(image);
  };

  /* value: {job, stay, refresh}: the job to show when nothing runs, or also while another runs when `stay`; `refresh` draws
     the results again. Emits select {action, id} for a result's buttons. */
  studio.stage = (element, props, trigger, watch) => {
    let shown = null, boxes = [], job = null, settled = false, known = 0, stay = null;
    const remember = (id) => { try { sessionStorage.setItem("studio-job", id); } catch { /* private window */ } };
    const root = studio.root(element, "stage-root");
    const line = el("p", { class: "stage-line", role: "status", "aria-live": "polite" });
    const bar = el("div", { class: "stage-bar", role: "progressbar", "aria-label": "Progress", "aria-valuemin": "0", "aria-valuemax": "100" }, el("span"));
    const cancel = el("button", { type: "button", class: "quiet", onclick: () => job && stop(job.id) }, "Cancel");
    /* Stopping goes straight to the API: a page's event would wait behind the others. */
    const stop = (id) => {
      cancel.disabled = true; line.textContent = "Stopping";
      fetch(`/api/v1/jobs/${id}/cancel`, { method: "POST" }).then((answer) => { if (!answer.ok) fetchJob(id); }).catch(() => trigger("select", { action: "cancel", id }));
    };
    const head = el("div", { class: "stage-head" }, line, cancel);
    const pictures = el("div", { class: "stage-pictures" });
    const error = el("div", { class: "notice bad", role: "alert", hidden: true });
    root.append(head, bar, error, pictures);

    const blank = () => {
      root.classList.add("idle");
      line.textContent = "";
      pictures.replaceChildren(el("div", { class: "empty" },
        el("p", { class: "empty-title" }, "Your pictures appear here"),
        el("p", { class: "empty-next" }, "Choose a character, add an outfit or a place, and press Generate. You see every step while they are made.")));
      shown = null;
    };
    const layout = (next) => {
      const request = next.request || {}, count = Math.max(1, request.batch || 1);
      shown = next.id; settled = false; known = 0; boxes = [];
      root.classList.remove("idle");
      pictures.replaceChildren();
      pictures.dataset.count = count;
      const shape = request.composed?.canvas || [request.width || 1, request.height || 1];
      pictures.style.setProperty("--shape", shape.join(" / "));
      for (let i = 0; i < count; i++) {
        const image = el("img", { class: "waiting", alt: `Picture ${i + 1} of ${count}, being made` });
        const actions = el("div", { class: "stage-actions" });
        const box = el("figure", { class: "stage-box" }, el("div", { class: "stage-frame" }, image), actions);
        boxes.push({ box, image, actions });
        pictures.append(box);
      }
    };
    const act = (action, id, text, title, first) => el("button", { type: "button", class: "quiet", title, "aria-label": `${text}: ${title}`,
      onclick: (event) => { event.stopPropagation(); if (first) first(); trigger("select", { action, id }); } }, text);
    /* A deleted picture keeps its place, so that nothing jumps and Undo is where the eye is. */
    const deleted = ({ box, image, actions }, asset) => {
      box.classList.add("deleted");
      image.alt = "Deleted picture"; image.tabIndex = -1; image.onclick = image.onkeydown = null; image.removeAttribute("role");
      actions.replaceChildren(el("p", { class: "stage-fact", role: "status" }, "In the trash"),
        el("div", { class: "stage-buttons" }, act("restore", asset.id, "Undo", "Bring this picture back")));
    };
    /* Which of the batch is the best, and why. A batch that cannot be ranked is shown without. */
    const best = async (done, assets, there) => {
      const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ids: there.map((one) => one.id) }) };
      const order = await fetch("/api/v1/assets/rank", asked).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
      if (!order || shown !== done.id) return;
      boxes.forEach(({ box, actions }, i) => {
        actions.querySelector(".stage-best")?.remove();
        if (!assets[i] || assets[i].id !== order.items[0].id || box.classList.contains("deleted")) return;
        actions.querySelector(".stage-fact")?.append(" ", el("span", { class: "badge passed stage-best", title: order.items[0].why }, `Best of ${there.length}`));
      });
    };
    const results = async (done) => {
      // of a grid the stage shows the newest picture, at the end the sheet; the others are below
      const ids = done.kind === "grid" ? done.assets.slice(-1) : done.assets;
      const assets = (await Promise.all(ids.map((id) => studio.json(`/api/v1/assets/${id}`).catch(() => null))));
      if (shown !== done.id) return;
      const there = assets.filter((one) => one && one.state !== "trashed");
      const zoomable = there.map((asset) => ({ id: asset.id, full: `/api/v1/assets/${asset.id}/file`, alt: asset.recipe.prompt, caption: `Seed ${asset.recipe.seed}` }));
      boxes.forEach(({ box, image, actions }, i) => {
        const asset = assets[i];
        if (!asset) { if (ended(done.state)) box.remove(); return; }
        const state = `${asset.id} ${asset.state === "trashed"} ${zoomable.length}`;
        if (actions.dataset.state === state) return;
        const focused = actions.contains(document.activeElement);
        actions.dataset.state = state;
        if (done.kind === "grid") pictures.style.setProperty("--shape", `${asset.width} / ${asset.height}`);
        swap(image, `/api/v1/assets/${asset.id}/file`);
        if (asset.state === "trashed") { deleted({ box, image, actions }, asset); if (focused) actions.querySelector("button").focus(); return; }
        const at = there.indexOf(asset);
        box.classList.remove("deleted");
        image.alt = asset.recipe.prompt || "Picture";
        image.tabIndex = 0;
        image.setAttribute("role", "button");
        image.onclick = () => studio.zoom(zoomable, at);
        image.onkeydown = (event) => { if (event.key === "Enter" || event.key === " ") { studio.zoom(zoomable, at); event.preventDefault(); } };
        const { seed, seconds } = asset.recipe, sheet = asset.recipe.pipeline === "grid"; // nothing to make again from a sheet
        actions.replaceChildren(
          el("p", { class: "stage-fact" }, [sheet ? "Sheet" : `Seed ${seed}`, seconds ? `${seconds.toFixed(1)} s` : "", `${asset.width} × ${asset.height}`].filter(Boolean).join(" · ")),
          el("div", { class: "stage-buttons" },
            sheet ? [] : [act("reuse", asset.id, "Reuse", "Put these settings and this seed into the form"),
              act("edit", asset.id, "Edit", "Repaint a part, extend, or put somewhere else"),
              act("vary", asset.id, "Variations", "Make four more with new seeds"),
              act("enlarge2", asset.id, "2 ×", "Make it twice as large"),
              act("enlarge4", asset.id, "4 ×", "Make it four times as large"),
              act("reference", asset.id, "Reference", "Use as a reference of the character")],
            act("review", asset.id, "Review", "Open in Review"),
            act("trash", asset.id, "Delete", "Move to the trash; Undo brings it back", () => { actions.dataset.state = ""; deleted({ box, image, actions }, asset); actions.querySelector("button").focus(); })));
        if (focused) actions.querySelector("button").focus();
      });
      if (ended(done.state) && there.length > 1 && done.kind === "image") best(done, assets, there);
      if (ended(done.state) && done.state === "succeeded" && !assets.some(Boolean)) blank();
    };
    const show = (next) => {
      job = next;
      if (shown !== next.id) { layout(next); remember(next.id); }
      const { done = 0, total = 0, eta_s, rate, note } = next.progress || {};
      const percent = total ? Math.round((100 * done) / total) : 0;
      const running = next.state === "running";
      let text = { waiting: next.position > 1 ? `Waiting, number ${next.position} in the queue` : studio.state.paused ? "Waiting: the queue is paused" : "Waiting to start", succeeded: "Done", cancelled: "Cancelled", failed: "Failed" }[next.state];
      if (next.cancelling) text = "Stopping";
      else if (running) text = total && done ? [note || `Step ${done} of ${total}`, done < total && `${percent} %`, done < total && rate ? `${rate.toFixed(1)} it/s` : "", eta_s ? `${studio.duration(eta_s)} left` : ""].filter(Boolean).join(" · ") : note || "Getting the model ready";
      if (line.textContent !== text) line.textContent = text;
      bar.firstChild.style.width = `${next.state === "succeeded" ? 100 : percent}%`;
      bar.setAttribute("aria-valuenow", String(percent));
      bar.classList.toggle("unsure", running && !total);
      for (const state of ["ended", "failed", "cancelled"]) bar.classList.toggle(state, state === "ended" ? ended(next.state) : next.state === state);
      cancel.hidden = ended(next.state);
      cancel.disabled = Boolean(next.cancelling);
      error.hidden = next.state !== "failed";
      if (next.error) error.replaceChildren(el("strong", {}, next.error.message || ""), el("span", {}, ` ${next.error.hint || ""}`),
        el("button", { type: "button", class: "quiet", onclick: () => trigger("select", { action: "retry", id: next.id }) }, "Try again"));
      if (running && next.preview_count) boxes.forEach(({ image, actions }, i) => {
        if ((!actions.dataset.state || next.kind === "grid") && i < next.preview_count) swap(image, `/api/v1/jobs/${next.id}/preview?picture=${i}&v=${next.version}`);
      });
      if (running && next.kind !== "grid" && (next.assets || []).length > known) { known = next.assets.length; results(next); }
      if (ended(next.state) && !settled) { settled = true; results(next); if (!studio.state.jobs.some((one) => one.state === "running")) trigger("change", { id: next.id }); }
    };
    const fetchJob = (id) => studio.json(`/api/v1/jobs/${id}`).then(show).catch(() => { if (!shown) blank(); });
    const pick = () => {
      const running = studio.state.jobs.find((one) => one.state === "running" && !["train", "reel"].includes(one.kind)); // Train and Motion show those
      const mine = studio.state.jobs.find((one) => one.id === shown);
      if (stay && !running) stay = null;
      if (running && stay !== shown) return show(running);
      if (stay) return;
      if (mine) return show(mine);
      if (shown && job && !ended(job.state)) fetchJob(shown);
    };
    studio.on("jobs", pick);
    watch("value", () => {
      const wanted = props.value && props.value.job;
      if (wanted) stay = props.value.stay ? wanted : null;
      if (wanted && wanted !== shown && !studio.state.jobs.some((one) => one.state === "running" && one.id === shown)) fetchJob(wanted);
      if (props.value && props.value.refresh && shown) { settled = false; boxes.forEach(({ actions }) => delete actions.dataset.state); fetchJob(shown); }
    });
    blank();
    let last = null;
    try { last = sessionStorage.getItem("studio-job"); } catch { /* private window */ }
    if (last || (props.value && props.value.job)) fetchJob(last || props.value.job);
    pick();
  };

  /* A picture dropped anywhere on the open Create tab goes the way of the button "Settings from a picture". */
  const target = () => { const input = document.querySelector("#create-dropped input[type=file]") || document.querySelector("#create-dropped")?.parentElement?.querySelector("input[type=file]"); const tab = document.querySelector("#tab-create"); return tab && tab.offsetParent ? input : null; };
  // the editor and the references take their own drops
  const draws = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files") && !event.target.closest?.("#create-editor, #create-references");
  const mark = (on) => document.querySelector("#tab-create")?.classList.toggle("dropping", on);
  document.addEventListener("dragover", (event) => { if (draws(event) && target()) { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; mark(true); } else mark(false); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  document.addEventListener("drop", (event) => {
    mark(false);
    const input = draws(event) && target();
    if (!input) return;
    event.preventDefault();
    const chosen = new DataTransfer();
    chosen.items.add(event.dataTransfer.files[0]);
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  /* The queue: running first, then waiting in order, then what ended lately. Emits select {action, id, to}. */
  studio.queue = (element, props, trigger, watch) => {
    const root = studio.root(element, "queue-root");
    let recent = [];
    const button = (job, action, text, title, more = {}) => el("button", { type: "button", class: "quiet", title, "aria-label": `${title}: ${words(job)}`,
      onclick: () => trigger("select", { action, id: job.id, ...more }) }, text);
    const words = (job) => (job.title || (job.request && job.request.prompt) || "Picture").slice(0, 120);
    const row = (job) => {
      const { done = 0, total = 0, eta_s } = job.progress || {};
      const label = job.state === "running" ? (total ? `${Math.round((100 * done) / total)} %${eta_s ? ` · ${studio.duration(eta_s)} left` : ""}` : "starting")
        : job.state === "waiting" ? `number ${job.position}` : job.state;
      const thumb = job.assets && job.assets.length ? `/api/v1/assets/${job.assets[0]}/thumbnail`
        : job.preview_count ? `/api/v1/jobs/${job.id}/preview?picture=0&v=${job.version}` : null;
      const buttons = [];
      if (job.state === "waiting") {
        if (job.position > 1) buttons.push(button(job, "move", "↑", "Move up", { to: job.position - 1 }));
        if (job.position < waiting()) buttons.push(button(job, "move", "↓", "Move down", { to: job.position + 1 }));
      }
      if (!ended(job.state)) buttons.push(button(job, "cancel", "Cancel", "Cancel"));
      else {
        if (job.state !== "succeeded") buttons.push(button(job, "retry", "Retry", "Try again"));
        buttons.push(button(job, "show", "Show", "Show the result"), button(job, "remove", "Remove", "Remove from the list"));
      }
      return el("li", { class: `queue-row ${job.state}` },
        thumb ? el("img", { src: thumb, alt: "", loading: "lazy" }) : el("span", { class: "queue-blank", "aria-hidden": "true" }),
        el("div", { class: "queue-words" }, el("span", { class: "queue-title" }, words(job)),
          el("span", { class: "queue-note" }, [label, job.request && job.request.batch > 1 ? `${job.request.batch} pictures` : "", job.owner ? `by ${job.owner}` : "", job.attempt > 1 ? `attempt ${job.attempt}` : "", job.error ? job.error.message : ""].filter(Boolean).join(" · "))),
        el("div", { class: "queue-buttons" }, buttons));
    };
    /* Only the first waiting jobs are sent; their number is that of all. */
    const waiting = () => studio.state.waiting_total ?? studio.state.jobs.filter((one) => one.state === "waiting").length;
    const queued = (active) => active.filter((one) => one.state !== "waiting").length + waiting();
    const render = () => {
      if (root.contains(document.activeElement) && document.activeElement.matches("button:active")) return;
      const active = studio.state.jobs.filter((one) => !ended(one.state));
      const rows = [...active, ...recent.filter((one) => !active.some((other) => other.id === one.id))];
      const focused = document.activeElement && root.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
      root.replaceChildren(
        el("div", { class: "queue-head" },
          el("span", {}, active.length ? `${queued(active)} in the queue` : "The queue is empty"),
          el("button", { type: "button", class: "quiet", onclick: () => trigger("select", { action: studio.state.paused ? "resume" : "pause", id: "" }) }, studio.state.paused ? "Resume queue" : "Pause queue"),
          recent.length ? el("button", { type: "button", class: "quiet", onclick: () => trigger("select", { action: "clear", id: "" }) }, "Clear finished") : null),
        rows.length ? el("ul", { class: "queue-list" }, rows.map(row)) : "");
      if (focused) [...root.querySelectorAll("button")].find((one) => one.getAttribute("aria-label") === focused)?.focus();
    };
    const reload = () => studio.json("/api/v1/jobs?active=false&limit=12").then((page) => {
      recent = (page.items || page.jobs || []).filter((one) => ended(one.state));
      render();
    }).catch(() => {});
    studio.on("jobs", render);
    studio.on("ended", () => setTimeout(reload, 150));
    watch("value", reload);
    reload();
  };
})();
