package import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds the exception that ClickHouse appends to an answer after it has said 200; no I/O.
///
/// Bytes pass through without a copy; only what may be the beginning of an exception is held back. Seen on 25.8: text and binary formats
/// end with `__exception__\r\nCode: 395. DB::Exception: …` and an aborted transfer; JSON and XML formats end well-formed, with the exception
/// as last member. From 25.11 the marker is followed by the tag of the `X-ClickHouse-Exception-Tag` header.
package struct ExceptionScanner: Sendable {
    package enum Ending: Sendable, Hashable {
        /// Nothing wrong; the rest of the answer, if some was held back.
        case complete(ByteBuffer?)
        /// The text of the exception, beginning with `Code: `.
        case exception(String)
    }

    private let marks: [Mark]
    private var held = ByteBuffer()
    /// Whether `held` begins with a whole mark; else with a part of one.
    private var isCandidate = false

    /// A message longer than this is taken for data. The longest that was seen reported is 100 kB.
    private static let longestException = 1 << 20

    /// - Parameters:
    ///   - format: `X-ClickHouse-Format`.
    ///   - tag: `X-ClickHouse-Exception-Tag`.
    package init(format: String?, tag: String?) {
        let format = format ?? ""
        marks = tag == nil ? Self.known[format] ?? Self.marks(format, tag: nil) : Self.marks(format, tag: tag)
    }

    /// Of formats that are common, so that a call does not make them anew.
    private static let known: [String: [Mark]] = {
        let formats = ["JSONEachRow", "JSON", "JSONCompact", "JSONCompactEachRow", "CSV", "CSVWithNames", "TabSeparated", "RowBinary"]
        return Dictionary(uniqueKeysWithValues: formats.map { ($0, marks($0, tag: nil)) })
    }()

    private static func marks(_ format: String, tag: String?) -> [Mark] {
        var marks = [Mark.plain(tag: tag)]
        if format == "XML" {
            marks.append(.xml)
        } else if format.hasPrefix("JSON") {
            if format.contains("Compact"), format.contains("EachRow") {
                marks.append(.jsonArray)
            } else if format.contains("EachRow"), format != "JSONObjectEachRow" {
                marks.append(.jsonLine)
            } else {
                marks.append(.jsonMember)
            }
        }
        return marks
    }

    /// Takes the next bytes and returns those that surely are data.
    package mutating func push(_ bytes: ByteBuffer) -> ByteBuffer? {
        var bytes = bytes
        if held.readableBytes > 0 {
            held.writeBuffer(&bytes)
            bytes = held
            held = ByteBuffer()
        }
        let cut: Int
        if let candidate = lastMark(in: bytes), bytes.readableBytes - candidate <= Self.longestException {
            cut = candidate
            isCandidate = true
        } else {
            cut = bytes.readableBytes - partialMark(in: bytes)
            isCandidate = false
        }
        let data = bytes.readSlice(length: cut)
        if bytes.readableBytes > 0 { held = bytes }
        return data?.readableBytes == 0 ? nil : data
    }

    /// - Parameter aborted: the transfer broke off.
    package mutating func finish(aborted: Bool) -> Ending {
        guard held.readableBytes > 0 else { return .complete(nil) }
        if isCandidate {
            let text = String(buffer: held)
            for mark in marks {
                if let exception = mark.exception(in: text, aborted: aborted) { return .exception(exception) }
            }
        }
        return .complete(held)
    }

    /// Offset of the last mark.
    private func lastMark(in bytes: ByteBuffer) -> Int? {
        bytes.withUnsafeReadableBytes { all -> Int? in
            guard let base = all.baseAddress else { return nil }
            var last: Int?
            for mark in marks {
                var offset = 0
                while offset < all.count - mark.pivot,
                    let hit = memchr(base + offset + mark.pivot, Int32(mark.begin[mark.pivot]), all.count - offset - mark.pivot)
                {
                    let found = UnsafeRawPointer(hit) - base - mark.pivot
                    if found + mark.begin.count <= all.count, memcmp(base + found, mark.begin, mark.begin.count) == 0 {
                        last = max(last ?? 0, found)
                    }
                    offset = found + 1
                }
            }
            return last
        }
    }

    /// Length of the longest end of `bytes` that begins a mark.
    private func partialMark(in bytes: ByteBuffer) -> Int {
        let view = bytes.readableBytesView
        var longest = 0
        for mark in marks {
            for length in stride(from: min(mark.begin.count - 1, view.count), to: longest, by: -1)
            where view.suffix(length).elementsEqual(mark.begin.prefix(length)) {
                longest = length
                break
            }
        }
        return longest
    }
}

