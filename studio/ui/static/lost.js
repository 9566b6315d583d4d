/* Pictures in the outputs folder without an entry: said once in Review, added on a press, one after the other.
   Emits select {added} when at least one was added. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  const PAGE = 200, NAMED = 5;
  const counted = (number, words = "") => `${number} ${number === 1 ? "picture" : "pictures"}${words}`;

  studio.lost = (element, props, trigger) => {
    const root = studio.root(element, "lost-root");
    let looked = false, stopped = false;
    const strip = (kind, ...parts) => root.replaceChildren(el("div", { class: `notice ${kind}`, role: "status" }, ...parts));
    const button = (text, act) => el("button", { type: "button", class: "quiet", onclick: act }, text);
    const close = () => root.replaceChildren();

    const names = async () => {
      const found = [];
      for (let cursor = null; ;) {
        const page = await studio.json(`/api/v1/assets/orphans?limit=${PAGE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
        found.push(...page.items);
        cursor = page.next_cursor;
        if (!cursor) return found;
      }
    };
    const why = async (answer) => (await answer.json().catch(() => null))?.error?.message || `The studio answered ${answer.status}.`;
    const addAll = async () => {
      stopped = false;
      const failed = [];
      let added = 0, files = [];
      try { files = await names(); } catch { strip("bad", "The studio cannot be reached. Try again when it is back. ", button("Try again", addAll)); return; }
      for (const [at, file] of files.entries()) {
        if (stopped) break;
        strip("", `Adding picture ${at + 1} of ${files.length}. `, button("Stop", () => { stopped = true; }));
        try {
          const answer = await fetch("/api/v1/assets/adopt", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ file }) });
          if (answer.ok) added += 1;
          else if (answer.status !== 409) failed.push([file, await why(answer)]); // 409: another page added it meanwhile
        } catch { failed.push([file, "The studio could not be reached."]); }
      }
      if (added) trigger("select", { added });
      if (!failed.length) { if (stopped) look(); else close(); return; }
      strip("warn", `${counted(failed.length)} could not be added and ${failed.length === 1 ? "stays where it is" : "stay where they are"}:`,
        el("ul", { class: "lost-names" }, failed.slice(0, NAMED).map(([file, message]) => el("li", {}, `${file}: ${message}`)),
          failed.length > NAMED ? el("li", {}, `and ${failed.length - NAMED} more`) : null),
        button("Close", close));
    };
    const look = async () => {
      looked = true;
      let total = 0;
      try { total = (await studio.json("/api/v1/assets/orphans?limit=1")).total; } catch { looked = false; return; }
      if (!total) { close(); return; }
      strip("", `${counted(total, total === 1 ? " lies" : " lie")} in the outputs folder without an entry here. A crash left ${total === 1 ? "it" : "them"}, or ${total === 1 ? "it was" : "they were"} copied in by hand.`,
        button(total === 1 ? "Add it" : "Add them", addAll), button("Not now", close));
    };
    studio.on("tab", (open) => { if (open === "review" && !looked) setTimeout(look, 600); });
    if (studio.recallTab() === "review") setTimeout(look, 1500);
  };
})();
