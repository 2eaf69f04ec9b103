import { confirmed } from "../components/dialog.js";
import { toast } from "../components/toast.js";
import { deleteEndpoint } from "./data.js";

/** Asks with the name typed, then deletes. Answers whether it was done. */
export async function removeEndpoint(service, endpoint) {
    const done = await confirmed("Delete this endpoint?", {
        text: `Its URL answers no more from that moment on, and its history is lost. Programs that call it get a 404. `
            + `The endpoint: “${endpoint.name}”.`,
        action: "Delete endpoint", typed: endpoint.name.trim(), work: () => deleteEndpoint(service, endpoint.id),
    });
    if (done) toast(`“${endpoint.name}” was deleted`);
    return done;
}
