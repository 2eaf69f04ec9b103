/// Size of a streaming or object storage pipe. Replicas become parallel readers and inserters; CPU and memory bound batches.
public struct PipeScaling: Codable, Hashable, Sendable {
    public var replicas: Int
    /// Deprecated in the contract; object storage only, 0 lets Penstock choose.
    public var concurrency: Int?
    public var replicaCpuMillicores: Int
    public var replicaMemoryGb: Double

    public init(replicas: Int = 1, concurrency: Int? = nil, replicaCpuMillicores: Int = 125, replicaMemoryGb: Double = 0.5) {
        self.replicas = replicas
        self.concurrency = concurrency
        self.replicaCpuMillicores = replicaCpuMillicores
        self.replicaMemoryGb = replicaMemoryGb
    }

    /// Defaults are the cloud's smallest size, XS.
    public static let schema = ObjectSchema(
        "ClickPipeScaling", "Replicas of a pipe and the size of one.",
        fields: [
            Field("replicas", .integer(1...40), "Parallel readers.", default: 1),
            Field("concurrency", .integer(0...34), "Deprecated: object storage only; 0 means automatic."),
            Field("replicaCpuMillicores", .integer(125...2000), "CPU of one replica in millicores.", default: 125),
            Field("replicaMemoryGb", .number(0.5...8, multipleOf: nil), "Memory of one replica in GiB.", default: 0.5),
        ])
}

/// The size shared by all database pipes of a service.
public struct CDCScaling: Codable, Hashable, Sendable {
    public var replicaCpuMillicores: Int
    public var replicaMemoryGb: Int

    public init(replicaCpuMillicores: Int, replicaMemoryGb: Int) {
        self.replicaCpuMillicores = replicaCpuMillicores
        self.replicaMemoryGb = replicaMemoryGb
    }

    public static let initial = CDCScaling(replicaCpuMillicores: 2000, replicaMemoryGb: 8)

    /// The size of one database pipe: the smallest at the initial size of the service, in proportion for others.
    public var pipeScaling: PipeScaling {
        PipeScaling(replicaMemoryGb: max(0.5, 0.5 * Double(replicaMemoryGb) / Double(Self.initial.replicaMemoryGb)))
    }

    public static let schema = ObjectSchema(
        "ClickPipesCdcScaling", "Size shared by all database pipes of a service; memory is four times the cores.",
        fields: [
            Field("replicaCpuMillicores", .integer(1000...32000), "CPU in millicores, a multiple of 1000."),
            Field("replicaMemoryGb", .number(4...128, multipleOf: 4), "Memory in GiB, four for each core."),
        ])

    /// A PATCH body laid over the current size. One of the two given: the other follows by the 4 GiB per core rule.
    public func patched(_ body: JSONValue, problems: inout [Problem]) -> CDCScaling {
        let checked = Self.schema.checked(body, mode: .patch, problems: &problems)
        // Only a number that has passed the range check fits an Int.
        guard problems.isEmpty else { return self }
        let cpu = checked["replicaCpuMillicores"]?.integer.map(Int.init)
        let memory = checked["replicaMemoryGb"]?.double.map { Int($0) }
        if let cpu, cpu % 1000 != 0 { problems.append(Problem("replicaCpuMillicores", "must be a multiple of 1000")) }
        if let cpu, let memory, cpu * 4 != memory * 1000 {
            problems.append(Problem("replicaMemoryGb", "must be 4 GiB for each core: \(cpu / 250) for \(cpu) millicores"))
        }
        if let memory, cpu == nil, memory * 250 > 32000 { problems.append(Problem("replicaMemoryGb", "must be <= 128")) }
        let millicores = cpu ?? memory.map { $0 * 250 } ?? replicaCpuMillicores
        return CDCScaling(replicaCpuMillicores: millicores, replicaMemoryGb: millicores / 250)
    }
}
