import { h } from "../core/dom.js";

export default async function page({ title }) {
    title("pipes/create");
    return h("div", { class: "page" }, h("h1", {}, "pipes/create"));
}
