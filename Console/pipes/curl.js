// The call that does the same from a shell.

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A curl line for a path of the API; the key comes from the shell's $KEY as `id:secret`. */
export function curlLine(method, path, body) {
    const parts = [`curl -u "$KEY"`, method === "GET" ? "" : `-X ${method}`, quoted(location.origin + path)].filter(Boolean).join(" ");
    return body === undefined ? parts : `${parts} \\\n  -d ${quoted(JSON.stringify(body, null, 2))}`;
}
