import CloudSigning
import ObjectStorageConnector
import PipeCore
import PipeTesting
import Testing

@Suite struct XMLElementTests {
    func parse(_ text: String) throws(XMLError) -> XMLElement { try XMLElement(parsing: Array(text.utf8)) }

    @Test func readsElementsTextAndReferences() throws {
        let root = try parse(
            """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?><!-- c --><s3:Root xmlns:s3="http://x/" a='1'>
            <Key>a&amp;b&lt;c&gt;&quot;&apos;&#228;&#x1F600;<![CDATA[<raw>&amp;]]></Key><Empty/><Key >two</Key ><Deep><Er>x</Er></Deep></s3:Root>
            <!-- end -->
            """)
        #expect(root.name == "Root")
        #expect(root["Key"]?.text == "a&b<c>\"'ä😀<raw>&amp;")
        #expect(root["Empty"]?.text == "")
        #expect(root.children.map(\.name) == ["Key", "Empty", "Key", "Deep"])
        #expect(root.descendant("Er")?.text == "x")
    }

    @Test(arguments: [
        "", "text", "<a>", "<a></b>", "<a", "<a b></a>", "<a b=c></a>", "<a b='c></a>", "<a>&nope;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>",
        "<a/><b/>", "<!DOCTYPE a><a/>", "<a><!-- </a>", "<a><![CDATA[x</a>", "<a></a", "< a/>",
        String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100),
    ])
    func refuses(text: String) {
        #expect(throws: XMLError.self) { try parse(text) }
    }

    @Test func refusesWhatIsNotUTF8() {
        #expect(throws: XMLError.self) { try XMLElement(parsing: Array("<a>".utf8) + [0xFF] + Array("</a>".utf8)) }
    }

    /// Broken input may be refused, never trap.
    @Test func survivesDamage() {
        let good = Array("<?xml version='1.0'?><L a=\"1\"><C><K>a&amp;&#x41;</K><S>1</S></C><![CDATA[x]]></L>".utf8)
        var random = SeededGenerator(seed: 7)
        var parsed = 0
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                if Bool.random(using: &random) {
                    bytes[index] = UInt8.random(in: 0...255, using: &random)
                } else {
                    bytes.removeSubrange(index...)
                }
                if bytes.isEmpty { break }
            }
            if (try? XMLElement(parsing: bytes)) != nil { parsed += 1 }
        }
        #expect((1..<20_000).contains(parsed))
    }
}

@Suite struct ListObjectsReplyTests {
    func page(_ text: String) throws -> ListingPage { try ListObjectsReply.page(Array(text.utf8)) }

    @Test func readsAPage() throws {
        let page = try page(
            """
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bkt</Name><EncodingType>url</EncodingType>
            <IsTruncated>true</IsTruncated><NextContinuationToken>to+ken==</NextContinuationToken>
            <Contents><Key>a+b%2Bc%20%C3%BC%26.json</Key><LastModified>2026-11-21T08:07:32.000Z</LastModified><ETag>&quot;abc-2&quot;</ETag>
            <Size>5000000000</Size></Contents></ListBucketResult>
            """)
        #expect(page.next == "to+ken==")
        #expect(page.objects.map(\.key) == ["a b+c ü&.json"])
        #expect(page.objects.first?.size == 5_000_000_000)
        #expect(page.objects.first?.etag == "abc-2")
        #expect(page.objects.first?.lastModified == "2026-11-21T08:07:32.000Z")
    }

    @Test func decodesOnlyWhatIsEncoded() throws {
        let page = try page(
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a+%20</Key><Size>1</Size></Contents></ListBucketResult>")
        #expect(page.objects.map(\.key) == ["a+%20"])
        #expect(page.next == nil)
    }

    @Test(arguments: [
        "<html></html>", "oops", "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%FF</Key><Size>1</Size></Contents></ListBucketResult>",
    ])
    func refuses(text: String) {
        #expect(throws: ListObjectsReply.Malformed.self) { try page(text) }
    }

    @Test func datesOfHeaders() {
        #expect(HTTPDate.rfc3339("Mon, 12 Oct 2009 17:50:00 GMT") == "2009-10-12T17:50:00Z")
        #expect(HTTPDate.rfc3339("Sun, 01 Feb 2026 00:00:00 GMT") == "2026-02-01T00:00:00Z")
        #expect(HTTPDate.rfc3339("2026-02-01T00:00:00Z") == nil)
    }
}
