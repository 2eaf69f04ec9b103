/** Keys of a tree, as ARIA describes them. Items are elements with the role; `main()`, `expand(is)` and `menu()` of an item do its work. */
export function treeKeys(tree) {
    const items = () => [...tree.querySelectorAll("[role=treeitem]")];
    const level = (node) => Number(node.getAttribute("aria-level"));
    const focus = (node) => {
        if (!node) return;
        for (const one of items()) one.tabIndex = one === node ? 0 : -1;
        node.focus();
    };
    tree.addEventListener("focusin", (event) => {
        const node = event.target.closest("[role=treeitem]");
        if (node && node.tabIndex !== 0) for (const one of items()) one.tabIndex = one === node ? 0 : -1;
    });
    tree.addEventListener("keydown", (event) => {
        const node = event.target.closest("[role=treeitem]");
        if (!node || event.target !== node) return;
        const all = items(), at = all.indexOf(node);
        const expanded = node.getAttribute("aria-expanded");
        if (event.key === "ArrowDown") focus(all[at + 1]);
        else if (event.key === "ArrowUp") focus(all[at - 1]);
        else if (event.key === "Home") focus(all[0]);
        else if (event.key === "End") focus(all.at(-1));
        else if (event.key === "ArrowRight" && expanded === "false") node.expand(true);
        else if (event.key === "ArrowRight" && expanded === "true") focus(all[at + 1]);
        else if (event.key === "ArrowLeft" && expanded === "true") node.expand(false);
        else if (event.key === "ArrowLeft") focus(all.slice(0, at).reverse().find((one) => level(one) < level(node)));
        else if (event.key === "Enter" || event.key === " ") node.main?.();
        else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) node.menu?.();
        else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
            focus([...all.slice(at + 1), ...all].find((one) => one.textContent.toLowerCase().startsWith(event.key.toLowerCase())));
        }
        else return;
        event.preventDefault();
    });
}
