import FoundationEssentials
import PipeCore
import PipeRuntime
import Testing

@Suite struct MetricsPageTests {
    /// docs/metrics.md describes every metric, with its type, and no other.
    @Test func thePageListsExactlyTheRegistry() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = String(decoding: try Data(contentsOf: root.appending(path: "docs/metrics.md")), as: UTF8.self)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `ClickPipes_") }.map { line in
            line.split(separator: "|").map { $0.drop { $0 == " " || $0 == "`" }.prefix { $0 != " " && $0 != "`" } }
        }
        let described = rows.map { "\($0[0]) \($0[1])" }
        let registered = MetricsRegistry().families(service: nil).map { "\($0.name) \($0.kind.rawValue)" }
        #expect(described == registered)
        #expect(rows.allSatisfy { $0.count == 5 }, "name, type, unit, labels, meaning")
    }
}
