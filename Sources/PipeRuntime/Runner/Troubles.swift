import Logging
import PipeCore

/// What a pipe is waiting for, shown as its state message: several things may be in trouble at a time, the longest-standing
/// one is shown, and the message goes away with the last.
actor Troubles {
    private let pipe: PipeID
    private let directory: any PipeDirectory
    private let logger: Logger
    private var standing: [(key: Int, message: String)] = []
    private var shown: String?
    private var isPublishing = false
    private var nextKey = 0

    init(pipe: PipeID, directory: any PipeDirectory, logger: Logger) {
        self.pipe = pipe
        self.directory = directory
        self.logger = logger
    }

    func makeKey() -> Int {
        nextKey += 1
        return nextKey
    }

    func report(_ key: Int, _ message: String) async {
        if let index = standing.firstIndex(where: { $0.key == key }) {
            standing[index].message = message
        } else {
            standing.append((key, message))
        }
        await publish()
    }

    func clear(_ key: Int) async {
        standing.removeAll { $0.key == key }
        await publish()
    }

    /// The message was overwritten by somebody else.
    func overwritten() async {
        shown = nil
        await publish()
    }

    /// Writes one message at a time, always the newest: two writers could leave the older one standing.
    private func publish() async {
        guard !isPublishing else { return }
        isPublishing = true
        defer { isPublishing = false }
        while standing.first?.message != shown {
            let message = standing.first?.message
            shown = message
            do {
                try await directory.describe(message, of: pipe)
            } catch {
                logger.warning("the state message was not stored", metadata: ["pipe": "\(pipe)", "error": "\(type(of: error))"])
            }
        }
    }
}
