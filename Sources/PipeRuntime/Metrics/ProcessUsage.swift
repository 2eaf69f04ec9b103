import PipeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// CPU and memory of the process. Pipes share one process, so each pipe shows the whole of it; only the limits are its own.
struct ProcessUsage: Sendable {
    /// Millicores between the last two samples.
    private(set) var cpuMillicores: Double?
    private(set) var memoryBytes: Double?
    private var last: (cpuSeconds: Double, at: Duration)?

    init() {}

    /// Takes a sample; samples less than a second apart are skipped.
    mutating func sample(at now: Duration) {
        if let last, now - last.at < .seconds(1) { return }
        memoryBytes = Self.residentBytes()
        guard let cpuSeconds = Self.cpuSeconds() else { return }
        if let last { cpuMillicores = max(0, cpuSeconds - last.cpuSeconds) / (now - last.at).seconds * 1000 }
        last = (cpuSeconds, now)
    }

    var metrics: [MetricCatalog.Metric] {
        let (cpu, memory) = (cpuMillicores, memoryBytes)
        return [
            Self.metric("Replica_CPUUsage", "Millicores used by the whole Penstock process, which all its pipes share.") { _ in cpu },
            Self.metric("Replica_CPULimit", "Millicores the pipe's scaling allows to each replica.") {
                Double($0.replicaCpuMillicores)
            },
            Self.metric("Replica_MemoryUsage", "Resident bytes of the whole Penstock process, which all its pipes share.") { _ in memory },
            Self.metric("Replica_MemoryLimit", "Bytes the pipe's scaling allows to each replica.") {
                $0.replicaMemoryGb * 1_073_741_824
            },
        ]
    }

    private static func metric(_ name: String, _ help: String, _ value: @escaping @Sendable (PipeScaling) -> Double?)
        -> MetricCatalog.Metric
    {
        MetricCatalog.Metric(name, .gauge, help) { $0.identity.family == .database ? nil : value($0.identity.scaling) }
    }

    #if canImport(Glibc) || canImport(Musl)
        private static func cpuSeconds() -> Double? {
            var time = timespec()
            guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }

        /// From the second field of `/proc/self/statm`, resident pages (proc(5)).
        private static func residentBytes() -> Double? {
            guard let file = fopen("/proc/self/statm", "r") else { return nil }
            defer { fclose(file) }
            var line = [UInt8](repeating: 0, count: 256)
            let length = fread(&line, 1, line.count, file)
            let fields = String(decoding: line.prefix(length), as: UTF8.self).split(separator: " ")
            guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
            return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
        }
    #else
        private static func cpuSeconds() -> Double? { nil }
        private static func residentBytes() -> Double? { nil }
    #endif
}
