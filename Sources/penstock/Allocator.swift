import CMalloc
import FoundationEssentials

/// How the allocator treats memory that pipes take and give back.
enum Allocator {
    static func prepare() {
        // Blocks of 8 MiB and more, the bodies of batches, go back to the system as soon as they are freed. By default glibc moves this limit
        // up to 32 MiB as such blocks come and go (mallopt(3), M_MMAP_THRESHOLD), keeps them in its heaps, and a busy pipe takes half as
        // much memory again.
        mallopt(M_MMAP_THRESHOLD, 8 << 20)
        // An arena for each processor, not eight (M_ARENA_MAX): messages are made on one thread and freed on another, and each arena keeps
        // its own most. A Kafka pipe at full speed took 30 MiB less on two processors, and was as fast.
        mallopt(M_ARENA_MAX, Int32(ProcessInfo.processInfo.activeProcessorCount))
    }
}
