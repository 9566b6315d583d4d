/* The System tab: storage bars, settings, the log. Draws what the server hands it; asks again only while it is seen. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;

  /* The theme of the settings, unless this browser has chosen one of its own by the header's switch. */
  studio.theme = (wanted) => {
    try { if (localStorage.getItem("studio-theme")) return; } catch { /* private window */ }
    const dark = wanted === "dark" || (wanted !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.body.classList.toggle("dark", dark);
  };

  /* value: {rows: [{name, size, share, note}], total, trash: {count, days}}. Emits select {days} to delete what is older, null for all. */
  studio.storage = (element, props, trigger, watch) => {
    const clear = async (days, what) => {
      const answer = await studio.ask("Delete forever?", `This deletes ${what}: files and recipes. It cannot be undone.`,
        [{ key: "no", label: "Keep" }, { key: "yes", label: "Delete forever", kind: "danger" }]);
      if (answer === "yes") trigger("select", { days });
    };
    const render = () => {
      const { rows = [], total = "", trash = { count: 0 } } = props.value || {};
      studio.root(element, "storage-root").replaceChildren(
        el("ul", { class: "storage" }, rows.map((row) => {
          const bar = el("span", { class: "storage-bar", "aria-hidden": "true" }, el("span"));
          bar.firstChild.style.width = `${Math.max(row.share * 100, row.share > 0 ? 1 : 0)}%`;
          return el("li", {}, el("span", { class: "storage-name" }, row.name), el("span", { class: "storage-size" }, row.size), bar,
            row.note && el("span", { class: "storage-note" }, row.note));
        })),  total && el("p", { class: "storage-total" }, total),
        trash.count ? el("div", { class: "storage-trash" }, el("span", {}, `${trash.count} ${trash.count === 1 ? "picture" : "pictures"} in the trash`),
          trash.days ? el("button", { type: "button", class: "quiet", onclick: () => clear(trash.days, `everything that has been in the trash for more than ${trash.days} days`) }, `Delete older than ${trash.days} days`) : null,
          el("button", { type: "button", class: "quiet danger", onclick: () => clear(null, "everything in the trash") }, "Empty the trash")) : "");
    };
    watch("value", render);
    render();
  };

  /* value: {groups: [{title, settings: [{name, label, kind, value, help, choices, min, max, step, off, note, changed}]}], theme}
     Emits select {action: "save", values} with what differs, and {action: "reset", name}. */
  studio.settings = (element, props, trigger, watch) => {
    let drawnAs = "";
    const render = () => {
      const root = studio.root(element, "settings-root"), { groups = [], theme } = props.value || {};
      if (theme) { // just saved: it counts in this browser too
        try { localStorage.removeItem("studio-theme"); } catch { /* private window */ }
        studio.theme(theme);
      }
      if (drawnAs === JSON.stringify(groups) && root.firstChild) return; // the same again: keep what is being typed
      drawnAs = JSON.stringify(groups);
      const fields = groups.flatMap((group) => group.settings);
      const start = Object.fromEntries(fields.map((field) => [field.name, field.value]));
      fields.forEach((field) => {
        field.wide = true;
        field.extra = field.changed && !field.off && el("button", { type: "button", class: "quiet", "aria-label": `Reset ${field.label}`,
          onclick: () => trigger("select", { action: "reset", name: field.name }) }, `Reset to ${field.usual}`);
      });
      const form = studio.form(fields, start, { label: "Settings", save: "Save settings", changed: () => check(), done: (values) => trigger("select", { action: "save", values: differing(values) }) });
      const save = form.querySelector("[type=submit]");
      const holder = form.querySelector(".form-fields"), drawn = [...holder.children];
      let at = 0;
      holder.replaceChildren(...groups.map((group) => el("fieldset", {}, el("legend", {}, group.title), drawn.slice(at, (at += group.settings.length)))));
      const first = studio.values(form, fields);
      const differing = (values) => Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== first[name]));
      const check = () => { save.disabled = !Object.keys(differing(studio.values(form, fields))).length; };
      check();
      root.replaceChildren(form);
    };
    watch("value", render);
    render();
  };

  /* value: {lines: [{time, level, source, text}], newest, level}
     Emits tick {level, newest} every two seconds while it is seen and live, and whenever the level changes. */
  studio.log = (element, props, trigger, watch) => {
    let level = "INFO", live = false, timer = 0;
    const body = el("ol", { class: "log-lines", tabindex: "0", "aria-label": "Log, newest last" });
    const state = el("span", { class: "log-state", role: "status" });
    const ask = (newest) => trigger("tick", { level, newest });
    const beat = () => {
      clearTimeout(timer);
      if (!live) return;
      const seen = element.isConnected && element.offsetParent !== null && !document.hidden;
      if (seen) ask((props.value || {}).newest || "");
      timer = setTimeout(beat, 2000);
    };
    const setLive = (on) => { live = on; toggle.setAttribute("aria-checked", on ? "true" : "false"); state.textContent = on ? "New lines appear by themselves" : ""; beat(); };
    const toggle = el("button", { type: "button", class: "switch", role: "switch", "aria-checked": "false", onclick: () => setLive(!live) }, el("span", { class: "switch-knob", "aria-hidden": "true" }), "Live");
    const levels = el("select", { id: "log-level", onchange: () => { level = levels.value; ask(""); } },
      [["DEBUG", "Everything"], ["INFO", "Information and above"], ["WARNING", "Warnings and errors"], ["ERROR", "Errors only"]].map(([value, label]) =>
        el("option", { value, selected: value === level }, label)));
    const head = el("div", { class: "log-head" }, el("label", { for: "log-level" }, "Level"), levels, toggle,
      el("button", { type: "button", class: "quiet", onclick: () => ask("") }, "Refresh"), state);
    const render = () => {
      const root = studio.root(element, "log-root"), { lines = [] } = props.value || {};
      if (!root.contains(head)) root.replaceChildren(head, body);
      const atEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 40;
      body.replaceChildren(...(lines.length ? lines.map((line) => el("li", { class: `log-line ${line.level.toLowerCase()}` },
        el("time", {}, line.time), el("span", { class: "log-level" }, line.level), el("span", { class: "log-source" }, line.source), el("span", { class: "log-text" }, line.text)))
        : [el("li", { class: "log-none" }, "No lines of this level.")]));
      if (atEnd || !body.dataset.drawn) body.scrollTop = body.scrollHeight;
      body.dataset.drawn = "1";
    };
    watch("value", render);
    render();
    requestAnimationFrame(() => { body.scrollTop = body.scrollHeight; });
  };
})();
