/* Writers in System: who can write, servers of language models found or added, tried and chosen. Talks to /writers of the
   API, so that a key never travels through a form of the page's own. Servers are looked for only when asked. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;

  studio.send = async (method, path, body) => {
    const answer = await fetch(`/api/v1${path}`, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    const found = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (!answer.ok) throw new Error(found?.error ? `${found.error.message} ${found.error.hint || ""}`.trim() : "This could not be done.");
    return found;
  };
  const button = (label, onclick, { main = false, danger = false, off = false, full } = {}) =>
    el("button", { type: "button", class: `quiet${main ? " main" : ""}${danger ? " danger" : ""}`, disabled: off, "aria-label": full, onclick }, label);
  const number = (value) => Math.round(value).toLocaleString("en");
  const places = { machine: "On this machine: nothing leaves it.", network: "On another machine of your network.", internet: "On the internet." };

  const FIELDS = (kept, models) => [
    { name: "name", label: "Name", longest: 80, placeholder: "as you call it" },
    { name: "address", label: "Address", longest: 400, placeholder: "http://127.0.0.1:11434/v1", help: "Most end in /v1." },
    { name: "model", label: "Model", longest: 200, suggestions: models, help: models.length ? "" : "Empty: Test takes its first." },
    { name: "key", label: "Key", longest: 4000, placeholder: kept ? "A key is kept" : "only if it asks for one", help: "Goes to the keychain, and only to this server." },
    { name: "sees", label: "Pictures", kind: "select", help: "Whether it sees is found out once.", choices: [{ value: "auto", label: "When the model sees" }, { value: "yes", label: "Always send the picture" }, { value: "no", label: "Never send it" }] },
    { name: "timeout", label: "Seconds of silence", kind: "number", min: 2, max: 600, step: 1 },
    { name: "price_in", label: "Price in", kind: "number", min: 0, help: "Per million tokens that it reads." },
    { name: "price_out", label: "Price out", kind: "number", min: 0, help: "Per million tokens that it writes." },
  ];

  studio.writers = (element) => {
    const root = studio.root(element, "writers-root");
    let writers = [], endpoints = [], found = null, editing = null, busy = "", notes = {}, problem = "", models = {};
    const load = async () => {
      const [who, servers] = await Promise.all([studio.send("GET", "/writers"), studio.send("GET", "/writers/endpoints")]);
      writers = who.items; endpoints = servers.items; render();
    };
    const act = async (name, work) => {
      busy = name; problem = ""; render();
      try { await work(); } catch (error) { problem = error.message; }
      busy = "";
      await load().catch((error) => { problem = error.message; render(); });
    };
    const say = (id, text, kind = "good") => { notes = { [id]: { text, kind } }; };
    const test = (one) => act(one.id, async () => {
      try {
        const seen = await studio.send("POST", `/writers/endpoints/${one.id}/test`);
        models[one.id] = seen.models;
        const eyes = seen.sees ? "it sees pictures" : seen.sees === false ? "it does not see pictures" : "whether it sees pictures could not be found out";
        say(one.id, `${seen.model} answered in ${seen.seconds.toFixed(1)} s: “${seen.answer}” ${seen.models.length} ${seen.models.length === 1 ? "model" : "models"}; ${eyes}.`);
      } catch (error) { say(one.id, error.message, "bad"); }
    });
    const edit = async (one) => {
      editing = one ? one.id : "new"; problem = ""; render();
      if (one && !models[one.id]) {
        try { models[one.id] = (await studio.send("GET", `/writers/endpoints/${one.id}/models`)).items; if (editing === one.id) render(); } catch { models[one.id] = []; }
      }
    };
    const add = (server) => act("add", async () => {
      const made = await studio.send("POST", "/writers/endpoints", { name: server.name, address: server.address, model: server.models[0] || "" });
      found = found && found.map((one) => (one.address === server.address ? { ...one, known: true } : one));
      say(made.id, server.needs_key ? "Added. It asks for a key: press Edit." : "Added. Press Test to try it.");
    });
    const remove = async (one) => {
      const answer = await studio.ask(`Forget ${one.name}?`, "Its address and key are removed. What it wrote stays.", [{ key: "no", label: "Keep" }, { key: "yes", label: "Forget", kind: "danger" }]);
      if (answer === "yes") act(one.id, () => studio.send("DELETE", `/writers/endpoints/${one.id}`));
    };
    const form = (one) => {
      const list = (one && models[one.id]) || [];
      const made = studio.form(FIELDS(one?.has_key, list), one || { sees: "auto", timeout: 60, price_in: 0, price_out: 0 }, {
        label: one ? `Edit ${one.name}` : "Add a server", save: one ? "Save" : "Add",
        cancel: () => { editing = null; render(); },
        done: (values) => act("form", async () => {
          const sent = { ...values, timeout: values.timeout ?? 60, price_in: values.price_in ?? 0, price_out: values.price_out ?? 0 };
          if (!sent.key) delete sent.key;
          if (!sent.name) delete sent.name;
          const kept = one ? await studio.send("PATCH", `/writers/endpoints/${one.id}`, sent) : await studio.send("POST", "/writers/endpoints", sent);
          editing = null;
          say(kept.id, one ? "Saved." : "Added. Press Test to try it.");
        }),
      });
      made.elements.key.type = "password";
      return made;
    };
    const used = (one) => {
      const month = Object.keys(one.usage).sort().pop(), sum = one.usage[month];
      if (!sum) return "";
      return `${month}: ${number(sum.calls)} ${sum.calls === 1 ? "request" : "requests"}, ${number(sum.tokens_in)} tokens read, ${number(sum.tokens_out)} written${sum.cost ? `, ${sum.cost.toFixed(4)} spent` : ""}`;
    };
    const server = (one) => {
      if (editing === one.id) return el("li", { class: "writer-card" }, form(one));
      const eyes = one.sees_pictures ? "Gets the picture." : one.sees_pictures === false ? "Gets recipe and tags, not the picture." : "Whether it sees pictures is found out at its first picture.";
      return el("li", { class: "writer-card" },
        el("div", { class: "writer-words" },
          el("h4", {}, one.name, one.usual && el("span", { class: "badge approved" }, "writes by default"), one.has_key && el("span", { class: "badge" }, "key kept")),
          el("p", { class: "writer-line" }, one.model || "No model chosen", " · ", el("span", { class: "writer-address" }, one.address)),
          el("p", { class: "hint" }, `${places[one.place]} ${one.place === "machine" ? "" : `Sent there: ${one.sends}.`} ${eyes}`.replace(/ +/g, " ")),
          used(one) && el("p", { class: "hint" }, used(one)), one.ready && el("p", { class: "hint" }, one.ready),
          notes[one.id] && el("div", { class: `notice ${notes[one.id].kind}`, role: "status" }, notes[one.id].text)),
        el("div", { class: "writer-buttons" }, button(busy === one.id ? "Asking …" : "Test", () => test(one), { main: !one.ready, off: Boolean(busy), full: `Test ${one.name}` }),
          one.usual ? null : button("Use by default", () => act("use", () => studio.send("POST", `/writers/${one.id}/use`)), { off: Boolean(busy) || Boolean(one.ready), full: `Use ${one.name} by default` }),
          button("Edit", () => edit(one), { off: Boolean(busy), full: `Edit ${one.name}` }), button("Forget", () => remove(one), { danger: true, off: Boolean(busy), full: `Forget ${one.name}` })));
    };
    const plain = (one) => el("li", { class: "writer-card" },
      el("div", { class: "writer-words" }, el("h4", {}, one.name, one.usual && el("span", { class: "badge approved" }, "writes by default")),
        el("p", { class: "hint" }, `${one.summary} Nothing leaves this machine.`)),
      el("div", { class: "writer-buttons" }, one.usual ? null : button("Use by default", () => act("use", () => studio.send("POST", `/writers/${one.id}/use`)), { off: Boolean(busy), full: `Use ${one.name} by default` })));
    const finding = () => el("div", { class: "writer-find" },
      button(busy === "find" ? "Looking …" : "Find on this machine", () => act("find", async () => { found = (await studio.send("POST", "/writers/find")).items; }), { main: !endpoints.length, off: Boolean(busy) }),
      button("Add a server", () => edit(null), { off: Boolean(busy) || editing === "new" }),
      found && (found.length ? el("ul", { class: "writer-found" }, found.map((one) => el("li", {},
        el("span", {}, el("b", {}, one.name), ` ${one.address} · ${one.needs_key ? "asks for a key" : `${one.models.length} ${one.models.length === 1 ? "model" : "models"}`}`),
        one.known ? el("span", { class: "hint" }, "added") : button("Add", () => add(one), { off: Boolean(busy), full: `Add ${one.name}` }))))
        : el("p", { class: "hint" }, "No server answers on the usual ports. Start Ollama, LM Studio, vLLM or llama.cpp's server, or add an address.")));
    const render = () => {
      const focus = root.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
      root.replaceChildren(
        el("p", { class: "hint writers-about" }, "A writer puts things into words in a character's voice. A language model writes more kinds and other languages. What a writer returns is text to choose from; nothing is posted by it."),
        problem ? el("div", { class: "notice bad", role: "alert" }, problem) : "",
        el("ul", { class: "writer-list" }, writers.filter((one) => !endpoints.some((other) => other.id === one.id)).map(plain), endpoints.map(server),
          editing === "new" ? el("li", { class: "writer-card" }, form(null)) : null),
        finding());
      if (focus) root.querySelector(`[aria-label="${CSS.escape(focus)}"]`)?.focus();
    };
    new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting) && !editing) load().catch((error) => { problem = error.message; render(); }); }).observe(element);
  };
})();
