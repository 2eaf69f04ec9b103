internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// A connection whose requests are handled on the event loop that reads and writes it.
///
/// Swift's own threads would cost several changes of thread for each request, more than all else that Penstock adds to a call. So whatever
/// handles a request must not block; what needs a thread for itself (SQLite, files) has one.
struct LoopBoundChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> { base.setup(channel: channel, logger: logger) }

    func handle(value: Base.Value, logger: Logger) async {
        await withTaskExecutorPreference(LoopExecutor(loop: value.channel.eventLoop)) { await base.handle(value: value, logger: logger) }
    }
}

/// Runs tasks on one event loop, between its reads and writes.
private final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
