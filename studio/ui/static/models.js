/* The Models tab: cards of models and LoRAs, what is on its way, and the page for adding. Draws what the server hands
   it and what the event stream says of downloads; emits select with what was pressed. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;

  const size = (bytes) => {
    const units = ["bytes", "kB", "MB", "GB", "TB"];
    let at = 0;
    while (bytes >= 1000 && at < 4) { bytes /= 1000; at += 1; }
    return `${at && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[at]}`;
  };
  const button = (label, press, more = {}) => el("button", { type: "button", class: `quiet ${more.main ? "main" : ""} ${more.danger ? "danger" : ""}`,
    disabled: Boolean(more.off), "aria-label": more.full, onclick: press }, label);
  const light = (one) => el("span", { class: `light ${one.kind}`, title: `${one.said}. ${one.terms}` },
    el("span", { class: "light-dot", "aria-hidden": "true" }), el("span", {}, one.text), el("span", { class: "offscreen" }, `: ${one.said}`));
  const fit = (one) => one && el("span", { class: `fit ${one.verdict}` }, one.text);
  const problem = (text, hint) => el("p", { class: "model-problem", role: "alert" }, el("strong", {}, text), hint ? ` ${hint}` : "");

  /* A card's details: facts, the licence and its own words, and a form for what people may change. */
  const details = (card, save) => {
    const dialog = el("dialog", { class: "model-details", "aria-label": card.name });
    const close = () => { dialog.close(); dialog.remove(); };
    const words = el("pre", { class: "licence-words", hidden: true, tabindex: "0" });
    const read = async () => {
      words.hidden = false;
      words.textContent = "Reading …";
      try {
        const answer = await fetch(card.details.text);
        words.textContent = answer.ok ? await answer.text() : "It could not be read.";
      } catch { words.textContent = "It could not be read."; }
    };
    const one = card.light;
    dialog.append(
      el("div", { class: "details-head" }, el("h2", {}, card.name), button("Close", close)),
      el("div", { class: "details-body" },
        el("section", {}, el("h3", {}, "Facts"), el("dl", { class: "facts" }, card.details.facts.filter(([, value]) => value !== "").flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]))),
        el("section", {}, el("h3", {}, "Licence"), el("p", { class: "licence-line" }, light(one), el("span", { class: "licence-said" }, one.said)),
          el("p", { class: "licence-terms" }, one.terms),
          one.forbids.length ? el("p", { class: "licence-terms" }, `It forbids: ${one.forbids.join(", ")}.`) : null,
          el("div", { class: "model-actions" }, card.details.text && button("Read its words", read), one.url && el("a", { class: "quiet", href: one.url, target: "_blank", rel: "noreferrer noopener" }, "Its page")), words),
        el("section", {}, el("h3", {}, "Settings"), studio.form(card.details.fields, card.details.values, { label: `Settings of ${card.name}`, save: "Save", done: (values) => { save(values); close(); }, cancel: close }))));
    dialog.addEventListener("click", (event) => { if (event.target === dialog) close(); });
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
    document.body.append(dialog);
    dialog.showModal();
  };

  /* value: {list, groups: [{title, cards}], trash: [{id, name, size}], machine, lead, notice, empty, loading, noun}
     Emits select {action, id, values}. */
  studio.models = (element, props, trigger, watch) => {
    let timer = 0, text = "";
    const value = () => props.value || { groups: [] };
    const act = (action, id, values) => trigger("select", { action, id, values });
    const remove = async (card) => {
      const answer = await studio.ask(`Remove ${card.name}?`, card.removal, [{ key: "no", label: "Keep" }, { key: "yes", label: "Remove", kind: "danger" }]);
      if (answer === "yes") act("remove", card.id);
    };
    const forever = async (one) => {
      const answer = await studio.ask(`Delete ${one.name} for good?`, `This frees ${one.size} where the studio keeps its files. It cannot be undone.`, [{ key: "no", label: "Keep" }, { key: "yes", label: "Delete for good", kind: "danger" }]);
      if (answer === "yes") act("forever", one.id);
    };
    const matches = (card) => !text || `${card.name} ${card.summary} ${card.facts.join(" ")} ${(card.words || []).join(" ")}`.toLowerCase().includes(text);
    const draw = (card) => el("li", { class: `model-card ${card.state}`, dataset: { id: card.id } },
      card.preview ? el("img", { class: "model-preview", src: card.preview, alt: "", loading: "lazy", onerror: (event) => event.target.remove() })
        : card.kind === "lora" && value().list === "loras" ? el("div", { class: "model-preview model-blank", "aria-hidden": "true" }, [...card.name][0]) : null,
      el("div", { class: "model-words" },
        el("h4", {}, card.name, card.badges.map((one) => el("span", { class: `badge ${one.kind}` }, one.text))),
        el("p", { class: "model-facts" }, card.facts.filter(Boolean).join(" · ")),
        card.summary && el("p", { class: "model-summary" }, card.summary),
        card.words && card.words.length ? el("p", { class: "model-triggers" }, card.words.slice(0, 8).map((word) => el("span", { class: "chip" }, word))) : null,
        card.problem && (card.quiet_problem ? el("p", { class: "model-note" }, card.problem) : problem(card.problem)),
        card.state === "loading" && el("div", { class: "stage-bar unsure" }, el("span")),
        el("p", { class: "model-lights" }, light(card.light), fit(card.fit))),
      el("div", { class: "model-actions" },
        card.actions.map((one) => button(one.label, () => act(one.key, card.id), { off: one.off, main: one.main, full: `${one.label}: ${card.name}` })),
        card.details && button("Details", () => details(card, (values) => act("save", card.id, values)), { full: `Details of ${card.name}` }),
        card.removal && button("Remove", () => remove(card), { full: `Remove ${card.name}` })));
    const trash = (items) => el("details", { class: "model-trash" }, el("summary", {}, `Trash (${items.length})`),
      el("ul", {}, items.map((one) => el("li", {}, el("span", {}, one.name), el("span", { class: "model-size" }, one.size),
        button("Restore", () => act("restore", one.id), { full: `Restore ${one.name}` }), button("Delete for good", () => forever(one), { danger: true, full: `Delete ${one.name} for good` })))));
    const search = el("input", { type: "search", class: "model-search", placeholder: "Search", "aria-label": "Search", oninput: () => { text = search.value.trim().toLowerCase(); body(); } });
    const holder = el("div", { class: "model-groups" });
    const body = () => {
      const { groups = [], empty } = value();
      const cards = groups.map((group) => [group.title, group.cards.filter(matches)]).filter(([, found]) => found.length);
      holder.replaceChildren(...(cards.length ? cards.map(([title, found]) => el("section", {}, title && el("h3", { class: "panel-title" }, title), el("ul", { class: "model-cards" }, found.map(draw))))
        : [el("div", { class: "empty" }, el("p", { class: "empty-title" }, text ? "Nothing matches" : empty?.title || "Nothing here yet"), el("p", { class: "empty-next" }, text ? "Try fewer letters." : empty?.next || ""))]));
    };
    const render = () => {
      const root = studio.root(element, "models-root"), now = value();
      const open = root.querySelector(".model-trash")?.open;
      const many = now.groups.reduce((sum, group) => sum + group.cards.length, 0) > 6;
      const parts = [now.notice && el("div", { class: "notice warn" }, now.notice), now.lead && el("p", { class: "hint" }, now.lead),
        now.machine && el("p", { class: "model-machine" }, now.machine), many ? search : null, holder, now.trash?.length ? trash(now.trash) : null].filter(Boolean);
      const typing = document.activeElement === search;
      root.replaceChildren(...parts);
      if (typing && many) search.focus();
      body();
      if (open && root.querySelector(".model-trash")) root.querySelector(".model-trash").open = true;
      clearTimeout(timer);
      if (now.loading) timer = setTimeout(() => { if (element.isConnected) act("look"); }, 1500);
    };
    watch("value", render);
    render();
  };

  /* What is on its way, from the event stream. Emits select {action: pause | resume | cancel | ended, id}. */
  studio.downloads = (element, props, trigger, watch) => {
    const rows = new Map();
    const root = studio.root(element, "downloads-root");
    const act = (action, id) => trigger("select", { action, id });
    const cancel = async (one) => {
      const answer = one.done ? await studio.ask(`Cancel ${one.name}?`, `${size(one.done)} have arrived; they are thrown away. Pause instead to keep them.`,
        [{ key: "no", label: "Keep" }, { key: "yes", label: "Cancel it", kind: "danger" }]) : "yes";
      if (answer === "yes") act("cancel", one.id);
    };
    const line = (one) => {
      if (one.state === "failed") return "";
      if (one.state === "paused" || one.state === "pausing") return `${one.state === "paused" ? "Paused" : "Pausing"} at ${size(one.done)}${one.total ? ` of ${size(one.total)}` : ""}`;
      if (one.state === "waiting") return one.total && one.done ? `Waits, ${size(one.done)} of ${size(one.total)} are here` : "Waits for the one before";
      const parts = [one.total ? `${size(one.done)} of ${size(one.total)}` : "", one.rate ? `${size(one.rate)}/s` : "", one.eta_s && one.done < one.total ? `${studio.duration(one.eta_s)} left` : ""];
      return parts.filter(Boolean).join(" · ") || one.note || "Beginning";
    };
    const row = (one) => {
      const kept = rows.get(one.id) || { node: el("li", { class: "download", dataset: { id: one.id } }), state: "" };
      rows.set(one.id, kept);
      if (kept.state !== one.state) {
        kept.state = one.state;
        kept.bar = el("span");
        kept.line = el("span", { class: "download-line" });
        kept.note = el("span", { class: "download-note" });
        kept.holder = el("div", { class: `stage-bar ${one.state === "failed" ? "failed" : ""}`, role: "progressbar", "aria-label": one.name, "aria-valuemin": "0", "aria-valuemax": "100" }, kept.bar);
        const failed = one.state === "failed" && one.error;
        kept.node.className = `download ${one.state}`;
        kept.node.replaceChildren(...[
          el("div", { class: "download-head" }, el("span", { class: "download-name" }, one.name || one.repo), kept.line),
          kept.holder, failed ? problem(one.error.message, one.error.hint) : kept.note,
          el("div", { class: "model-actions" },
            ["running", "waiting"].includes(one.state) && button("Pause", () => act("pause", one.id), { full: `Pause ${one.name}` }),
            ["paused", "failed"].includes(one.state) && button(one.state === "failed" ? "Try again" : "Resume", () => act("resume", one.id), { main: true, full: `${one.state === "failed" ? "Try again" : "Resume"}: ${one.name}` }),
            button("Cancel", () => cancel(one), { full: `Cancel ${one.name}` }))]);
      }
      const share = one.total ? Math.min(100, (100 * one.done) / one.total) : 0;
      kept.bar.style.width = `${share}%`;
      kept.holder.setAttribute("aria-valuenow", String(Math.round(share)));
      kept.holder.classList.toggle("unsure", one.state === "running" && !one.total);
      const text = line(one), note = one.state === "running" && one.total ? one.note : "";
      if (kept.line.textContent !== text) kept.line.textContent = text;
      if (kept.note.textContent !== note) kept.note.textContent = note;
      return kept.node;
    };
    const list = el("ul", { class: "download-list", "aria-label": "Downloads" });
    const render = () => {
      const downloads = studio.state.downloads || [];
      const gone = [...rows.keys()].filter((id) => !downloads.some((one) => one.id === id));
      gone.forEach((id) => rows.delete(id));
      const nodes = downloads.map(row);
      if (nodes.length !== list.children.length || nodes.some((node, i) => list.children[i] !== node)) list.replaceChildren(...nodes);
      if (downloads.length && !root.firstChild) root.append(el("h3", { class: "panel-title" }, "On their way"), list);
      if (!downloads.length && root.firstChild) root.replaceChildren();
      root.classList.toggle("none", !downloads.length);
      if (gone.length) act("ended", gone[0]);
    };
    studio.on("jobs", render);
    watch("value", render);
    render();
  };

  /* The page for adding. value: {found, looking, token, place, offline, folders, folder, seen, problem: {where, message, hint}, done}
     Emits select {action: lookup | download | import | adopt | search | token | forget, ...}. */
  studio.addModel = (element, props, trigger, watch) => {
    const kept = { repo: "", path: "", mode: "reference" };
    let busy = "", last = null; // the last repository that was looked up stays until it is downloaded
    const value = () => props.value || {};
    const ask = (action, more = {}) => { busy = action; render(); trigger("select", { action, ...more }); };
    const field = (label, name, placeholder, press) => el("div", { class: "add-line" },
      el("label", { class: "add-label" }, el("span", {}, label), el("input", { type: "text", value: kept[name], placeholder, spellcheck: "false", autocomplete: "off",
        oninput: (event) => { kept[name] = event.target.value; }, onkeydown: (event) => { if (event.key === "Enter") { event.preventDefault(); press(); } } })));
    const seen = (one) => el("div", { class: "model-card seen" },
      el("div", { class: "model-words" }, el("h4", {}, one.name, el("span", { class: "badge" }, one.kind)), el("p", { class: "model-facts" }, one.facts.filter(Boolean).join(" · ")),
        one.asks && el("p", { class: "model-note" }, "Its page asks who is downloading: accept its terms there and enter a token below."),
        one.problem && problem(one.problem), el("p", { class: "model-lights" }, light(one.light), fit(one.fit)), one.light.terms && el("p", { class: "model-summary" }, one.light.terms),
        one.choices.length ? el("div", { class: "choices" }, el("p", { class: "model-note" }, "It holds several. Choose one:"),
          one.choices.map((choice) => button(`${choice.file} · ${choice.size}`, () => ask("lookup", { repo: one.repo, file: choice.file })))) : null),
      one.choices.length ? null : el("div", { class: "model-actions" }, button("Download", () => ask("download", { repo: one.repo, file: one.file }), { main: true })));
    const found = (one) => el("li", { class: "found" }, el("div", { class: "found-words" }, el("span", { class: "found-name" }, one.name, one.kind && el("span", { class: "badge" }, one.kind)),
      el("span", { class: "model-facts" }, one.facts.filter(Boolean).join(" · ")), el("span", { class: "found-path" }, one.path), one.problem && el("span", { class: "model-note" }, one.problem)),
      one.problem ? null : el("div", { class: "model-actions" }, button("Use it there", () => ask("adopt", { key: one.key }), { full: `Use ${one.name} where it lies` }),
        button("Copy", () => ask("adopt", { key: one.key, mode: "copy" }), { full: `Copy ${one.name} to the models folder` })));
    const render = () => {
      const root = studio.root(element, "add-root"), now = value(), wrong = (where) => now.problem?.where === where && !busy ? problem(now.problem.message, now.problem.hint) : null;
      const lookup = () => ask("lookup", { repo: kept.repo });
      const bring = () => ask("import", { place: kept.path, mode: kept.mode }) /* Gradio takes a "path" in an event for a file of its own */;
      const radio = (mode, label) => el("label", { class: "add-radio" }, el("input", { type: "radio", name: "add-mode", value: mode, checked: kept.mode === mode, onchange: () => { kept.mode = mode; } }), label);
      const token = el("input", { type: "password", placeholder: now.token ? "A token is kept" : "hf_…", autocomplete: "off", "aria-label": "Token" });
      root.replaceChildren(
        el("section", { class: "card" }, el("h3", { class: "panel-title" }, "From Hugging Face"),
          now.offline ? el("div", { class: "notice warn" }, "The studio is offline (System, Settings): nothing can be looked up or downloaded.") : null,
          field("Model", "repo", "owner/name, or the address of its page", lookup),
          el("div", { class: "model-actions" }, button(busy === "lookup" ? "Looking …" : "Look up", lookup, { main: true, off: Boolean(busy) || now.offline })),
          wrong("repo"), last && busy !== "lookup" ? seen(last) : null,
          el("details", { class: "add-token" }, el("summary", {}, now.token ? "Token: kept" : "Token for models that ask who is downloading"),
            el("p", { class: "hint" }, `Kept in ${now.place || "the keyring"}, sent only to the model server, and never shown again.`),
            el("div", { class: "add-line" }, token, button("Keep", () => ask("token", { token: token.value })), now.token ? button("Forget", () => ask("forget")) : null))),
        el("section", { class: "card" }, el("h3", { class: "panel-title" }, "A file or folder of this machine"),
          field("Path", "path", "/models/dream.safetensors, or a diffusers folder", bring),
          el("div", { class: "add-radios", role: "radiogroup", "aria-label": "How" }, radio("reference", "Use it where it lies"), radio("copy", "Copy it to the models folder")),
          el("div", { class: "model-actions" }, button("Import", bring, { main: true, off: Boolean(busy) })), wrong("path"),
          el("p", { class: "hint" }, `Only .safetensors files: pickles (.ckpt, .pt, .bin) could run a program when they are opened. The models folder is ${now.folder || ""}`)),
        el("section", { class: "card wide" }, el("div", { class: "found-head" }, el("h3", { class: "panel-title" }, "Already on this machine"), button(busy === "search" || now.looking ? "Looking …" : "Look again", () => ask("search"), { off: Boolean(busy) })),
          now.found?.length ? el("ul", { class: "found-list" }, now.found.map(found))
            : el("p", { class: "hint" }, now.looking ? "Looking around …" : "Nothing that is not in the library yet."),
          el("p", { class: "hint" }, now.folders?.length ? `Looked through: the Hugging Face cache, ${now.folders.join(", ")}.` : "Looked through: the Hugging Face cache. Name folders of ComfyUI, A1111 and others in System, Settings, Other model folders.")));
    };
    watch("value", () => {
      busy = "";
      if (value().seen || value().problem?.where === "repo" || value().done === "download") last = value().seen || null;
      if (value().done === "download") kept.repo = "";
      if (value().done) kept.path = value().done === "import" ? "" : kept.path;
      if (element.querySelector("input:focus") && !value().seen && !value().problem && !value().done && document.activeElement.value) return; // only looked at again: keep what is being typed
      render();
    });
    render();
  };
})();
