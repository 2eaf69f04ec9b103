import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ends a wait in `poll` from another thread.
final class Interrupt: Sendable {
    /// What `poll` watches; nil where the system has no descriptors left, and then waits end by their timeout.
    let readEnd: Int32?
    private let writeEnd: Int32?
    private let isCancelledFlag = Mutex(false)

    init() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            (readEnd, writeEnd) = (nil, nil)
            return
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        if let readEnd { close(readEnd) }
        if let writeEnd { close(writeEnd) }
    }

    var isCancelled: Bool { isCancelledFlag.withLock { $0 } }

    /// For good: every wait from now on fails.
    func cancel() {
        isCancelledFlag.withLock { $0 = true }
        wake()
    }

    /// Ends the present wait, or the next one.
    func wake() {
        guard let writeEnd else { return }
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    func drain() {
        guard let readEnd else { return }
        var buffer: [UInt8] = Array(repeating: 0, count: 64)
        while read(readEnd, &buffer, buffer.count) > 0 {}
    }
}
