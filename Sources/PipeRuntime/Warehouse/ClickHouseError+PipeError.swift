package import ClickHouse
internal import PipeCore

/// What a server's complaint about a load is about.
package enum LoadTrouble: Sendable, Equatable {
    /// The content of a file.
    case data
    /// An object, or its bucket, is not there.
    case missing
    case denied
    /// The store did not answer.
    case storeUnreachable
    /// Anything on ClickHouse's side.
    case warehouse
}

extension ClickHouseError {
    /// Codes that say a value or a file could not be read (ClickHouse `ErrorCodes.cpp`).
    static let dataCodes: Set<Int> = [
        6, 26, 27, 32, 33, 34, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 354, 407, 441, 442, 467, 561, 577, 636, 639, 691,
    ]

    /// Lack of capacity, time or network (same source).
    static let passingCodes: Set<Int> = [
        159, 160, 198, 201, 202, 203, 209, 210, 236, 241, 242, 252, 279, 285, 319, 335, 394, 425, 734, 735, 999, 1000,
    ]

    package var loadTrouble: LoadTrouble {
        // What ClickHouse (25.8, measured) says when the store closes the connection in the middle of an object, also inside
        // the messages of other formats' libraries.
        if [1000, 1001].contains(code.rawValue), message.contains("Malformed message: Unexpected EOF") { return .storeUnreachable }
        let isStore = code == .s3Error || message.contains("Azure::")
        if isStore {
            // A session token that ran out is renewed at the next try.
            if message.contains("ExpiredToken") { return .storeUnreachable }
            if ["403", "Access Denied", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden"]
                .contains(where: { message.contains($0) })
            {
                return .denied
            }
            if ["404", "NoSuchKey", "NoSuchBucket", "does not exist", "BlobNotFound", "ContainerNotFound"].contains(where: {
                message.contains($0)
            }) {
                return .missing
            }
            return .storeUnreachable
        }
        let number = code.rawValue
        if number == 1001, ["parquet::", "avro::", "arrow::", "orc::"].contains(where: { message.contains($0) }) { return .data }
        if Self.dataCodes.contains(number) { return .data }
        // Any error while a file is read names the file, also running out of memory.
        let namesFile = message.contains("(in file/uri") || message.contains("While reading from:")
        return namesFile && number > 0 && !Self.passingCodes.contains(number) ? .data : .warehouse
    }

    /// The object the message names, as `bucket/key`.
    var namedPath: String? {
        for (start, end) in [("(in file/uri ", "):"), ("While reading from: ", ": While")] {
            guard let opening = message.firstRange(of: start) else { continue }
            let rest = message[opening.upperBound...]
            if let closing = rest.firstRange(of: end) { return String(rest[..<closing.lowerBound]) }
            return rest.last == ")" ? String(rest.dropLast()) : nil
        }
        return nil
    }

    /// The row number in `(at row 2)`.
    var namedRow: String? {
        guard let opening = message.firstRange(of: "(at row ") else { return nil }
        let digits = message[opening.upperBound...].prefix { $0.isNumber }
        return digits.isEmpty ? nil : String(digits)
    }

    /// The message without the server's trailing context, at most 500 characters.
    var shortMessage: String {
        var text = message[...]
        for marker in [": While executing", "Stack trace", "(version "] {
            if let range = text.firstRange(of: marker) { text = text[..<range.lowerBound] }
        }
        let line = text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.joined(separator: " ")
        return line.count > 500 ? "\(line.prefix(500))…" : line
    }

    /// This error as the pipe's. `what` completes "… while": `moving partitions`.
    func pipeError(during what: String, side: PipeSide = .destination, file: String = #fileID, line: Int = #line) -> PipeError {
        func error(_ code: PipeError.Code, _ disposition: PipeCore.Disposition, _ side: PipeSide, _ message: String) -> PipeError {
            PipeError(code, disposition, side: side, message, underlying: self, file: file, line: line)
        }
        // Staging tables are ours: if one is gone, a crash or a person took it, and the load begins again or says what to do.
        if code == .unknownTable, message.contains("_clickpipes_stage_") {
            return error(.destinationUnreachable, .retry, .destination, "a staging table is gone while \(what)")
        }
        // Another program moves a part of the same name into the table: nothing has happened, and it passes.
        if code.rawValue == 49, message.contains("Temporary part"), message.contains("already added") {
            return error(.destinationUnreachable, .retry, .destination, "another move into the table is under way while \(what)")
        }
        switch loadTrouble {
        case .missing:
            return error(.sourceMissing, .user, .source, "the object store answered 'not found' while \(what): check bucket and path")
        case .denied:
            return error(
                .sourceDenied, .user, .source,
                "the object store denied access to ClickHouse while \(what): check the credentials, and that they may list and read the objects"
            )
        case .storeUnreachable:
            return error(.sourceUnreachable, .retry, .source, "ClickHouse cannot reach the object store while \(what): \(shortMessage)")
        case .data: return error(.dataParsing, .user, side, "ClickHouse could not read the data while \(what): \(shortMessage)")
        case .warehouse: break
        }
        switch disposition {
        case .retryable:
            return error(.destinationUnreachable, .retry, .destination, "ClickHouse is not available while \(what): \(shortMessage)")
        case .user: return error(.destinationRefused, .user, .destination, "ClickHouse refused while \(what): \(shortMessage)")
        case .bug:
            return error(.internalError, .bug, .penstock, "ClickHouse did not accept what Penstock sent while \(what): \(shortMessage)")
        }
    }
}
