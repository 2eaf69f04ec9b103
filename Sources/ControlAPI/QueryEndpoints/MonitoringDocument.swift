private import FoundationEssentials
internal import PipeCore
internal import QueryEndpoints

extension CallReport {
    /// `keys`: names of API keys by resource id.
    func document(keys: [String: String]) -> JSONValue {
        [
            "from": .string(WireDate.string(span.from)), "to": .string(WireDate.string(span.to)), "step": .integer(Int64(span.step)),
            "total": .object(total.members),
            "steps": .array(
                steps.map { step in
                    .object(step.summary.members.merging(["time": .string(WireDate.string(step.time))]) { _, new in new })
                }),
            "callers": .array(
                callers.map { caller in
                    let who: [String: JSONValue] = [
                        "apiKeyId": text(caller.keyID), "apiKeyName": text(caller.keyID.flatMap { keys[$0] }),
                        "tokenSubject": text(caller.tokenSubject), "lastCallAt": .string(WireDate.string(caller.lastCall)),
                    ]
                    return .object(caller.summary.members.merging(who) { _, new in new })
                }),
        ]
    }
}

extension CallSummary {
    fileprivate var members: [String: JSONValue] {
        [
            "requests": .integer(Int64(requests)), "errors": .integer(Int64(failed)), "errorRate": .number(errorRate),
            "errorsByClass": .object(errors.mapValues { .integer(Int64($0)) }), "durationMs": duration?.document ?? .null,
            "firstByteMs": firstByte?.document ?? .null, "readRows": .integer(Int64(readRows)), "readBytes": .integer(Int64(readBytes)),
            "resultRows": .integer(Int64(resultRows)), "resultBytes": .integer(Int64(resultBytes)),
            "cacheHits": .integer(Int64(cacheHits)), "cacheMisses": .integer(Int64(cacheMisses)),
        ]
    }
}

extension CallSummary.Quantiles {
    fileprivate var document: JSONValue { ["p50": .number(p50), "p95": .number(p95), "p99": .number(p99)] }
}

extension CallRecord {
    var document: JSONValue {
        [
            "requestId": .string(requestID), "time": .string(WireDate.string(time)), "version": .integer(Int64(version)),
            "apiKeyId": text(keyID), "tokenSubject": text(tokenSubject), "status": .integer(Int64(status)),
            "errorCode": text(failure?.code), "errorClass": text(failure?.errorClass.rawValue),
            "firstByteMs": firstByte.map { .number(milliseconds($0)) } ?? .null, "durationMs": .number(milliseconds(total)),
            "readRows": .integer(Int64(readRows)), "readBytes": .integer(Int64(readBytes)), "resultRows": .integer(Int64(resultRows)),
            "resultBytes": .integer(Int64(resultBytes)), "cache": .string(cache.rawValue), "format": text(format),
            "queryId": text(queryID), "parameterHash": text(parameterHash), "clientAddress": text(clientAddress),
        ]
    }

    private func milliseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) / 1e15
    }
}

private func text(_ value: String?) -> JSONValue { value.flatMap { $0.isEmpty ? nil : .string($0) } ?? .null }
