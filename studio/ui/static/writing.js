/* Words of every kind in Publish, the live lengths of a caption, and the prompt helper in Create. They talk to /writing of
   the API and draw what comes as text only. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;
  const NEEDS_TEXT = { reply: "The comment to answer", comment: "The post to comment on", translation: "The text to translate", rewrite: "The text to change", versions: "The caption to fit" };
  const FROM_CAPTION = new Set(["translation", "rewrite", "versions"]);
  const INTO = { caption: "caption", description: "caption", translation: "caption", rewrite: "caption", versions: "caption", title: "title", hashtags: "hashtags", alt_text: "alt" };
  const COUNTS = ["x", "instagram", "threads", "bluesky", "mastodon", "facebook", "linkedin", "telegram", "discord", "tiktok", "youtube", "pixelfed"];
  const NAMES = { x: "X", instagram: "Instagram", threads: "Threads", bluesky: "Bluesky", mastodon: "Mastodon", facebook: "Facebook", linkedin: "LinkedIn", telegram: "Telegram", discord: "Discord", tiktok: "TikTok", youtube: "YouTube", pixelfed: "Pixelfed" };
  const field = (label, node) => el("label", { class: "field" }, el("span", {}, label), node);
  const select = (label, options, value, change) => {
    const node = el("select", { "aria-label": label, onchange: () => change(node.value) }, options.map(([id, text, off]) => el("option", { value: id, disabled: off, selected: id === value }, text)));
    return field(label, node);
  };
  const button = (label, onclick, extra = "") => el("button", { type: "button", class: `quiet ${extra}`, onclick }, label);

  /* Server-sent events of a POST: calls heard(event, data) for each until the answer ends. */
  const follow = async (path, body, heard) => {
    const answer = await fetch(`/api/v1${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) {
      const problem = (await answer.json().catch(() => null))?.error;
      throw new Error(problem ? `${problem.message} ${problem.hint || ""}`.trim() : "This could not be done.");
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let held = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      held += value;
      for (let end; (end = held.indexOf("\n\n")) >= 0; held = held.slice(end + 2)) {
        const lines = Object.fromEntries(held.slice(0, end).split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
        if (lines.event) heard(lines.event, JSON.parse(lines.data));
      }
    }
  };

  /* What a writer gets of pictures, and what leaves the machine, in words. */
  const honest = (writer, pictures) => {
    if (!writer) return "";
    const eyes = !pictures ? "writes. " : writer.sees ? "gets the picture. " : writer.sees === false ? "gets the recipe and tags, not the picture. " : "gets the picture if the model sees, which is found out first. ";
    return `${writer.name} ${eyes}${writer.sends === "nothing" ? "Nothing leaves this machine." : `Leaves this machine: ${writer.sends}.`}`;
  };

  /* value: {character_id, asset_ids}. Emits select {into, text, hashtags, alt: {id: text}}. */
  studio.writing = (element, props, trigger, watch) => {
    const root = studio.root(element, "writing-root");
    const form = { kind: "caption", shape: "", tone: "casual", detail: "plain", language: "", words: "", text: "", networks: [], writer: "", count: "3", picture: 0 };
    let writers = [], kinds = [], variants = null, written = null, chosen = null, running = "", live = "", problem = "", seed = 0, past = null, loaded = false;
    const subject = () => props.value || {};
    const writer = () => writers.find((one) => one.id === form.writer) || writers.find((one) => one.usual);
    const load = async () => {
      writers = (await studio.send("GET", "/writers")).items;
      if (!writers.some((one) => one.id === form.writer)) form.writer = writer()?.id || "";
      kinds = (await studio.send("GET", `/writing/kinds?writer=${encodeURIComponent(form.writer)}`)).items.filter((one) => !one.id.includes("prompt"));
      if (!kinds.find((one) => one.id === form.kind)?.writes) form.kind = "caption";
      loaded = true; problem = ""; render();
    };
    const fail = (error) => { problem = error.message; render(); };
    const caption = () => document.querySelector("#publish-caption textarea")?.value || "";
    const write = async () => {
      if (running) return;
      const { character_id, asset_ids = [] } = subject(), one = form.kind === "alt_text";
      const body = { kind: form.kind, writer: form.writer, count: Number(form.count), seed: seed++, words: form.words, text: NEEDS_TEXT[form.kind] ? form.text : "",
        character_id: character_id || null, asset_ids: one ? asset_ids.slice(form.picture, form.picture + 1) : form.kind === "reply" ? [] : asset_ids };
      if (form.kind === "caption") body.shape = form.shape;
      if (form.kind === "rewrite") body.tone = form.tone;
      if (one) body.detail = form.detail;
      if (form.kind === "translation") body.language = form.language;
      if (["versions", "hashtags", "caption"].includes(form.kind)) body.networks = form.networks;
      running = "…"; live = ""; problem = ""; variants = null; chosen = null; written = null; render();
      try {
        await follow("/writing/stream", body, (event, data) => {
          if (event === "begun") running = data.id;
          else if (event === "text") { live = data.text; show(); }
          else if (event === "written") { written = data; variants = data.variants; past = null; }
          else if (event === "error") problem = `${data.message} ${data.hint || ""}`.trim();
        });
      } catch (error) { problem = error.message; }
      running = ""; render();
    };
    const stop = () => { if (running && running !== "…") studio.send("POST", `/writing/stream/${running}/stop`).catch(() => {}); };
    const take = (index) => {
      const one = variants[index], into = fits();
      chosen = index;
      if (written) studio.send("POST", `/writing/${written.id}/choose`, { index }).catch(() => {});
      if (into) trigger("select", { into, text: one.text, hashtags: one.hashtags, alt: form.kind === "alt_text" ? { [subject().asset_ids[form.picture]]: one.text } : one.alt_text });
      else navigator.clipboard?.writeText(one.text).catch(() => {});
      render();
    };
    const fits = () => (document.querySelector("#publish-caption textarea")?.disabled ? "" : INTO[form.kind]); // a published post stays as it is
    const box = el("p", { class: "writing-live", role: "status" });
    const show = () => { box.textContent = live || (running ? "Writing …" : ""); };
    const history = async () => {
      const page = await studio.send("GET", `/writing?limit=10&kind=${form.kind}${subject().character_id ? `&character_id=${encodeURIComponent(subject().character_id)}` : ""}`);
      past = page.items; render();
    };
    const networks = () => el("fieldset", { class: "writing-networks" }, el("legend", {}, form.kind === "versions" ? "Networks" : "Networks (for the number of hashtags)"),
      COUNTS.map((id) => el("label", {}, el("input", { type: "checkbox", checked: form.networks.includes(id), onchange: (event) => { form.networks = event.target.checked ? [...form.networks, id] : form.networks.filter((one) => one !== id); } }), NAMES[id])));
    const options = () => {
      const kind = form.kind, ids = subject().asset_ids || [];
      const line = (name, label, placeholder = "") => field(label, el("input", { type: "text", value: form[name], maxlength: 400, placeholder, "aria-label": label, oninput: (event) => { form[name] = event.target.value; } }));
      const parts = [];
      if (kind === "caption") parts.push(select("Shape", [["", "As the character likes"], ["short", "Short"], ["story", "Story"], ["question", "Question"], ["list", "List"]], form.shape, (value) => { form.shape = value; }));
      if (kind === "rewrite") parts.push(select("Tone", [["casual", "Casual"], ["professional", "Professional"], ["humorous", "Humorous"], ["inspirational", "Inspirational"]], form.tone, (value) => { form.tone = value; }));
      if (kind === "alt_text") parts.push(select("Detail", [["plain", "Plain"], ["specific", "Specific"]], form.detail, (value) => { form.detail = value; }));
      if (kind === "alt_text" && ids.length > 1) parts.push(select("Picture", ids.map((_, at) => [String(at), `Picture ${at + 1}`]), String(form.picture), (value) => { form.picture = Number(value); }));
      if (kind === "translation") parts.push(line("language", "Language", "Spanish"));
      if (!NEEDS_TEXT[kind] || kind === "reply") parts.push(line("words", "What it should mention", "optional"));
      return parts;
    };
    const render = () => {
      if (!loaded) { root.replaceChildren(problem ? el("div", { class: "notice bad" }, problem) : ""); return; }
      form.picture = Math.min(form.picture, Math.max((subject().asset_ids || []).length - 1, 0));
      const off = kinds.filter((one) => !one.writes);
      const text = el("textarea", { rows: 4, maxlength: 10000, "aria-label": NEEDS_TEXT[form.kind] || "", oninput: () => { form.text = text.value; } });
      text.value = form.text;
      show();
      root.replaceChildren(
        el("div", { class: "form-fields" },
          select("Write", kinds.map((one) => [one.id, one.writes ? one.name : `${one.name} (needs a language model)`, !one.writes]), form.kind, (value) => { form.kind = value; if (FROM_CAPTION.has(value) && !form.text) form.text = caption(); variants = null; past = null; problem = ""; render(); }),
          select("Writer", writers.map((one) => [one.id, one.ready ? `${one.name} (not ready)` : one.name, Boolean(one.ready)]), form.writer, (value) => { form.writer = value; load().catch(fail); }),
          form.kind === "versions" ? null : select("How many", ["1", "2", "3", "5", "10"].map((one) => [one, one]), form.count, (value) => { form.count = value; }),
          options()),
        off.length && !writers.some((one) => one.id !== "builtin") ? el("p", { class: "hint" }, off[0].why) : "",
        NEEDS_TEXT[form.kind] ? el("div", { class: "field wide" }, el("span", { class: "writing-label" }, NEEDS_TEXT[form.kind], FROM_CAPTION.has(form.kind) ? button("Take the caption", () => { form.text = caption(); render(); }) : null), text) : "",
        ["versions", "hashtags"].includes(form.kind) ? networks() : "",
        el("p", { class: "hint" }, honest(writer(), (subject().asset_ids || []).length && form.kind !== "reply")),
        el("div", { class: "writing-buttons" }, running ? button("Stop", stop) : button("Write", write, "main"), button(past ? "Hide history" : "History", () => { if (past) { past = null; render(); } else history().catch(fail); })),
        problem ? el("div", { class: "notice bad", role: "alert" }, problem) : "",
        running ? box : "",
        variants ? el("div", { class: "variants-root" }, variants.map((one, at) => el("button", { type: "button", class: `variant ${at === chosen ? "current" : ""}`, "aria-pressed": at === chosen ? "true" : "false", onclick: () => take(at) },
          one.network ? el("span", { class: "badge" }, NAMES[one.network] || one.network) : null, el("span", { class: "variant-text" }, one.text),
          one.hashtags.length && form.kind !== "hashtags" ? el("span", { class: "variant-tags" }, one.hashtags.join(" ")) : null))) : "",
        variants ? el("p", { class: "hint", role: "status" }, chosen === null ? (fits() ? "Press one to use it." : "Press one to copy it.") : fits() ? "Used. The character learns from it." : "Copied. The character learns from it.",
          written && written.tokens_out ? ` ${written.writer_name} · ${written.model} · ${written.tokens_in + written.tokens_out} tokens${written.cost ? ` · ${written.cost.toFixed(4)}` : ""} · ${written.seconds.toFixed(1)} s${written.saw ? ` · from the ${written.saw}` : ""}` : "") : "",
        past ? el("ul", { class: "writing-past" }, past.length ? past.map((one) => el("li", {}, el("button", { type: "button", class: "quiet bare", onclick: () => { written = one; variants = one.variants; chosen = one.chosen; past = null; render(); } },
          el("time", {}, one.created_at.slice(0, 16).replace("T", " ")), el("span", {}, (one.chosen_text || one.variants[0]?.text || "").slice(0, 120)), one.chosen !== null ? el("span", { class: "badge approved" }, "used") : null))) : el("li", { class: "hint" }, "Nothing written yet.")) : "");
    };
    watch("value", () => { if (loaded) render(); });
    new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting) && !running && root.querySelector(":focus") === null) load().catch(fail); }).observe(element);
    render();
  };

  /* How long the post's words are for every network, while they are typed. */
  studio.lengths = (element) => {
    const root = studio.root(element, "lengths-root");
    let timer = 0, asked = 0, last = null;
    const words = () => [["#publish-caption", ""], ["#publish-hashtags", ""], ["#publish-disclosure", ""]].map(([at]) => document.querySelector(`${at} textarea, ${at} input`)?.value?.trim() || "").filter(Boolean).join("\n\n");
    const ask = async () => {
      const text = words();
      if (text === last) return;
      last = text;
      const mine = ++asked, found = await studio.send("POST", "/writing/lengths", { text: text.slice(0, 70000) }).catch(() => null);
      if (found && mine === asked) draw(text ? found.items : []);
    };
    const draw = (items) => root.replaceChildren(...items.map((one) => el("span", { class: `length ${one.fits ? "" : "over"}`, title: `${one.length} of ${one.most} ${one.unit}, with hashtags and disclosure` },
      el("b", {}, one.name), ` ${one.length.toLocaleString("en")}/${one.most.toLocaleString("en")}`)));
    const soon = () => { clearTimeout(timer); timer = setTimeout(ask, 150); };
    document.addEventListener("input", (event) => { if (event.target.closest?.("#publish-caption, #publish-hashtags, #publish-disclosure")) soon(); });
    // a caption that a button put there tells nobody: looked at while it is seen
    let seen = false;
    new IntersectionObserver((changes) => { seen = changes.at(-1).isIntersecting; if (seen) soon(); }).observe(element);
    setInterval(() => { if (seen && !document.hidden && words() !== last) soon(); }, 700);
  };

  /* Create: an idea made fuller by the usual writer, for the chosen engine. value: {variants, note}. Emits select {kind, seed}. */
  studio.promptHelp = (element, props, trigger, watch) => {
    const root = studio.root(element, "prompt-help-root");
    let busy = false, seed = 0;
    const box = () => document.querySelector("#create-prompt textarea");
    const put = (text) => { const node = box(); node.value = text; node.dispatchEvent(new Event("input", { bubbles: true })); node.focus(); };
    const ask = (kind) => { if (busy) return; busy = true; render(); trigger("select", { kind, seed: ++seed }); };
    const render = () => {
      const { variants = [], note = "" } = busy ? {} : props.value || {};
      root.replaceChildren(
      el("p", { class: "hint" }, "A short idea becomes a fuller prompt in words the model knows. A language model that sees can describe a picture."),
      el("div", { class: "writing-buttons" }, button(busy ? "Writing …" : "Make it fuller", () => ask("prompt")), button("Describe the newest picture", () => ask("picture_prompt"))),
      variants.length ? el("div", { class: "variants-root" }, variants.map((one) => el("button", { type: "button", class: "variant", onclick: () => put(one) }, el("span", { class: "variant-text" }, one)))) : "",
      note ? el("p", { class: "hint", role: "status" }, note) : "");
    };
    watch("value", () => { busy = false; render(); });
    render();
  };
})();
