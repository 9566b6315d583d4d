/* Publish: the list of posts and the caption variants. Both are lists of buttons; text is set as text only. */
(() => {
  "use strict";
  const studio = window.studio, el = studio.el;

  /* value: {posts: [{id, title, state, thumb, count, note}], current, empty: {title, next}}. Emits select {id}. */
  studio.posts = (element, props, trigger, watch) => {
    const root = studio.root(element, "posts-root");
    const render = () => {
      const { posts = [], current, empty } = props.value || {};
      if (!posts.length) {
        root.replaceChildren(el("div", { class: "empty" }, el("p", { class: "empty-title" }, (empty || {}).title || ""), el("p", { class: "empty-next" }, (empty || {}).next || "")));
        return;
      }
      root.replaceChildren(el("ul", { class: "posts" }, posts.map((post) => el("li", {},
        el("button", { type: "button", class: `post-card ${post.id === current ? "current" : ""}`, "aria-current": post.id === current ? "true" : null, onclick: () => trigger("select", { id: post.id }) },
          post.thumb ? el("img", { src: post.thumb, alt: "", loading: "lazy" }) : el("span", { class: "queue-blank" }),
          el("span", { class: "post-words" }, el("span", { class: "post-title" }, post.title), el("span", { class: "post-note" }, post.note)),
          el("span", { class: `badge ${post.state}` }, post.state))))));
    };
    watch("value", render);
    render();
  };

  /* value: {variants: [{text, hashtags}], chosen}. Emits select {index}. */
  studio.variants = (element, props, trigger, watch) => {
    const root = studio.root(element, "variants-root");
    const render = () => {
      const { variants = [], chosen } = props.value || {};
      root.replaceChildren(...variants.map((one, index) => el("button", { type: "button", class: `variant ${index === chosen ? "current" : ""}`, "aria-pressed": index === chosen ? "true" : "false",
        onclick: () => trigger("select", { index }) },
        el("span", { class: "variant-text" }, one.text), el("span", { class: "variant-tags" }, (one.hashtags || []).map((tag) => (tag.startsWith("#") ? tag : `#${tag}`)).join(" ")))));
    };
    watch("value", render);
    render();
  };
})();
