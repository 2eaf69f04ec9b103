import ObjectStorageConnector
import PipeCore
import Testing

@Suite struct S3LocationTests {
    @Test(arguments: [
        ("https://bkt.s3.amazonaws.com/a/b.csv", "https://s3.amazonaws.com/bkt", "us-east-1", "a/b.csv"),
        ("https://bkt.s3.eu-west-1.amazonaws.com/a.csv", "https://s3.eu-west-1.amazonaws.com/bkt", "eu-west-1", "a.csv"),
        ("https://bkt.s3-eu-west-1.amazonaws.com/a.csv", "https://s3-eu-west-1.amazonaws.com/bkt", "eu-west-1", "a.csv"),
        ("https://s3.eu-west-1.amazonaws.com/bkt/a.csv", "https://s3.eu-west-1.amazonaws.com/bkt", "eu-west-1", "a.csv"),
        ("https://s3.amazonaws.com/bkt/a.csv", "https://s3.amazonaws.com/bkt", "us-east-1", "a.csv"),
        ("https://my.bkt.v2.s3.eu-west-1.amazonaws.com/a.csv", "https://s3.eu-west-1.amazonaws.com/my.bkt.v2", "eu-west-1", "a.csv"),
        (
            "https://bkt.s3.dualstack.eu-west-1.amazonaws.com/a.csv", "https://s3.dualstack.eu-west-1.amazonaws.com/bkt", "eu-west-1",
            "a.csv"
        ),
        ("https://bkt.s3.cn-north-1.amazonaws.com.cn/a.csv", "https://s3.cn-north-1.amazonaws.com.cn/bkt", "cn-north-1", "a.csv"),
        ("HTTPS://BKT.S3.amazonaws.com:443/A.csv", "https://s3.amazonaws.com/bkt", "us-east-1", "A.csv"),
        ("s3://bkt/dir/a.csv", "https://s3.amazonaws.com/bkt", "us-east-1", "dir/a.csv"),
        ("s3://my.bkt/a.csv", "https://s3.amazonaws.com/my.bkt", "us-east-1", "a.csv"),
        ("http://127.0.0.1:25000/bkt/a.csv", "http://127.0.0.1:25000/bkt", "us-east-1", "a.csv"),
        ("http://[::1]:9000/bkt/a.csv", "http://[::1]:9000/bkt", "us-east-1", "a.csv"),
        ("http://minio:80/bkt/a.csv", "http://minio/bkt", "us-east-1", "a.csv"),
        ("https://minio.example.com/My_Bucket/a.csv", "https://minio.example.com/My_Bucket", "us-east-1", "a.csv"),
        ("https://bkt.nyc3.digitaloceanspaces.com/a.csv", "https://nyc3.digitaloceanspaces.com/bkt", "nyc3", "a.csv"),
        ("https://nyc3.digitaloceanspaces.com/bkt/a.csv", "https://nyc3.digitaloceanspaces.com/bkt", "nyc3", "a.csv"),
        ("https://acc.r2.cloudflarestorage.com/bkt/a.csv", "https://acc.r2.cloudflarestorage.com/bkt", "auto", "a.csv"),
        ("https://acc.eu.r2.cloudflarestorage.com/bkt/a.csv", "https://acc.eu.r2.cloudflarestorage.com/bkt", "auto", "a.csv"),
        ("https://bkt.acc.r2.cloudflarestorage.com/a.csv", "https://acc.r2.cloudflarestorage.com/bkt", "auto", "a.csv"),
        ("https://bkt.s3.gra.io.cloud.ovh.net/a.csv", "https://s3.gra.io.cloud.ovh.net/bkt", "gra", "a.csv"),
        ("https://s3.bhs.perf.cloud.ovh.net/bkt/a.csv", "https://s3.bhs.perf.cloud.ovh.net/bkt", "bhs", "a.csv"),
        ("http://127.0.0.1:25000/bkt/a%20b/%2A+%25.csv", "http://127.0.0.1:25000/bkt", "us-east-1", "a b/*+%.csv"),
        ("http://127.0.0.1:25000/bkt//a.csv", "http://127.0.0.1:25000/bkt", "us-east-1", "/a.csv"),
    ])
    func reads(url: String, endpoint: String, region: String, key: String) throws {
        let location = try S3Location(url: url)
        #expect(location.endpoint == endpoint)
        #expect(location.region == region)
        #expect(location.glob.exactKey == key)
        #expect(location.endpoint.hasSuffix("/\(location.bucket)"))
    }

    @Test func aPatternMayHaveQuestionMarksAndHashes() throws {
        let glob = try S3Location(url: "s3://bkt/a?#{1,2}.csv").glob
        #expect(glob.matches("ax#1.csv"))
        #expect(!glob.matches("a"))
    }

    @Test(arguments: [
        ("bkt/a.csv", "must begin with"), ("ftp://bkt/a.csv", "not with ftp://"), ("gs://bkt/a.csv", "not with gs://"),
        ("https://", "names no valid host"), ("https://ho st/bkt/a", "names no valid host"), ("https://h:70000/bkt/a", "port '70000'"),
        ("https://user:pw@host/bkt/a", "credentials"), ("https://host/", "no valid bucket"), ("https://host/ab/x", "no valid bucket"),
        ("s3://", "no valid bucket"), ("s3://b kt/x", "no valid bucket"), ("https://host/bkt", "no keys"), ("s3://bkt/", "no keys"),
        ("https://bkt.s3.amazonaws.com", "no keys"), ("https://example.amazonaws.com/bkt/x", "no host of Amazon S3"),
        ("https://bkt.s3-website-us-east-1.amazonaws.com/x", "website"), ("https://bkt.s3-accelerate.amazonaws.com/x", "acceleration"),
        ("https://bkt.cdn.digitaloceanspaces.com/x", "CDN"), ("s3://bkt/{a", "'{' without"), ("s3://bkt/100%", "%25"),
    ])
    func refuses(url: String, message: String) throws {
        let error = try #require(throws: ObjectStorageError.self) { try S3Location(url: url) }
        #expect(error.field.description == "source.objectStorage.url")
        #expect(error.disposition == .user)
        #expect(error.message.contains(message), "\(error.message)")
        #expect(!error.message.contains("pw"))
    }

    @Test func s3SchemeIsForAWSOnly() throws {
        let error = try #require(throws: ObjectStorageError.self) { try S3Location(url: "s3://bkt/a", kind: "cloudflarer2") }
        #expect(error.message.contains("https:// address"))
    }

    @Test func movesBetweenRegionsOfAWS() throws {
        #expect(try S3Location(url: "s3://bkt/a").moved(to: "eu-west-1").endpoint == "https://s3.eu-west-1.amazonaws.com/bkt")
        #expect(try S3Location(url: "s3://bkt/a").moved(to: "cn-north-1").endpoint == "https://s3.cn-north-1.amazonaws.com.cn/bkt")
        let minio = try S3Location(url: "http://minio:9000/bkt/a").moved(to: "home")
        #expect(minio.endpoint == "http://minio:9000/bkt")
        #expect(minio.region == "home")
    }
}
