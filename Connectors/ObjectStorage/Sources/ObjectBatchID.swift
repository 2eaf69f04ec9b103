import Crypto
package import PipeCore

extension ObjectStorageExtent {
    /// Names a batch by what is in it, so that the same files make the same id, and a file that was overwritten another one.
    /// 32 hexadecimal digits, good for names of tables.
    package func batchID(of pipe: PipeID) -> BatchID {
        var hash = SHA256()
        func add(_ text: String) {
            let bytes = Array(text.utf8)
            hash.update(data: Array("\(bytes.count):".utf8) + bytes)
        }
        add(pipe.rawValue)
        for file in files + refused.map(\.object) {
            add(file.key)
            add(file.etag)
            add(file.lastModified)
        }
        let digits = Array("0123456789abcdef".utf8)
        return BatchID(
            String(decoding: hash.finalize().prefix(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))
    }
}
