/* The page's own script: live events, theme, toasts' neighbour "zoom", and the picture grid.
   Knows the REST API's addresses and the DOM; never what a picture means. No framework: gr.HTML hands us an element. */
(() => {
  "use strict";
  const studio = (window.studio = window.studio || {});
  const listeners = new Map();
  studio.state = { version: 0, paused: false, jobs: [] };

  studio.on = (name, callback) => {
    if (!listeners.has(name)) listeners.set(name, new Set());
    listeners.get(name).add(callback);
    return () => listeners.get(name).delete(callback);
  };
  const emit = (name, value) => (listeners.get(name) || []).forEach((callback) => callback(value));
  studio.emit = emit;

  /* A page that was just opened takes no input until what it had before is back: an answer that restores a choice would
     otherwise undo one made meanwhile. A server that does not answer holds nobody up for longer than PATIENCE_MS. */
  const PATIENCE_MS = 10000, missing = new Set(["form", "tab"]);
  document.documentElement.inert = true;
  studio.restored = (part) => {
    missing.delete(part);
    if (!missing.size) document.documentElement.inert = false;
    return [];
  };
  setTimeout(() => [...missing].forEach(studio.restored), PATIENCE_MS);

  /* Elements. Text is always set as text, never as HTML. */
  studio.el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === undefined || value === null || value === false) continue;
      if (name === "class") node.className = value;
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (name === "dataset") Object.assign(node.dataset, value);
      else if (value === true) node.setAttribute(name, "");
      else node.setAttribute(name, value);
    }
    for (const child of children.flat()) if (child !== null && child !== undefined && child !== false) node.append(child);
    return node;
  };
  const el = studio.el;

  studio.duration = (seconds) => {
    if (seconds === null || seconds === undefined || !isFinite(seconds)) return "";
    if (seconds < 1) return "under 1 s";
    if (seconds < 90) return `${Math.round(seconds)} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    return `${(seconds / 3600).toFixed(1)} h`;
  };

  /* What this browser remembers for a page that is opened again. Without storage (a private window) it forgets. */
  studio.remember = (name, value) => { try { localStorage.setItem(`studio-${name}`, value); } catch { /* no storage */ } };
  studio.recall = (name) => { try { return localStorage.getItem(`studio-${name}`) || ""; } catch { return ""; } };

  /* Press a component's button, wherever Gradio put it. */
  studio.press = (selector) => {
    const node = document.querySelector(selector);
    setTimeout(() => (node?.matches("a, button") ? node : node?.querySelector("a, button"))?.click(), 100);
  };

  /* A root node inside a gr.HTML element that survives the component's own re-rendering. */
  studio.root = (element, name) => {
    let node = element.querySelector(`:scope .${name}`);
    if (!node) {
      node = el("div", { class: name });
      element.append(node);
    }
    return node;
  };

  /* Parts drawn from a value. Gradio hands it over as one JSON text (see parts/drawn.py), read once per change. */
  studio.draw = (name, element, props, trigger, watch) => {
    let text, value = null;
    const read = () => {
      const now = props.value;
      if (typeof now !== "string") return now;
      if (now !== text) { text = now; value = now ? JSON.parse(now) : null; }
      return value;
    };
    studio[name](element, { get value() { return read(); } }, trigger, watch);
  };

  /* Which tab is seen. It is kept, so that a reload comes back to it. */
  const tabSeen = () => {
    const open = [...document.querySelectorAll('[id^="tab-"][role=tabpanel]')].find((one) => one.offsetParent);
    if (!open || open.id === `tab-${studio.seen}`) return;
    studio.seen = open.id.replace("tab-", "");
    try { sessionStorage.setItem("studio-tab", studio.seen); } catch { /* no storage */ }
    emit("tab", studio.seen);
  };
  /* Gradio's own select event stays silent when a handler opens a tab. */
  new MutationObserver((changes) => {
    if (changes.some(({ target }) => target.matches("[role=tab]"))) setTimeout(tabSeen, 20);
  }).observe(document.documentElement, { subtree: true, attributeFilter: ["aria-selected"] });

  /* A tab's lists are drawn before it is opened and stay drawn; after it is seen they are asked for again, but only when
     something changed. A tab switch then waits for no server.
     value: {tab, heeds: the kinds of documents it shows, or "time" for what is never the same}. Emits select. */
  const FRESH_MS = 5000;
  studio.visit = (element, props, trigger) => {
    const { tab, heeds } = props.value;
    let drawn = null, at = -Infinity, looking = false;
    const look = async () => {
      if (looking) return;
      looking = true;
      try {
        const now = heeds.includes("time") ? { time: Date.now() - at > FRESH_MS ? Date.now() : at } : await studio.json("/api/v1/system/changes");
        const mark = heeds.map((kind) => now[kind]).join();
        if (mark !== drawn) { drawn = mark; at = now.time ?? at; trigger("select", {}); }
      } catch { drawn = null; } // asked again at the next visit
      looking = false;
    };
    studio.on("tab", (open) => { if (open === tab) requestAnimationFrame(() => setTimeout(look, 0)); });
    studio.on("changed", () => { if (studio.seen === tab) look(); });
    setTimeout(look, studio.recallTab() === tab ? 0 : 400); // what is seen first comes first
  };
  studio.recallTab = () => { try { return sessionStorage.getItem("studio-tab") || ""; } catch { return ""; } };

  /* One event stream per visible page. Browsers allow few connections per server, so a hidden page holds none. */
  let source = null, retry = 500;
  const disconnect = () => { if (source) source.close(); source = null; };
  const connect = () => {
    if (source || document.hidden) return;
    source = new EventSource("/api/v1/events");
    source.onmessage = (message) => {
      retry = 500;
      const previous = studio.state;
      try { studio.state = JSON.parse(message.data); } catch { return; }
      studio.connected = true;
      emit("jobs", studio.state);
      const gone = previous.jobs.filter((old) => !studio.state.jobs.some((job) => job.id === old.id));
      const ended = studio.state.jobs.filter((job) => ["succeeded", "failed", "cancelled"].includes(job.state)
        && previous.jobs.some((old) => old.id === job.id && old.state !== job.state));
      for (const job of [...gone, ...ended]) emit("ended", job);
    };
    source.onerror = () => {
      disconnect();
      studio.connected = false;
      emit("lost");
      setTimeout(connect, (retry = Math.min(retry * 2, 10000)));
    };
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", connect);
  else connect();

  studio.json = async (path) => {
    const answer = await fetch(path, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  };

  /* Light and dark: follows the system until somebody chooses. */
  const applyTheme = () => {
    const chosen = studio.recall("theme");
    if (chosen) document.body.classList.toggle("dark", chosen === "dark");
  };
  studio.header = (element) => {
    applyTheme();
    setTimeout(applyTheme, 400);
    element.querySelector(".theme-switch").addEventListener("click", () => {
      studio.remember("theme", document.body.classList.contains("dark") ? "light" : "dark");
      applyTheme();
    });
    const line = element.querySelector(".queue-line");
    studio.on("jobs", ({ jobs, paused }) => {
      const waiting = studio.state.waiting_total ?? jobs.filter((job) => job.state === "waiting").length;
      const running = jobs.find((job) => job.state === "running");
      let text = "";
      if (running) {
        const { done, total, eta_s } = running.progress;
        text = total ? `Making ${Math.round((100 * done) / total)} %` : "Starting";
        if (eta_s) text += ` · ${studio.duration(eta_s)} left`;
      }
      if (waiting) text += `${text ? " · " : ""}${waiting} waiting`;
      if (paused) text += `${text ? " · " : ""}queue paused`;
      if (line.textContent !== text) line.textContent = text;
      line.classList.toggle("live", Boolean(running));
    });
    studio.on("lost", () => { line.textContent = "Connection lost, trying again"; line.classList.remove("live"); });
  };

  /* Zoom: one dialog for the whole page. Arrow keys walk, Escape closes, focus returns to where it was. */
  let zoomed = null;
  studio.zoom = (pictures, index = 0) => {
    if (!pictures.length) return;
    if (!zoomed) {
      const image = el("img", { alt: "" });
      const film = el("video", { controls: true, playsinline: true, loop: true, hidden: true });
      const note = el("p", { class: "zoom-note" });
      const dialog = el("dialog", { class: "zoom", "aria-label": "Picture, enlarged" },
        el("button", { type: "button", class: "zoom-close", "aria-label": "Close", onclick: () => dialog.close() }, "×"),
        el("button", { type: "button", class: "zoom-step back", "aria-label": "Previous picture", onclick: () => zoomed.go(-1) }, "‹"),
        el("figure", {}, image, film, note),
        el("button", { type: "button", class: "zoom-step on", "aria-label": "Next picture", onclick: () => zoomed.go(1) }, "›"));
      dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
      dialog.addEventListener("keydown", (event) => {
        if (event.key === "ArrowLeft") zoomed.go(-1);
        if (event.key === "ArrowRight") zoomed.go(1);
        event.stopPropagation();
      });
      dialog.addEventListener("close", () => film.pause());
      document.body.append(dialog);
      zoomed = { dialog, image, note, go(by) { this.show((this.index + by + this.pictures.length) % this.pictures.length); },
        show(at) {
          this.index = at;
          const picture = this.pictures[at];
          image.hidden = Boolean(picture.clip); film.hidden = !picture.clip;
          if (picture.clip) { film.src = picture.full; film.poster = picture.thumb || ""; film.setAttribute("aria-label", picture.alt || "Clip"); }
          else { film.pause(); film.removeAttribute("src"); image.src = picture.full; image.alt = picture.alt || ""; }
          note.textContent = [picture.caption, this.pictures.length > 1 ? `${at + 1} of ${this.pictures.length}` : ""].filter(Boolean).join(" · ");
        } };
    }
    zoomed.pictures = pictures;
    zoomed.dialog.classList.toggle("single", pictures.length < 2);
    zoomed.show(Math.max(0, index));
    zoomed.dialog.showModal();
  };

  /* The picture grid.
     value: {pictures: [{id, thumb, full, alt, caption, state, starred, badges: [{text, kind}]}], selected: [ids],
             select: "many" | "one" | "none", empty: {title, next}}
     Arrow keys move, Space selects, Enter opens, Shift extends. Emits select {ids} and click {id}. */
  studio.grid = (element, props, trigger, watch) => {
    let selected = new Set(), focusId = null, anchor = 0;
    const value = () => props.value || { pictures: [] };
    const mode = () => value().select || "none";
    const cards = () => [...element.querySelectorAll(".grid-card")];
    const paint = () => cards().forEach((card) => {
      const on = selected.has(card.dataset.id);
      card.classList.toggle("selected", on);
      card.setAttribute("aria-selected", on ? "true" : "false");
    });
    const tell = () => trigger("select", { ids: value().pictures.map((one) => one.id).filter((id) => selected.has(id)) });
    const pick = (index, extend, only) => {
      const pictures = value().pictures, id = pictures[index].id;
      if (mode() === "none") return;
      if (mode() === "one" || only) selected = new Set([id]);
      else if (extend) for (let i = Math.min(anchor, index); i <= Math.max(anchor, index); i++) selected.add(pictures[i].id);
      else selected.has(id) ? selected.delete(id) : selected.add(id);
      if (!extend) anchor = index;
      paint();
      tell();
    };
    const focus = (index) => {
      const all = cards();
      if (!all[index]) return;
      all.forEach((card, i) => (card.tabIndex = i === index ? 0 : -1));
      focusId = all[index].dataset.id;
      all[index].focus();
    };
    const key = (event, index) => {
      const all = cards();
      const columns = Math.max(1, all.filter((card) => card.offsetTop === all[0].offsetTop).length);
      const go = { ArrowRight: index + 1, ArrowLeft: index - 1, ArrowDown: index + columns, ArrowUp: index - columns,
        Home: 0, End: all.length - 1 }[event.key];
      if (go !== undefined) { focus(Math.max(0, Math.min(all.length - 1, go))); event.preventDefault(); }
      else if (event.key === " ") { pick(index, event.shiftKey); event.preventDefault(); }
      else if (event.key === "Enter") { open(index); event.preventDefault(); }
      else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a" && mode() === "many") {
        value().pictures.forEach((one) => selected.add(one.id)); paint(); tell(); event.preventDefault();
      }
    };
    const open = (index) => {
      const pictures = value().pictures;
      if (value().zoom) studio.zoom(pictures, index);
      trigger("click", { id: pictures[index].id });
    };
    const render = () => {
      const root = studio.root(element, "grid-root");
      const { pictures = [], empty } = value();
      const before = selected.size, held = root.contains(document.activeElement);
      // a list that was only asked for again keeps what was selected meanwhile
      selected = new Set(value().selected || pictures.map((one) => one.id).filter((id) => selected.has(id)));
      if (!value().selected && selected.size < before) setTimeout(tell, 0);
      root.replaceChildren();
      if (!pictures.length) {
        if (empty) root.append(el("div", { class: "empty" }, el("p", { class: "empty-title" }, empty.title), el("p", { class: "empty-next" }, empty.next || "")));
        return;
      }
      const list = el("div", { class: "grid", role: "listbox", "aria-label": value().label || "Pictures", "aria-multiselectable": mode() === "many" ? "true" : "false" });
      pictures.forEach((picture, index) => {
        const image = el("img", { src: picture.thumb, alt: picture.alt || "", loading: "lazy", decoding: "async", draggable: "false" });
        image.addEventListener("error", () => card.classList.add("missing"), { once: true });
        const card = el("div", { class: `grid-card ${picture.state || ""}`, role: "option", tabindex: index ? "-1" : "0", dataset: { id: picture.id },
          "aria-label": picture.alt || picture.caption || `Picture ${index + 1}`,
          onclick: (event) => { card.focus(); (mode() === "none" || event.detail > 1) ? open(index) : pick(index, event.shiftKey); },
          ondblclick: (event) => event.preventDefault(),
          onkeydown: (event) => key(event, index) },
          image,
          picture.starred && el("span", { class: "star", "aria-label": "starred" }, "★"),
          el("span", { class: "tick", "aria-hidden": "true" }, "✓"),
          el("span", { class: "grid-badges" }, (picture.badges || []).map((one) => el("span", { class: `badge ${one.kind || ""}`, title: one.title || null }, one.text))),
          picture.caption && el("span", { class: "grid-caption" }, picture.caption));
        list.append(card);
      });
      root.append(list);
      if (value().more) root.append(el("button", { type: "button", class: "quiet grid-more", onclick: () => trigger("expand", {}) }, `Show more (${value().more})`));
      paint();
      const kept = pictures.findIndex((one) => one.id === focusId);
      if (kept > 0) cards().forEach((card, i) => (card.tabIndex = i === kept ? 0 : -1));
      if (held && kept >= 0) cards()[kept].focus({ preventScroll: true });
    };
    watch("value", render);
    render();
  };

  /* Typing into a list replaces what was chosen instead of growing on it. */
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("input[role=combobox]")) setTimeout(() => event.target.select(), 0);
  });

  /* Ctrl+Enter presses the visible primary button marked with the class "on-ctrl-enter". */
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      const button = [...document.querySelectorAll("button.on-ctrl-enter, .on-ctrl-enter button")].find((one) => one.offsetParent && !one.disabled);
      if (button) {
        document.activeElement?.blur?.(); // a text box tells the server its value when it is left
        setTimeout(() => button.click(), 30);
        event.preventDefault();
      }
    }
  });
})();
