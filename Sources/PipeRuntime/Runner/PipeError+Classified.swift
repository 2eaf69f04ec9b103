public import PipeCore

extension PipeError {
    /// Any error as one that says who must act. An error nobody classified is ours: its text may hold secrets and data, so
    /// only its type is shown, and the rest is for the debug log.
    public static func classified(_ error: any Error, side: PipeSide) -> PipeError {
        switch error {
        case let error as PipeError: error
        case let error as InvalidConfiguration:
            PipeError(side == .destination ? .destinationRefused : .sourceMissing, .user, side: side, error.description)
        default:
            PipeError(
                .internalError, .bug, side: side,
                "unexpected error of type \(type(of: error)) at the \(side == .penstock ? "core of Penstock" : side.rawValue); details are in the debug log",
                underlying: error)
        }
    }
}
