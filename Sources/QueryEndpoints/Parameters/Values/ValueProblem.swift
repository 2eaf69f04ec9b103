/// Why a value does not fit its type; the parameter's name is added by the caller.
struct ValueProblem: Error, Hashable {
    /// Where in a container: `[2].name`; empty at the top.
    var path = ""
    var reason: String

    init(_ reason: String) { self.reason = reason }

    /// ``'300' is out of range, 0 to 255``.
    init(_ value: some StringProtocol, _ reason: String) { self.reason = "'\(String(value).clipped(to: 80))' \(reason)" }

    static let tooDeep = ValueProblem("the value is nested deeper than \(GivenValue.deepest) levels")

    /// The same problem, one container further out.
    func inside(_ step: String) -> ValueProblem {
        var problem = self
        problem.path = step + path
        return problem
    }

    var description: String { path.isEmpty ? reason : "at \(path.clipped(to: 120)): \(reason)" }
}
