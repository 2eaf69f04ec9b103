/// The clause that makes a statement run on every server of a cluster.
package enum OnCluster {
    /// ` ON CLUSTER name`, or nothing.
    package static func clause(_ cluster: String?) -> String {
        cluster.map { " ON CLUSTER \(Identifier.quoted($0))" } ?? ""
    }
}
