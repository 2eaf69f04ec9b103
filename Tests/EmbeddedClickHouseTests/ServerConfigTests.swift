import EmbeddedClickHouse
import Foundation
import Testing

@Suite struct ServerConfigTests {
    let paths = ServerPaths(dataDirectory: "/var/lib/a&b/")

    @Test func serverConfigurationIsXMLWithOwnPathsOnLoopback() throws {
        let text = ServerConfigText.server(paths: paths, httpPort: 18200, tcpPort: nil, memoryShare: 0.25)
        let document = try XMLNode.parse(text)
        #expect(document.all("listen_host") == ["127.0.0.1"])
        #expect(document.all("http_port") == ["18200"])
        #expect(document.all("tcp_port").isEmpty)
        #expect(document.all("path").first == "/var/lib/a&b/clickhouse/data/")
        #expect(document.all("max_server_memory_usage_to_ram_ratio") == ["0.25"])
        #expect(document.all("ttl") == ["event_date + INTERVAL 7 DAY DELETE", "event_date + INTERVAL 7 DAY DELETE"])
        for path in document.all("path") + document.all("tmp_path") + document.all("log") {
            #expect(path.hasPrefix("/var/lib/a&b/clickhouse/"))
        }
        #expect(try XMLNode.parse(ServerConfigText.server(paths: paths, httpPort: 1, tcpPort: 2, memoryShare: 1)).all("tcp_port") == ["2"])
    }

    @Test func onlyUserHasAPassword() throws {
        let text = ServerConfigText.users(passwordSHA256: "abc123")
        let document = try XMLNode.parse(text)
        #expect(document.all("password_sha256_hex") == ["abc123"])
        #expect(!text.contains("<password>") && !text.contains("<default>"))
    }

    @Test func engineIsFoundInOrder() throws {
        var configuration = EmbeddedServerConfiguration(
            dataDirectory: "/d", environment: ["PATH": "/a:/b", "PENSTOCK_PYTHON": "/v/python"])
        #expect(try ServerEngine.locate(configuration) { $0 == "/b/clickhouse" || $0 == "/v/python" } == .binary("/b/clickhouse"))
        #expect(try ServerEngine.locate(configuration) { $0 == "/v/python" } == .chdb(python: "/v/python"))
        configuration.python = "python9"
        #expect(try ServerEngine.locate(configuration) { $0 == "/b/python9" } == .chdb(python: "/b/python9"))
        configuration.environment["PENSTOCK_CLICKHOUSE_BINARY"] = "/x/clickhouse-server"
        let found = try ServerEngine.locate(configuration) { $0 == "/x/clickhouse-server" }
        #expect(found.command(paths) == ["/x/clickhouse-server", "--config-file=/var/lib/a&b/clickhouse/config.xml"])
        #expect(throws: EmbeddedServerError.self) { try ServerEngine.locate(configuration) { _ in false } }
    }

    @Test func pausesGrow() {
        var pauses = RestartPauses()
        let first = (0..<10).map { _ in pauses.next() }
        #expect(first[0] == .milliseconds(200) && first[1] == .milliseconds(400) && first[9] == .seconds(30))
        #expect(pauses.isHopeless && !RestartPauses().isHopeless)
    }

    @Test func identityStaysAndIsPrivate() throws {
        let root = NSTemporaryDirectory() + "penstock-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        let configuration = EmbeddedServerConfiguration(dataDirectory: root, environment: [:])
        let directory = ServerDirectory(ServerPaths(dataDirectory: root))
        let first = try directory.prepare(configuration)
        #expect(try directory.prepare(configuration) == first)
        #expect(first.password.utf8.count == 64 && first.httpPort > 0)
        for path in [directory.paths.password, directory.paths.config, directory.paths.users] {
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
        #expect(directory.read(directory.paths.users)?.contains(first.password) == false)
        var bad = configuration
        bad.memoryShare = 0
        #expect(throws: EmbeddedServerError.self) { try directory.prepare(bad) }
        bad = configuration
        bad.dataDirectory = "/proc/nowhere"
        #expect(throws: EmbeddedServerError.self) { try ServerDirectory(ServerPaths(dataDirectory: "/proc/nowhere")).prepare(bad) }
    }
}

/// Just enough XML to check what we wrote: elements and their text, malformed nesting refused.
struct XMLNode {
    struct Malformed: Error {}
    var elements: [(name: String, text: String)] = []

    func all(_ name: String) -> [String] { elements.filter { $0.name == name }.map(\.text) }

    static func parse(_ text: String) throws -> XMLNode {
        var node = XMLNode()
        var open: [(name: String, text: String)] = []
        var rest = text.replacing(/<!--[^>]*-->/, with: "")[...]
        while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
            if !open.isEmpty { open[open.count - 1].text += rest[..<start] }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasSuffix("/") { continue }
            if !tag.hasPrefix("/") {
                open.append((String(tag), ""))
            } else {
                guard let last = open.popLast(), last.name == tag.dropFirst() else { throw Malformed() }
                let value = last.text.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&amp;", with: "&")
                node.elements.append((last.name, value.trimmingCharacters(in: .whitespacesAndNewlines)))
            }
        }
        guard open.isEmpty else { throw Malformed() }
        return node
    }
}
