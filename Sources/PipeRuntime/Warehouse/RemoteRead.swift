package import PipeCore

/// One call of an object storage table function: the SQL after FROM, with all values as query parameters so that secrets
/// stand in no statement text.
package struct RemoteRead: Sendable, Hashable, CustomStringConvertible {
    /// `s3({url:String}, …)` and, for keys that look like patterns, a WHERE that lets exactly one object through.
    package var source: String
    package var parameters: [String: String]
    package var objects: [RemoteObject]

    package var description: String { "\(objects.count) object(s)" }

    /// Longest list of keys in one call, in bytes before URL encoding of the request; ClickHouse takes URLs of 1 MiB.
    package static let longestList = 60_000
    package static let mostObjects = 1_000

    /// The fewest calls that read each of `objects` exactly once. `structure` nil lets the server infer it.
    package static func reads(
        of objects: [RemoteObject], in load: RemoteLoad, structure: String?, cluster: String? = nil, oneByOne: Bool = false
    ) -> [RemoteRead] {
        var reads: [RemoteRead] = []
        var list: [RemoteObject] = []
        var length = 0
        func flush() {
            if !list.isEmpty { reads.append(RemoteRead(list, in: load, structure: structure, cluster: cluster)) }
            list = []
            length = 0
        }
        for object in objects {
            if oneByOne || KeyPattern.mustStandAlone(object.key) {
                reads.append(RemoteRead([object], in: load, structure: structure, cluster: cluster))
                continue
            }
            let cost = KeyPattern.encoded(object.key).utf8.count + 1
            if length + cost > longestList || list.count == mostObjects { flush() }
            list.append(object)
            length += cost
        }
        flush()
        return reads
    }

    /// Reads nothing but asks the store for a listing: fails when the bucket is gone or closed, and only then.
    package static func listing(of load: RemoteLoad) -> RemoteRead {
        let nothing = RemoteObject(key: "penstock-no-such-prefix-\(load.objects.count)/*", size: 0, etag: "", lastModified: "")
        return RemoteRead([nothing], in: load, structure: "`x` String", cluster: nil, pattern: nothing.key)
    }

    private init(_ objects: [RemoteObject], in load: RemoteLoad, structure: String?, cluster: String?, pattern: String? = nil) {
        self.objects = objects
        var parameters: [String: String] = ["format": load.format, "compression": load.compression]
        var filter = ""
        let encode: (String) -> String
        let container: String
        switch load.location {
        case .s3(_, let bucket, _), .gcs(_, let bucket, _): (encode, container) = (KeyPattern.encoded, bucket)
        case .azure(_, let name): (encode, container) = ({ $0 }, name)
        }
        let path: String
        if let pattern {
            path = pattern
        } else if objects.count == 1 {
            let key = objects[0].key
            path = encode(KeyPattern.readable(key))
            if KeyPattern.isGlob(key) {
                parameters["path"] = "\(container)/\(key)"
                filter = " WHERE _path = {path:String}"
            }
        } else {
            path = "{\(objects.map { encode($0.key) }.joined(separator: ","))}"
        }
        var arguments: [String] = []
        var name: String
        switch load.location {
        case .s3(let endpoint, _, let credentials), .gcs(let endpoint, _, let credentials):
            if case .gcs = load.location { name = "gcs" } else { name = "s3" }
            arguments.append("{url:String}")
            parameters["url"] = "\(endpoint)/\(path)"
            if let credentials {
                arguments += ["{key_id:String}", "{secret:String}"]
                parameters["key_id"] = credentials.accessKeyID
                parameters["secret"] = credentials.secretKey
                if let token = credentials.sessionToken {
                    arguments.append("{token:String}")
                    parameters["token"] = token
                }
            } else {
                arguments.append("NOSIGN")
            }
            arguments.append("{format:String}")
            arguments += ["{structure:String}", "{compression:String}"]
        case .azure(let connection, let container):
            name = "azureBlobStorage"
            parameters["connection"] = connection
            parameters["container"] = container
            parameters["blob"] = path
            arguments = [
                "{connection:String}", "{container:String}", "{blob:String}", "{format:String}", "{compression:String}",
                "{structure:String}",
            ]
        }
        parameters["structure"] = structure ?? "auto"
        if let cluster, name != "gcs" {
            name += "Cluster"
            arguments.insert("{cluster:String}", at: 0)
            parameters["cluster"] = cluster
        }
        source = "\(name)(\(arguments.joined(separator: ", ")))\(filter)"
        self.parameters = parameters
    }
}
