// Ready calls of an endpoint in the languages people ask for.
import { kindOf, sampleValues } from "./parameters.js";

const placeholder = { keyId: "<key id>", keySecret: "<key secret>" };
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const literal = (text) => JSON.stringify(text);
const swift = (text) => JSON.stringify(text).replace(/\\u([0-9a-f]{4})/gi, "\\u{$1}");

function python(value) {
    if (value === null) return "None";
    if (value === true) return "True";
    if (value === false) return "False";
    if (Array.isArray(value)) return `[${value.map((one) => python(one)).join(", ")}]`;
    if (typeof value === "object") return `{${Object.entries(value).map(([key, one]) => `${literal(key)}: ${python(one)}`).join(", ")}}`;
    return JSON.stringify(value);
}

/** `[{ id, text, mode, code }]`. Without credentials places are left for them. */
export function samples(endpoint, credentials = placeholder) {
    const kind = kindOf(endpoint.sql);
    const values = sampleValues(endpoint.sql, endpoint.parameters);
    const variables = Object.fromEntries(values.map((one) => [one.name, one.value]));
    const format = kind === "stream" ? "CSV" : endpoint.format ?? "JSONEachRow";
    const search = new URLSearchParams([["format", format], ...values.map((one) => [`param_${one.name}`, one.text])]);
    const address = endpoint.url;
    const full = `${address}?${search}`;
    const user = `${credentials.keyId}:${credentials.keySecret}`;
    const plain = `${address}?format=${encodeURIComponent(format)}`;
    const body = { queryVariables: variables };
    if (kind === "stream") return streams(full, user);

    const all = [];
    if (kind === "read") all.push({ id: "curl-get", text: "curl GET", mode: "text/x-sh", code: `curl --user ${shell(user)} \\\n  ${shell(full)}` });
    all.push({
        id: "curl-post", text: "curl POST", mode: "text/x-sh",
        code: `curl --user ${shell(user)} \\\n  -H 'Content-Type: application/json' \\\n  -d ${shell(JSON.stringify(body))} \\\n  ${shell(plain)}`,
    }, {
        id: "javascript", text: "JavaScript", mode: "text/javascript",
        code: `const response = await fetch(${literal(plain)}, {
    method: "POST",
    headers: {
        "Authorization": "Basic " + btoa(${literal(user)}),
        "Content-Type": "application/json",
    },
    body: JSON.stringify(${JSON.stringify(body)}),
});
if (!response.ok) throw new Error((await response.json()).error.details);
console.log(await response.text());`,
    }, {
        id: "python", text: "Python", mode: null,
        code: `import base64, json, urllib.request

request = urllib.request.Request(
    ${literal(plain)},
    data=json.dumps(${python(body)}).encode(),
    headers={
        "Authorization": "Basic " + base64.b64encode(${literal(user)}.encode()).decode(),
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request) as answer:
    print(answer.read().decode())`,
    }, {
        id: "swift", text: "Swift", mode: null,
        code: `import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

var request = URLRequest(url: URL(string: ${swift(plain)})!)
request.httpMethod = "POST"
request.setValue("Basic " + Data(${swift(user)}.utf8).base64EncodedString(), forHTTPHeaderField: "Authorization")
request.setValue("application/json", forHTTPHeaderField: "Content-Type")
request.httpBody = Data(${swift(JSON.stringify(body))}.utf8)
let (data, _) = try await URLSession.shared.data(for: request)
print(String(decoding: data, as: UTF8.self))`,
    });
    return all;
}

/** Calls whose body is the rows. */
function streams(full, user) {
    return [
        {
            id: "curl-post", text: "curl POST", mode: "text/x-sh",
            code: `curl --user ${shell(user)} \\\n  -H 'Content-Type: application/octet-stream' \\\n  --data-binary @rows.csv \\\n  ${shell(full)}`,
        },
        {
            id: "javascript", text: "JavaScript", mode: "text/javascript",
            code: `const response = await fetch(${literal(full)}, {
    method: "POST",
    headers: { "Authorization": "Basic " + btoa(${literal(user)}) },
    body: "1,first\\n2,second\\n",
});
if (!response.ok) throw new Error((await response.json()).error.details);`,
        },
        {
            id: "python", text: "Python", mode: null,
            code: `import base64, urllib.request

with open("rows.csv", "rb") as rows:
    request = urllib.request.Request(
        ${literal(full)},
        data=rows.read(),
        headers={"Authorization": "Basic " + base64.b64encode(${literal(user)}.encode()).decode()},
    )
    print(urllib.request.urlopen(request).read().decode())`,
        },
        {
            id: "swift", text: "Swift", mode: null,
            code: `import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

var request = URLRequest(url: URL(string: ${swift(full)})!)
request.httpMethod = "POST"
request.setValue("Basic " + Data(${swift(user)}.utf8).base64EncodedString(), forHTTPHeaderField: "Authorization")
let (data, _) = try await URLSession.shared.upload(for: request, fromFile: URL(fileURLWithPath: "rows.csv"))
print(String(decoding: data, as: UTF8.self))`,
        },
    ];
}
