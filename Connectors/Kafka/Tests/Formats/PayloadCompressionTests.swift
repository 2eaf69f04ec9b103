import KafkaConnector
import PipeCore
import Testing

@Suite struct PayloadCompressionTests {
    static let payloads: [(name: String, bytes: [UInt8])] = [
        ("gzip", FormatFixtures.gzip), ("zstd", FormatFixtures.zstd), ("lz4", FormatFixtures.lz4),
        ("framed snappy", FormatFixtures.snappyFramed), ("snappy of Java", FormatFixtures.snappyJava),
    ]

    @Test(arguments: payloads)
    func payloadsUnfold(payload: (name: String, bytes: [UInt8])) {
        var framer = JSONFraming(options: FramingOptions(batchBytes: 1 << 16)).makeFramer()
        for _ in 0..<2 { #expect(framer.append(TestMessage(payload.bytes)).isAppended) }
        #expect(framer.append(TestMessage(#"{"b":1}"#)).isAppended)
        let text = FormatFixtures.compressible + "\n"
        #expect(framer.finish().pieces == [text, text, "{\"b\":1}\n"])
    }

    @Test func whatIsCutOffIsRejected() {
        var framer = JSONFraming(options: FramingOptions(batchBytes: 1 << 16)).makeFramer()
        for (name, bytes) in Self.payloads {
            for length in 10..<bytes.count where !name.hasPrefix("snappy") {
                let record = framer.append(TestMessage(Array(bytes[..<length]))).rejection
                #expect(record?.code == .dataParsing, "\(name) of \(length) bytes")
            }
            var broken = bytes
            broken[bytes.count / 2] ^= 0xff
            // Those with checksums are found out; no others crash.
            let outcome = framer.append(TestMessage(broken))
            #expect(outcome.isAppended || outcome.rejection != nil)
        }
    }

    @Test func whatUnfoldsTooFarIsRejected() {
        var framer = JSONFraming(options: FramingOptions(largestMessage: 2000, batchBytes: 1 << 16)).makeFramer()
        for (name, bytes) in Self.payloads {
            let record = framer.append(TestMessage(bytes)).rejection
            #expect(record?.code == .messageTooLarge, "\(name)")
        }
        var exact = JSONFraming(options: FramingOptions(largestMessage: FormatFixtures.compressible.utf8.count, batchBytes: 1 << 16))
            .makeFramer()
        for (name, bytes) in Self.payloads { #expect(exact.append(TestMessage(bytes)).isAppended, "\(name)") }
    }
}