/// One way to append an exception to an answer.
private struct Mark: Sendable {
    enum Kind: Sendable { case plain(tag: String?), json(end: String), xml }

    let begin: [UInt8]
    /// Index in `begin` of its byte that is rarest in data; the search runs from one to the next.
    let pivot: Int
    let kind: Kind

    static func plain(tag: String?) -> Mark {
        Mark(begin: Array("__exception__\r\n\(tag ?? "Code: ")".utf8), pivot: 13, kind: .plain(tag: tag))
    }
    /// `{"exception": "Code: …"}` as last line. Data has no space behind the colon.
    static let jsonLine = Mark(begin: Array("{\"exception\": \"Code: ".utf8), pivot: 13, kind: .json(end: "\"}"))
    /// `["Code: …"]` as last line.
    static let jsonArray = Mark(begin: Array("[\"Code: ".utf8), pivot: 0, kind: .json(end: "\"]"))
    /// Last member of the outermost object; data is indented deeper.
    static let jsonMember = Mark(begin: Array("\n\t\"exception\": \"Code: ".utf8), pivot: 0, kind: .json(end: "\"\n}"))
    static let xml = Mark(begin: Array("\n\t<exception>Code: ".utf8), pivot: 0, kind: .xml)

    /// The exception's text, if `text` is nothing but this kind of exception.
    func exception(in text: String, aborted: Bool) -> String? {
        guard text.utf8.starts(with: begin) else { return nil }
        switch kind {
        case .plain(let tag):
            guard let lineEnd = text.firstRange(of: "\r\n") else { return nil }
            var message = text[lineEnd.upperBound...]
            if let tag {
                message = message.dropFirst(tag.count)
                // Behind the message stand its length, the tag and the marker once more.
                if let end = message.ranges(of: " \(tag)").last, let lengthLine = message[..<end.lowerBound].lastIndex(where: \.isNewline) {
                    message = message[..<lengthLine]
                }
                guard let start = message.firstRange(of: "Code: ") else { return nil }
                return String(message[start.lowerBound...])
            }
            return message.firstRange(of: "Exception: ") != nil && (aborted || message.hasSuffix("\n")) ? String(message) : nil
        case .json(let end):
            let trimmed = text.trimmingEnd()
            guard trimmed.hasSuffix(end), let start = trimmed.firstRange(of: "Code: ") else { return nil }
            return unescapedJSON(trimmed[start.lowerBound...].dropLast(end.count))
        case .xml:
            guard let start = text.firstRange(of: "Code: "), let end = text.firstRange(of: "</exception>") else { return nil }
            guard text[end.upperBound...].allSatisfy({ $0.isWhitespace }) || text.trimmingEnd().hasSuffix("</result>") else { return nil }
            var message = String(text[start.lowerBound..<end.lowerBound])
            for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
                message.replace(entity, with: character)
            }
            return message
        }
    }

    private func unescapedJSON(_ text: Substring) -> String? {
        var result = ""
        var rest = text
        while let character = rest.popFirst() {
            if character == "\"" { return nil }  // the string ended early: this was data
            guard character == "\\" else {
                result.append(character)
                continue
            }
            switch rest.popFirst() {
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            case "u":
                if let scalar = UInt32(rest.prefix(4), radix: 16).flatMap(Unicode.Scalar.init) { result.unicodeScalars.append(scalar) }
                rest = rest.dropFirst(4)
            case let other?: result.append(other)
            case nil: return nil
            }
        }
        return result
    }
}

extension String {
    fileprivate func trimmingEnd() -> Substring {
        var part = self[...]
        while let last = part.last, last.isWhitespace { part = part.dropLast() }
        return part
    }
}
