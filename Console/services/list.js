import { h } from "../core/dom.js";

export default async function page({ title }) {
    title("services/list");
    return h("div", { class: "page" }, h("h1", {}, "services/list"));
}
