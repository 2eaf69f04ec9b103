import CMalloc

/// How the allocator treats the bodies of batches.
enum LargeBlocks {
    /// Blocks of 8 MiB and more go back to the system as soon as they are freed. By default glibc moves this limit up to 32 MiB as such
    /// blocks come and go (mallopt(3), M_MMAP_THRESHOLD), keeps them in its heaps, and a busy pipe takes half as much memory again.
    static func returnWhenFreed() { mallopt(M_MMAP_THRESHOLD, 8 << 20) }
}
