import ObjectStorageConnector
import PipeCore
import Synchronization

/// A listing without a network: pages of a given size, failures on demand.
final class BucketInMemory: ObjectListing {
    struct State {
        var objects: [RemoteObject] = []
        var pageSize = 1000
        var pagesAsked: [String?] = []
        var failure: ObjectStorageError?
        /// Ignores where a listing is to start, as some endpoints do.
        var ignoresStart = false
        var credentialsIssued = 0
    }
    private let state: Mutex<State>

    init(_ objects: [RemoteObject] = [], pageSize: Int = 1000) { state = Mutex(State(objects: objects, pageSize: pageSize)) }

    func change(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
    var pagesAsked: [String?] { state.withLock { $0.pagesAsked } }

    func put(_ key: String, size: Int = 10, etag: String = "e1") {
        let object = RemoteObject(key: key, size: size, etag: etag, lastModified: "2026-01-01T00:00:00Z")
        state.withLock { state in
            state.objects.removeAll { $0.key == key }
            state.objects.append(object)
        }
    }

    func page(prefix: String, after key: String?, continuation: String?) async throws(ObjectStorageError) -> ListingPage {
        let (page, failure) = state.withLock { state -> (ListingPage, ObjectStorageError?) in
            state.pagesAsked.append(continuation ?? key)
            if let failure = state.failure { return (ListingPage(objects: []), failure) }
            let start = continuation ?? (state.ignoresStart ? nil : key) ?? ""
            let matching = state.objects
                .filter { $0.key.utf8.starts(with: prefix.utf8) && start.utf8.lexicographicallyPrecedes($0.key.utf8) }
                .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            let objects = Array(matching.prefix(state.pageSize))
            return (ListingPage(objects: objects, next: matching.count > objects.count ? objects.last?.key : nil), nil)
        }
        if let failure { throw failure }
        return page
    }

    func object(_ key: String) async throws(ObjectStorageError) -> RemoteObject? {
        let (object, failure) = state.withLock { state in (state.objects.first { $0.key == key }, state.failure) }
        if let failure { throw failure }
        return object
    }

    func remoteLocation() async throws(ObjectStorageError) -> RemoteLocation {
        let issued = state.withLock { state in
            state.credentialsIssued += 1
            return state.credentialsIssued
        }
        return .s3(
            endpoint: "http://bucket.test/bkt", bucket: "bkt",
            credentials: S3Credentials(accessKeyID: "AKIA", secretKey: "s", sessionToken: "token-\(issued)"))
    }
}
