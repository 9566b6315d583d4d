/* Wildcard lists in the Create tab: press one to put it into the prompt, edit it, or begin a new one. Talks to /wildcards
   of the API, so that no form value travels for it. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  const HOW = "Write {red|blue} for a choice and __place__ for a line of a list. Every picture draws its own, by its seed.";

  const send = async (method, path, body) => {
    const answer = await fetch(`/api/v1/wildcards${path}`, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    const found = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (!answer.ok) throw new Error(found?.error ? `${found.error.message} ${found.error.hint || ""}`.trim() : "This could not be done.");
    return found;
  };

  /* Words at the prompt's cursor, as if somebody typed them. */
  const insert = (words) => {
    const box = document.querySelector("#create-prompt textarea");
    if (!box) return;
    const at = box.selectionStart ?? box.value.length, before = box.value.slice(0, at), after = box.value.slice(box.selectionEnd ?? at);
    const gap = before && !/[\s{|(]$/.test(before) ? (/,$/.test(before) ? " " : ", ") : "";
    box.value = before + gap + words + after;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
    box.selectionStart = box.selectionEnd = (before + gap + words).length;
  };

  studio.wildcards = (element) => {
    const root = studio.root(element, "wildcards-root");
    let lists = [], editing = null, note = "", bad = false, undo = "";
    const load = () => send("GET", "").then((page) => { lists = page.items; render(); }).catch(() => {});
    const tell = (text, wrong = false) => { note = text; bad = wrong; };
    const act = (work) => work().then(load).catch((error) => { tell(error.message, true); render(); });
    const open = (name) => send("GET", `/${encodeURIComponent(name)}`).then((found) => { editing = { ...found, fresh: false }; tell(found.problem ? `It cannot be used: ${found.problem}` : "", Boolean(found.problem)); render(); const box = root.querySelector("textarea"); if (box) { box.focus(); box.setSelectionRange(0, 0); box.scrollTop = 0; } })
      .catch((error) => { tell(error.message, true); render(); });
    const chip = (one) => el("li", { class: `wild ${one.problem ? "wrong" : ""}` },
      el("button", { type: "button", class: "wild-name", title: one.problem ? `Cannot be used: ${one.problem}` : `${one.values} ${one.values === 1 ? "line" : "lines"}. Put it into the prompt`, disabled: Boolean(one.problem), onclick: () => insert(`__${one.name}__`) }, one.name),
      el("button", { type: "button", class: "wild-edit", "aria-label": `Edit ${one.name}`, title: "Edit", onclick: () => open(one.name) }, "✎"));
    const editor = () => {
      const name = el("input", { type: "text", value: editing.name, maxlength: "60", placeholder: "name", "aria-label": "Name of the list", readonly: !editing.fresh, class: "wild-title" });
      const text = el("textarea", { rows: "8", spellcheck: "false", "aria-label": "Lines of the list", placeholder: "one choice on each line\n3::three times as likely\n# a remark" });
      text.value = editing.text || "";
      const keep = () => { editing.name = name.value.trim(); editing.text = text.value; };
      const save = () => { keep(); act(async () => { const saved = await send("PUT", `/${encodeURIComponent(editing.name || "-")}`, { text: editing.text, mark: editing.fresh ? null : editing.mark }); editing = null; undo = ""; tell(`${saved.name} has ${saved.values} ${saved.values === 1 ? "line" : "lines"}.`); }); };
      const remove = () => act(async () => { const gone = editing; await send("DELETE", `/${encodeURIComponent(gone.name)}`); editing = null; undo = gone.name; tell(gone.shipped ? `${gone.name} is as it came again.` : `${gone.name} is deleted.`); });
      return el("div", { class: "wild-editor", onkeydown: (event) => { if (event.key === "Escape") { editing = null; tell(""); render(); event.stopPropagation(); } } },
        name, text,
        el("div", { class: "wild-buttons" },
          el("button", { type: "button", class: "quiet", onclick: save }, "Save list"),
          el("button", { type: "button", class: "quiet", onclick: () => { editing = null; tell(""); render(); } }, "Close"),
          editing.own ? el("button", { type: "button", class: "quiet", onclick: remove }, editing.shipped ? "Back to the shipped one" : "Delete") : null));
    };
    const render = () => {
      root.replaceChildren(...[
        el("p", { class: "wild-how" }, HOW),
        el("ul", { class: "wild-list" }, lists.map(chip), el("li", {}, el("button", { type: "button", class: "quiet wild-new", onclick: () => { editing = { name: "", text: "", fresh: true }; tell(""); render(); root.querySelector(".wild-title")?.focus(); } }, "New list"))),
        note ? el("p", { class: `wild-note ${bad ? "bad" : ""}`, role: "status" }, note,
          undo && !bad ? el("button", { type: "button", class: "quiet", onclick: () => act(async () => { await send("POST", `/${encodeURIComponent(undo)}/restore`); undo = ""; tell("It is back."); }) }, "Undo") : null) : null,
        editing ? editor() : null].filter(Boolean));
    };
    render();
    studio.on("tab", (tab) => { if (tab === "create" && !editing) load(); });
    load();
  };
})();
