internal import PipeCore

extension EndpointPlan {
    /// Takes the steps in order, deletions last. A step that fails does not keep the others from being taken.
    ///
    /// - Parameter tell: gets a line for each step taken.
    /// - Returns: what failed, as lines for people.
    package func apply(to service: some EndpointService, tell: (String) -> Void) async throws -> [String] {
        var failures: [String] = []
        func attempt(_ subject: String, _ step: () async throws -> String) async throws {
            do {
                tell(EndpointReport.visible(try await step()))
            } catch let failure as EndpointServiceFailure {
                failures.append(EndpointReport.visible("\(subject): \(failure)"))
            }
        }
        for step in steps {
            switch step {
            case .create(let file, let body):
                try await attempt(file.file) { "created  \(file.name)  \(try await service.create(body)["url"]?.string ?? "")" }
            case .update(let file, let id, let body, _):
                try await attempt(file.file) {
                    "updated  \(file.name)  \(try await service.replace(id, with: body)["url"]?.string ?? "")"
                }
            case .delete(let id, let name):
                try await attempt(name) {
                    try await service.delete(id)
                    return "deleted  \(name)"
                }
            case .unchanged: break
            }
        }
        return failures
    }
}
