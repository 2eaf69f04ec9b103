import { h } from "../core/dom.js";

export default async function page({ title }) {
    title("endpoints/detail");
    return h("div", { class: "page" }, h("h1", {}, "endpoints/detail"));
}
