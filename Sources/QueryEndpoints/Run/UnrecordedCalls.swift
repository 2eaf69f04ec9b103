/// Keeps nothing of calls.
public struct UnrecordedCalls: CallRecorder {
    public init() {}
    public func entered(service: String, endpoint: String?) {}
    public func left(service: String, endpoint: String?) {}
    public func record(_ call: CallRecord) {}
    public func parameterHash(_ values: [String: String]) -> String { "" }
}
