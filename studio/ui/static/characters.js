/* The Characters tab: cards and table, the editor's head with its unsaved mark, the live preview, the versions.
   The server owns every value; this file only draws, asks before something is lost, and waits before it previews. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;

  /* Unsaved changes. `editing` is the id in the editor, "" for a new character, null when the editor is closed. */
  const editor = (studio.editor = { editing: null, name: "", dirty: false });
  editor.touch = () => { if (!editor.dirty) { editor.dirty = true; studio.emit("dirty", true); } };
  editor.clean = () => { editor.dirty = false; studio.emit("dirty", false); };
  let asking = null; // one question at a time, however often the page asks
  editor.mayLeave = () => (asking = asking || leave().finally(() => { asking = null; }));
  const leave = async () => {
    if (!editor.dirty) return true;
    const answer = await studio.ask("Leave without saving?", `Your changes to ${editor.name || "the new character"} are not saved yet.`,
      [{ key: "stay", label: "Stay" }, { key: "leave", label: "Leave without saving", kind: "danger" }]);
    if (answer !== "leave") return false;
    editor.clean();
    return true;
  };
  /* The header asks for another character: hand back the wanted id, or the one being edited when the person stays. */
  editor.follow = async (wanted) => (!wanted || editor.editing === null || wanted === editor.editing || (await editor.mayLeave()) ? wanted : editor.editing);
  window.addEventListener("beforeunload", (event) => { if (editor.dirty) { event.preventDefault(); event.returnValue = ""; } });
  /* Typing marks at once; what is picked from a list is told by the page's own events. */
  document.addEventListener("input", (event) => {
    const box = event.target.closest("#character-sections .block");
    if (box && !event.target.closest("form, [role=combobox], .drawn, .no-form")) editor.touch();
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== "s") return;
    const button = document.querySelector("#character-save");
    if (!button || !button.offsetParent) return;
    event.preventDefault();
    document.activeElement?.blur?.();
    setTimeout(() => button.click(), 30);
  });

  /* A portrait, or the first letter on a colour of the character's own. */
  const portrait = (one, kind) => {
    const letter = el("span", { class: "portrait-letter", "aria-hidden": "true" }, [...(one.name || "?")][0].toUpperCase());
    const frame = el("span", { class: `portrait ${kind || ""}` }, letter);
    let hue = 0;
    for (const sign of one.id || one.name || "") hue = (hue * 31 + sign.codePointAt(0)) % 360;
    frame.style.setProperty("--hue", hue);
    if (one.portrait) {
      const image = el("img", { src: one.portrait, alt: "", loading: "lazy", decoding: "async" });
      image.addEventListener("error", () => image.remove(), { once: true });
      frame.append(image);
    }
    return frame;
  };

  /* value: {characters: [{id, name, line, bio, status, trashed, portrait, facts, changed}], more, total, text, welcome: null | {samples: [{name, bio, portrait}]},
             empty: {title, next}, trash: bool}
     Emits select {action: "open" | "restore" | "delete" | "samples" | "surprise" | "new" | "more", id}. */
  studio.characterList = (element, props, trigger, watch) => {
    const value = () => props.value || { characters: [] };
    let view = "cards";
    try { view = localStorage.getItem("studio-characters-view") || "cards"; } catch { /* private window */ }
    const emit = (action, id = "") => trigger("select", { action, id });
    const remove = async (one) => {
      const answer = await studio.ask(`Delete ${one.name} forever?`, "The profile, its references and its versions are removed from this machine. Pictures in the library stay.",
        [{ key: "no", label: "Keep in the trash" }, { key: "yes", label: "Delete forever", kind: "danger" }]);
      if (answer === "yes") emit("delete", one.id);
    };
    const badge = (one) => el("span", { class: `badge ${one.trashed ? "trashed" : one.status}` }, one.trashed ? "in the trash" : one.status);
    const trashButtons = (one) => [
      el("button", { type: "button", class: "quiet", "aria-label": `Restore ${one.name}`, onclick: () => emit("restore", one.id) }, "Restore"),
      el("button", { type: "button", class: "quiet danger", "aria-label": `Delete ${one.name} forever`, onclick: () => remove(one) }, "Delete forever")];
    const card = (one) => one.trashed
      ? el("li", { class: "character-card trashed" }, portrait(one, "large"), el("div", { class: "character-words" },
        el("span", { class: "character-name" }, one.name), el("span", { class: "character-line" }, one.changed), el("div", { class: "character-buttons" }, trashButtons(one))))
      : el("li", { class: `character-card ${one.status}` }, el("button", { type: "button", class: "character-open", dataset: { id: one.id }, onclick: () => emit("open", one.id) },
        portrait(one, "large"), el("span", { class: "character-words" },
          el("span", { class: "character-top" }, el("span", { class: "character-name" }, one.name), badge(one)),
          one.line && el("span", { class: "character-line" }, one.line),
          el("span", { class: "character-bio" }, one.bio || "No bio yet"))));
    const table = (characters) => el("div", { class: "table-wrap" }, el("table", { class: "character-table" },
      el("thead", {}, el("tr", {}, ["Name", "Status", "Bio", "Has", "Changed"].map((title) => el("th", { scope: "col" }, title)))),
      el("tbody", {}, characters.map((one) => el("tr", {},
        el("th", { scope: "row" }, one.trashed ? el("span", { class: "table-name" }, portrait(one, "small"), one.name)
          : el("button", { type: "button", class: "table-name", dataset: { id: one.id }, onclick: () => emit("open", one.id) }, portrait(one, "small"), el("span", {}, one.name))),
        el("td", {}, badge(one)), el("td", { class: "table-bio" }, one.bio || ""), el("td", { class: "number" }, one.facts || ""),
        el("td", {}, one.trashed ? el("span", { class: "character-buttons" }, trashButtons(one)) : one.changed))))));
    const welcome = ({ samples }) => el("section", { class: "welcome" },
      el("h2", {}, "Who do you want to invent?"),
      el("p", {}, "A character keeps its face, its wardrobe and its voice in every picture. Start with a finished sample and change it, or make your own in a few minutes."),
      samples.length ? el("ul", { class: "welcome-samples" }, samples.map((one) => el("li", {}, portrait(one, "large"),
        el("div", { class: "character-words" }, el("span", { class: "character-name" }, one.name), el("span", { class: "character-bio" }, one.bio))))) : null,
      el("div", { class: "welcome-buttons" },
        samples.length && el("button", { type: "button", class: "quiet main large", onclick: () => emit("samples") }, `Add ${samples.length === 3 ? "these three" : "these"} characters`),
        el("button", { type: "button", class: "quiet large", onclick: () => emit("surprise") }, "Surprise me"),
        el("button", { type: "button", class: "quiet large", onclick: () => emit("new") }, "Make my own")));
    const setView = (next) => { view = next; try { localStorage.setItem("studio-characters-view", view); } catch { /* private window */ } render(); root().querySelector(".view-switch [aria-pressed=true]")?.focus(); };
    const root = () => studio.root(element, "characters-root");
    const render = () => {
      if (!props.value) return; // the page's load event brings the first list
      const { characters = [], more = 0, total = 0, text, empty, samples = 0 } = value();
      const typed = document.querySelector("#characters-search :is(input, textarea)");
      if (typed && text !== undefined && typed.value.trim() !== text.trim()) return; // the answer to an older question
      if (value().welcome) return root().replaceChildren(welcome(value().welcome));
      root().replaceChildren(
        el("div", { class: "characters-head" }, el("span", { role: "status" }, `${total} ${total === 1 ? "character" : "characters"}`),
          el("span", { class: "view-switch", role: "group", "aria-label": "Show as" }, [["cards", "Cards"], ["table", "Table"]].map(([key, label]) =>
            el("button", { type: "button", "aria-pressed": view === key ? "true" : "false", onclick: () => setView(key) }, label)))),
        characters.length ? (view === "table" ? table(characters) : el("ul", { class: "character-cards" }, characters.map(card)))
          : el("div", { class: "empty" }, el("p", { class: "empty-title" }, empty.title), el("p", { class: "empty-next" }, empty.next)),
        more ? el("button", { type: "button", class: "quiet more", onclick: () => emit("more") }, `Show ${more} more`) : "",
        samples && !more ? el("p", { class: "characters-samples" },
          `${samples === 1 ? "One finished sample character is" : `${samples} finished sample characters are`} not here. `,
          el("button", { type: "button", class: "link", onclick: () => emit("samples") }, samples === 1 ? "Add it" : "Add them")) : "");
    };
    watch("value", render);
    render();
  };

  /* The editor's head. value: {id, name, line, status, portrait, surprise, stamp, unsaved}
     Emits select {action: "back" | "surprise" | "duplicate" | "pause" | "resume" | "trash" | "create"}. */
  studio.characterHead = (element, props, trigger, watch) => {
    const root = () => studio.root(element, "head-root");
    const mark = el("span", { class: "unsaved", role: "status" });
    const paint = () => { mark.textContent = editor.dirty ? "Unsaved changes" : ""; mark.classList.toggle("on", editor.dirty); };
    const render = () => {
      const one = props.value;
      if (!one) { editor.editing = null; editor.clean(); return root().replaceChildren(); }
      const fresh = editor.editing !== one.id;
      editor.editing = one.id; editor.name = one.name;
      if (one.unsaved === true) editor.touch();
      else if (one.unsaved === false || fresh) editor.clean();
      const act = (action, label, more = {}) => el("button", { type: "button", class: "quiet", onclick: async () => {
        if (more.leaves && !(await editor.mayLeave())) return;
        trigger("select", { action, id: one.id });
      } }, label);
      root().replaceChildren(
        el("div", { class: "head-back" }, act("back", "‹ All characters", { leaves: true })),
        el("div", { class: "head-main" }, portrait(one, "medium"), el("div", { class: "head-words" },
          el("h2", {}, one.name || "New character", one.id ? el("span", { class: `badge ${one.status}` }, one.status) : null), el("p", {}, one.line || ""), mark)),
        el("div", { class: "head-actions" }, one.id ? [
          act("create", "Make pictures", { leaves: true }), act("duplicate", "Duplicate", { leaves: true }),
          act(one.status === "active" ? "pause" : "resume", one.status === "active" ? "Pause" : "Resume"),
          el("a", { class: "quiet", href: `/api/v1/characters/${encodeURIComponent(one.id)}/export`, download: "" }, "Export zip"),
          act("trash", "Move to trash", { leaves: true })] : act("surprise", one.surprise ? "Another surprise" : "Surprise me", { leaves: !one.surprise })));
      paint();
      if (fresh) {
        window.scrollTo({ top: 0 });
        if (!one.id) setTimeout(() => document.querySelector("#character-name input, #character-name textarea")?.focus({ preventScroll: true }), 150);
      }
    };
    studio.on("dirty", paint);
    watch("value", render);
    render();
  };

  /* The words the appearance becomes. value: {words, stamp}. Emits apply once nothing changed for 600 ms, and again while the model is busy. */
  studio.appearanceWords = (element, props, trigger, watch) => {
    let timer = 0, asked = null;
    const seen = () => element.isConnected && element.offsetParent !== null && !document.hidden;
    const later = (wait) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (!element.isConnected) return;
        if (!seen()) return later(800); // nobody looks: no picture yet
        studio.emit("preview", true);
        trigger("apply", {});
      }, wait);
    };
    studio.on("preview-busy", () => { if (element.isConnected) later(2000); });
    const render = () => {
      const words = (props.value && props.value.words) || "", key = words + ((props.value && props.value.stamp) || "");
      studio.root(element, "words-root").replaceChildren(el("div", { class: "final-prompt" },
        el("span", { class: "label" }, "As prompt words"), words || "Nothing yet. Choose a few words on the left."));
      if (key === asked) return;
      asked = key;
      words ? later(600) : clearTimeout(timer);
    };
    watch("value", render);
    render();
  };

  /* The preview picture. value: {picture: data address | null | left out, note, busy, stamp} */
  studio.appearancePicture = (element, props, trigger, watch) => {
    const image = el("img", { alt: "Preview of the appearance", hidden: true });
    const note = el("p", { class: "preview-note", role: "status" });
    const frame = el("div", { class: "preview-frame" }, image, el("span", { class: "preview-blank" }, "The preview appears here"));
    const render = () => {
      const root = studio.root(element, "preview-root"), value = props.value || {};
      if (!root.contains(frame)) root.replaceChildren(frame, note);
      frame.classList.remove("busy");
      if (value.picture !== undefined) { // without one, the last picture stays beside the note
        if (value.picture) image.src = value.picture;
        image.hidden = !value.picture;
        image.nextSibling.hidden = Boolean(value.picture);
      }
      note.textContent = value.note || "";
      if (value.busy) studio.emit("preview-busy");
    };
    studio.on("preview", () => { frame.classList.add("busy"); note.textContent = "Drawing a quick preview…"; });
    watch("value", render);
    render();
  };

  /* Versions. value: {versions: [{revision, when, current}], chosen, lines: [{field, before, after}], stamp}
     Emits select {action: "compare" | "restore", revision}. */
  studio.versions = (element, props, trigger, watch) => {
    const render = () => {
      const root = studio.root(element, "versions-root"), { versions = [], chosen, lines = [] } = props.value || {};
      if (!versions.length) return root.replaceChildren(el("div", { class: "empty" }, el("p", { class: "empty-title" }, "No earlier version yet"),
        el("p", { class: "empty-next" }, "Every time you save, the version before is kept here. The last twenty can be compared and restored.")));
      const list = el("ul", { class: "versions", "aria-label": "Versions" }, versions.map((one) => el("li", {},
        el("button", { type: "button", class: "version", "aria-pressed": one.revision === chosen ? "true" : "false", onclick: () => trigger("select", { action: "compare", revision: one.revision }) },
          el("span", { class: "version-title" }, `Version ${one.revision}`), el("span", { class: "version-when" }, one.current ? "now" : one.when)))));
      const shown = versions.find((one) => one.revision === chosen);
      const side = !shown ? el("div", { class: "empty" }, el("p", { class: "empty-title" }, "Choose a version"), el("p", { class: "empty-next" }, "You see what changed since then, line by line."))
        : el("div", { class: "compare" },
          el("div", { class: "items-head" }, el("h3", {}, shown.current ? `Version ${chosen} is what you see now` : `From version ${chosen} to now`),
            shown.current ? null : el("button", { type: "button", class: "quiet main", onclick: async () => { if (await editor.mayLeave()) trigger("select", { action: "restore", revision: chosen }); } }, "Restore this version")),
          shown.current ? null : lines.length ? el("div", { class: "table-wrap" }, el("table", { class: "compare-table" },
            el("thead", {}, el("tr", {}, ["", `Version ${chosen}`, "Now"].map((title) => el("th", { scope: "col" }, title)))),
            el("tbody", {}, lines.map((line) => el("tr", {}, el("th", { scope: "row" }, line.field),
              el("td", { class: "before" }, line.before || "–"), el("td", { class: "after" }, line.after || "–"))))))
            : el("p", { class: "field-help" }, "Nothing differs."));
      root.replaceChildren(el("div", { class: "versions-grid" }, list, side));
    };
    watch("value", render);
    render();
  };
})();
