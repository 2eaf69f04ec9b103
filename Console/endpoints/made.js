// Credentials of keys made in a form, kept in memory for the page that comes next, so that its samples can be run at once.

let kept = [];

export function secretKept(made) {
    kept = made;
}

/** Gives them out once. */
export function takeSecrets() {
    const given = kept;
    kept = [];
    return given;
}
