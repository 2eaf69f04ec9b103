private import Catalog
private import FoundationEssentials
private import Hummingbird
private import Logging

extension APIDependencies {
    /// Appends a line to the audit log: who did what, from where.
    ///
    /// Called after the change. When the line cannot be written the change stands, so the failure is logged as an error
    /// and the request succeeds.
    package func recordActivity(
        _ type: String, by context: APIContext, service: String? = nil, target: String? = nil, keyUpdateType: String? = nil
    ) async {
        let caller = context.caller
        let activity = ActivityRecord(
            id: UUID().uuidString.lowercased(), createdAt: now(), type: type, actorType: caller == nil ? "system" : "api",
            actorID: caller?.key.id ?? "", actorDetails: caller?.key.name ?? "", actorIPAddress: caller?.ipAddress ?? "",
            userAgent: caller?.userAgent ?? "", serviceID: service, targetID: target, keyUpdateType: keyUpdateType)
        do {
            try await catalog.append(activity)
        } catch {
            context.logger.error(
                "the audit log could not be written", metadata: ["activity": "\(type)", "error": "\(String(reflecting: error))"])
        }
    }
}
