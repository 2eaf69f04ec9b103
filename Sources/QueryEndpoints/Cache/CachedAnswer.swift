private import Crypto
public import NIOCore

/// A whole answer with status 200.
public struct CachedAnswer: Sendable, Hashable {
    public struct Field: Sendable, Hashable {
        public var name: String
        public var value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var contentType: String?
    /// Further headers that belong to the content, for example `X-ClickHouse-Format`; none that tells of one run.
    public var fields: [Field]
    public var body: ByteBuffer

    public init(contentType: String?, fields: [Field] = [], body: ByteBuffer) {
        self.contentType = contentType
        self.fields = fields
        self.body = body
    }
}

/// An answer with what a cache knows of it.
public struct CachedResult: Sendable, Hashable {
    public var answer: CachedAnswer
    /// A strong entity tag, quotes included.
    public var etag: String
    /// Whole seconds since the answer was complete.
    public var age: Int
    /// Whole seconds that the answer may be used in all.
    public var seconds: Int

    /// Whether a cache gave the answer. False for the call that made it.
    public var isHit: Bool

    package init(answer: CachedAnswer, etag: String, age: Int, seconds: Int, isHit: Bool) {
        self.answer = answer
        self.etag = etag
        self.age = age
        self.seconds = seconds
        self.isHit = isHit
    }

    /// 128 bits of the SHA-256 of key and content: equal content under another key, such as another format or another caller's scope,
    /// has another tag.
    static func etag(of answer: CachedAnswer, key: CacheKey) -> String {
        var hash = SHA256()
        func add(_ bytes: some Sequence<UInt8>, count: Int) {
            var count = UInt64(count).littleEndian
            withUnsafeBytes(of: &count) { hash.update(bufferPointer: $0) }
            if bytes.withContiguousStorageIfAvailable({ hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }) == nil {
                hash.update(data: Array(bytes))
            }
        }
        add(key.bytes, count: key.bytes.count)
        add((answer.contentType ?? "").utf8, count: answer.contentType?.utf8.count ?? 0)
        add(answer.body.readableBytesView, count: answer.body.readableBytes)
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = [UInt8(ascii: "\"")]
        for byte in hash.finalize().prefix(16) {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        text.append(UInt8(ascii: "\""))
        return String(decoding: text, as: UTF8.self)
    }
}
