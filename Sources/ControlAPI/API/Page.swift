private import FoundationEssentials
package import Hummingbird
package import PipeCore

/// One page of a list: `?limit=` and `?cursor=`, and `limit`, `totalCount` and `nextCursor` in the envelope.
///
/// Without either parameter the whole list is returned and the envelope has no further members, unless the list has pages of
/// its own accord.
package struct Page: Sendable {
    package static let parameters: [Operation.QueryParameter] = [
        .init("limit", .integer(1...1000), "Most elements to return."),
        .init("cursor", .text, "`nextCursor` of the page before."),
    ]

    package static let envelope: [Field] = [
        Field("limit", .integer, "Most elements of this page."), Field("totalCount", .integer, "Elements of the whole list."),
        Field("nextCursor", .string, "Where the next page begins; absent on the last."),
    ]

    private var limit: Int?
    private var after: String?

    /// Throws 400 for a limit or cursor that cannot be.
    /// - Parameter limit: of a request that names none; nil: no pages.
    package init(_ request: Request, limit: Int? = nil) throws {
        self.limit = limit
        if let text = request.uri.queryParameters["limit"].map(String.init) {
            guard let limit = Int(text), (1...1000).contains(limit) else {
                throw APIError.badRequest("limit must be an integer from 1 to 1000")
            }
            self.limit = limit
        }
        if let text = request.uri.queryParameters["cursor"].map(String.init), !text.isEmpty {
            guard let data = Data(base64Encoded: text), let after = String(validating: data, as: UTF8.self) else {
                throw APIError.badRequest("cursor must be the nextCursor of the page before")
            }
            self.after = after
        }
    }

    /// The elements of this page out of `all`, ordered by `key`, which is unique and sorts as text.
    package func cut<Element>(_ all: [Element], by key: (Element) -> String) -> (elements: [Element], envelope: [String: JSONValue]) {
        guard limit != nil || after != nil else { return (all, [:]) }
        let limit = limit ?? 100
        let rest = all.map { (key($0), $0) }.sorted { $0.0 < $1.0 }.drop { element in after.map { element.0 <= $0 } ?? false }
        let page = rest.prefix(limit)
        var envelope: [String: JSONValue] = ["limit": .integer(Int64(limit)), "totalCount": .integer(Int64(all.count))]
        if page.count < rest.count, let last = page.last {
            envelope["nextCursor"] = .string(Data(last.0.utf8).base64EncodedString())
        }
        return (page.map(\.1), envelope)
    }
}
