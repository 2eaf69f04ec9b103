import PipeCore

/// What the supervisor must do to bring running pipes towards wanted ones: a pure comparison, repeated at every change.
enum Reconciliation {
    /// A run as the supervisor knows it.
    struct Run: Sendable {
        var generation: Int
        var settings: PipeSettings
        var isStopping = false
        /// Set when the run has ended and that was not reported yet.
        var outcome: PipeOutcome?
    }

    enum Action: Sendable {
        case start(WantedPipe)
        /// Tell the run to stop; its end is seen by a later comparison.
        case stop(PipeID)
        case update(PipeID, PipeSettings)
        /// Remove a run that has ended and whose outcome is of no interest.
        case forget(PipeID)
        /// Observe how a run ended, then forget it.
        case report(PipeID, generation: Int, PipeOutcome)
        /// Observe that a pipe told to stop has nothing running.
        case observeStopped(PipeID)
        /// Say that the pipe goes on when its service does.
        case describeWaiting(PipeID)
    }

    static let waitingMessage = "waiting: the ClickHouse service is not running; the pipe goes on when it is"

    static func actions(wanted: [WantedPipe], running: [PipeID: Run]) -> [Action] {
        var actions: [Action] = []
        let known = Set(wanted.map(\.id))
        for (id, run) in running.sorted(by: { $0.key < $1.key }) where !known.contains(id) {
            if run.outcome != nil {
                actions.append(.forget(id))
            } else if !run.isStopping {
                actions.append(.stop(id))
            }
        }
        for pipe in wanted { actions += self.actions(for: pipe, run: running[pipe.id]) }
        return actions
    }

    private static func actions(for pipe: WantedPipe, run: Run?) -> [Action] {
        guard let run else { return actionsWithoutRun(pipe) }
        guard let outcome = run.outcome else {
            if pipe.wanted == .running, run.generation == pipe.generation {
                // A run on its way out is started again once it has ended.
                return run.settings == pipe.settings || run.isStopping ? [] : [.update(pipe.id, pipe.settings)]
            }
            return run.isStopping ? [] : [.stop(pipe.id)]
        }
        switch outcome {
        // What became of an older generation says nothing of this one.
        case .finished where run.generation == pipe.generation, .failed where run.generation == pipe.generation:
            return [.report(pipe.id, generation: run.generation, outcome)]
        case .finished, .failed:
            return [.forget(pipe.id)] + actionsWithoutRun(pipe)
        case .cancelled:
            return [.forget(pipe.id)] + actionsWithoutRun(pipe)
        }
    }

    private static func actionsWithoutRun(_ pipe: WantedPipe) -> [Action] {
        if pipe.wanted == .running { return [.start(pipe)] }
        if isStopping(pipe.state) { return [.observeStopped(pipe.id)] }
        return pipe.state.isAtRest || pipe.message == waitingMessage ? [] : [.describeWaiting(pipe.id)]
    }

    private static func isStopping(_ state: PipeState) -> Bool { state == .stopping || state == .pausing }
}
