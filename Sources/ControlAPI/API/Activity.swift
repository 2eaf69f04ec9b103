package import Catalog
private import FoundationEssentials
package import Hummingbird
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
        await append(
            ActivityRecord(
                id: UUID().uuidString.lowercased(), createdAt: now(), type: type, actorType: caller == nil ? "system" : "api",
                actorID: caller?.key.id ?? "", actorDetails: caller?.key.name ?? "", actorIPAddress: caller?.ipAddress ?? "",
                userAgent: caller?.userAgent ?? "", serviceID: service, targetID: target, keyUpdateType: keyUpdateType), context)
    }

    /// The same for sign-ins and sign-outs, whose requests have no caller. Who was refused is nobody (`key` is nil): what was typed as
    /// an id may be a secret.
    package func recordSignIn(_ type: String, of key: KeyRecord?, _ request: Request, _ context: APIContext) async {
        await append(
            ActivityRecord(
                id: UUID().uuidString.lowercased(), createdAt: now(), type: type, actorType: "api", actorID: key?.id ?? "",
                actorDetails: key?.name ?? "", actorIPAddress: context.remoteAddress?.ipAddress ?? "",
                userAgent: request.headers[.userAgent] ?? ""), context)
    }

    private func append(_ activity: ActivityRecord, _ context: APIContext) async {
        do {
            try await catalog.append(activity)
        } catch {
            context.logger.error(
                "the audit log could not be written",
                metadata: ["activity": "\(activity.type)", "error": "\(String(reflecting: error))"])
        }
    }
}
