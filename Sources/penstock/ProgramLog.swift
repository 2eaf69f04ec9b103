import FoundationEssentials
import Glibc
import Logging
import PipeCore
import ProgramConfiguration

/// The program's own log, on standard error.
enum ProgramLog {
    static func bootstrap(_ configuration: PenstockConfiguration.Log) {
        let level = Logger.Level(rawValue: configuration.level) ?? .info
        let isJSON = configuration.format == "json"
        LoggingSystem.bootstrap { label in
            if isJSON { return JSONLogHandler(label: label, logLevel: level) }
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
    }
}

/// One JSON object for each message: `time`, `level`, `message`, `logger`, and the metadata under their own names.
struct JSONLogHandler: LogHandler {
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line: [String: JSONValue] = [
            "time": .string(Date().formatted(.iso8601.time(includingFractionalSeconds: true))), "level": .string(event.level.rawValue),
            "message": .string("\(event.message)"), "logger": .string(label),
        ]
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { _, new in new }) where line[key] == nil {
            line[key] = .string("\(value)")
        }
        guard let text = try? JSONText.encode(JSONValue.object(line)) else { return }
        // One write for one line, so that lines of different threads do not mix.
        let bytes = text + [UInt8(ascii: "\n")]
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// Standard output is buffered when it is not a terminal; what a waiting script needs must leave at once.
func flushStandardOutput() { fflush(nil) }
