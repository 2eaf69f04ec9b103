/// Makes the ids of requests: UUIDs of version 4 in lower case.
///
/// Foundation's `UUID()` opens, reads and closes `/dev/urandom` on Linux each time, which is 6 % of a call that the cache answers.
enum RequestID {
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        // RFC 9562: version 4, variant 10.
        let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { text in
            var end = 0
            for half in 0..<2 {
                let bits = half == 0 ? high : low
                for shift in stride(from: 60, through: 0, by: -4) {
                    if end == 8 || end == 13 || end == 18 || end == 23 {
                        text[end] = UInt8(ascii: "-")
                        end += 1
                    }
                    let digit = UInt8(truncatingIfNeeded: bits >> shift) & 15
                    text[end] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                    end += 1
                }
            }
            return end
        }
    }
}
