import CloudSigning
import PipeCore

/// The answer of `ListObjectsV2`.
package enum ListObjectsReply {
    package struct Malformed: Error, CustomStringConvertible {
        package var description: String
    }

    package static func page(_ body: [UInt8]) throws(Malformed) -> ListingPage {
        let document: XMLElement
        do {
            document = try XMLElement(parsing: body)
        } catch {
            throw Malformed(description: "not XML: \(error)")
        }
        guard document.name == "ListBucketResult" else { throw Malformed(description: "a \(document.name) element") }
        let isEncoded = document["EncodingType"]?.text == "url"
        var objects: [RemoteObject] = []
        for entry in document.children where entry.name == "Contents" {
            guard let text = entry["Key"]?.text, let size = entry["Size"].flatMap({ Int($0.text) }), size >= 0 else {
                throw Malformed(description: "an entry without Key or Size")
            }
            guard let key = isEncoded ? decoded(text) : text else { throw Malformed(description: "a key that is not UTF-8: \(text)") }
            objects.append(
                RemoteObject(
                    key: key, size: size, etag: unquoted(entry["ETag"]?.text ?? ""), lastModified: entry["LastModified"]?.text ?? ""))
        }
        guard document["IsTruncated"]?.text == "true" else { return ListingPage(objects: objects) }
        guard let next = document["NextContinuationToken"]?.text, !next.isEmpty else {
            throw Malformed(description: "a truncated page without NextContinuationToken")
        }
        return ListingPage(objects: objects, next: next)
    }

    package static func unquoted(_ etag: String) -> String {
        guard etag.utf8.count >= 2, etag.hasPrefix("\""), etag.hasSuffix("\"") else { return etag }
        return String(etag.dropFirst().dropLast())
    }

    /// S3 encodes keys as in a form: a space is `+`, a plus sign `%2B`.
    package static func decoded(_ text: String) -> String? {
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48
            case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 55
            case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 87
            default: nil
            }
        }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
