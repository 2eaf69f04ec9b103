import { h } from "../core/dom.js";

export default async function page({ title }) {
    title("editor/page");
    return h("div", { class: "page" }, h("h1", {}, "editor/page"));
}
