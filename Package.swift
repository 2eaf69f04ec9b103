// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

/// Tests are built with the program, in release; optimising the tests themselves would only take minutes.
let testSettings: [SwiftSetting] = settings + [.unsafeFlags(["-Onone"])]

let algorithms: Target.Dependency = .product(name: "Algorithms", package: "swift-algorithms")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let jwtKit: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

/// A library target of ours with its unit tests in `Tests/<name>Tests`.
func library(
    _ name: String, _ dependencies: [Target.Dependency], tests: [Target.Dependency] = []
) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, swiftSettings: settings),
        .testTarget(
            name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies + tests, swiftSettings: testSettings),
    ]
}

/// A source: all of it lives in `Connectors/<name>`, as target `<name>Connector`.
func connector(_ name: String, _ dependencies: [Target.Dependency] = []) -> [Target] {
    let target = "\(name)Connector"
    return [
        .target(
            name: target, dependencies: ["PipeCore"] + dependencies, path: "Connectors/\(name)/Sources",
            swiftSettings: settings),
        .testTarget(
            name: "\(target)Tests",
            dependencies: [.byName(name: target), "PipeCore", "PipeTesting"] + dependencies,
            path: "Connectors/\(name)/Tests", swiftSettings: testSettings),
    ]
}

let sources: [[Target]] = [
    connector("Kafka", ["CRdKafka", "CCompression", "CloudSigning", asyncHTTPClient, nioCore, nioHTTP1, nioSSL]),
    connector("Kinesis"),
    connector("ObjectStorage", ["CloudSigning", asyncHTTPClient, crypto, nioCore, nioHTTP1, nioPosix]),
    connector("Postgres", ["CLibPQ", "CloudSigning", asyncHTTPClient, nioCore, nioHTTP1]),
    connector("MySQL"),
    connector("MongoDB"),
    connector("BigQuery"),
    connector("PubSub"),
]

let package = Package(
    name: "penstock",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "penstock", targets: ["penstock"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.31.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        library("PipeCore", []),
        library("CloudSigning", [crypto], tests: []),
        library("ProgramConfiguration", ["PipeCore", yams]),
        [
            .systemLibrary(
                name: "CRdKafka", path: "Connectors/Kafka/CRdKafka", pkgConfig: "rdkafka",
                providers: [.apt(["librdkafka-dev"]), .brew(["librdkafka"])]),
            .systemLibrary(
                name: "CCompression", path: "Connectors/Kafka/CCompression",
                providers: [.apt(["zlib1g-dev", "liblz4-dev", "libsnappy-dev", "libzstd-dev"])]),
        ],
        [.systemLibrary(name: "CMalloc")],
        [
            .systemLibrary(
                name: "CLibPQ", path: "Connectors/Postgres/CLibPQ", pkgConfig: "libpq",
                providers: [.apt(["libpq-dev"]), .brew(["libpq"])])
        ],
        [.systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])])],
        [.systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])])],
        library(
            "ClickHouse", ["CZstd", asyncHTTPClient, lifecycle, logging, nioCore, nioPosix, nioHTTP1, nioSSL, nioTLS],
            tests: ["PipeTesting"]),
        library(
            "EmbeddedClickHouse", ["ClickHouse", crypto, lifecycle, logging, subprocess], tests: []),
        library("Catalog", ["PipeCore", crypto, grdb, logging], tests: ["PipeTesting"]),
        library(
            "PipeRuntime", ["PipeCore", "ClickHouse", lifecycle, logging], tests: ["PipeTesting", asyncHTTPClient, nioCore, nioHTTP1]),
        library(
            "QueryEndpoints",
            [
                "PipeCore", "Catalog", "ClickHouse", asyncHTTPClient, crypto, jwtKit, lifecycle, logging, nioCore, nioHTTP1, nioPosix,
                nioSSL,
            ],
            tests: ["PipeTesting", "EmbeddedClickHouse", cryptoExtras]),
        library(
            "EndpointFiles",
            ["PipeCore", "Catalog", "QueryEndpoints", asyncHTTPClient, nioCore, nioHTTP1, nioSSL, yams], tests: ["PipeTesting"]),
        library("Connectors", ["PipeCore"] + sources.map { .byName(name: $0[0].name) }, tests: ["PipeTesting"]),
        library(
            "ControlAPI",
            [
                "PipeCore", "PipeRuntime", "Catalog", "ClickHouse", "QueryEndpoints", "CZlib", crypto, hummingbird, hummingbirdCore,
                hummingbirdTLS, httpTypes,
                lifecycle, logging, nioCore, nioHTTPTypes, nioSSL,
            ], tests: ["PipeTesting", "Connectors", hummingbirdTesting]),
        [
            .target(name: "PipeTesting", dependencies: ["PipeCore"], swiftSettings: settings),
            .executableTarget(
                name: "penstock",
                dependencies: [
                    "CMalloc", "PipeCore", "PipeRuntime", "Catalog", "ClickHouse", "EmbeddedClickHouse", "ProgramConfiguration",
                    "ControlAPI", "Connectors", "EndpointFiles", "QueryEndpoints", argumentParser, lifecycle, logging, unixSignals,
                ],
                swiftSettings: settings),
        ],
    ].flatMap { $0 } + sources.flatMap { $0 }
)
