import Connectors
import FoundationEssentials
import PipeCore
import PipeTesting
import Testing

/// What every source kind of the catalogue must do, found out from its schema alone.
@Suite struct CatalogueConformanceTests {
    static let kinds = Connectors.all.names

    private func kind(_ name: String) throws -> any SourceConfiguration.Type { try #require(Connectors.all[name]) }

    @Test func theCatalogueHoldsTheContractsKindsOnce() {
        #expect(
            Set(Self.kinds) == ["kafka", "kinesis", "pubsub", "objectStorage", "postgres", "mysql", "mongodb", "bigquery"])
        #expect(Set(Self.kinds).count == Self.kinds.count)
        #expect(Connectors.all["carrierpigeon"] == nil)
        #expect(Set(Connectors.all.kinds.map { $0.schema.name }).count == Self.kinds.count)
    }

    @Test(arguments: kinds) func fieldsHaveUniqueNamesAndSummaries(_ name: String) throws {
        let kind = try kind(name)
        func walk(_ schema: ObjectSchema) {
            let names = schema.fields.map(\.name)
            #expect(Set(names).count == names.count, "\(schema.name)")
            for field in schema.fields {
                #expect(!field.summary.isEmpty, "\(schema.name).\(field.name) has no summary")
                if case .object(let object) = field.schema { walk(object) }
                if case .array(.object(let object), _, _) = field.schema { walk(object) }
            }
        }
        walk(kind.schema)
    }

    @Test(arguments: kinds) func examplesAreValid(_ name: String) throws {
        func run<Configuration: SourceConfiguration>(_: Configuration.Type) throws {
            for example in try #require(SourceExamples.all[name]) {
                let draft = SourceDraft<Configuration>(creating: example)
                #expect(draft.problems == [])
                let configuration = try #require(draft.configuration)
                #expect(configuration.kind == name)
                #expect(!configuration.label.isEmpty)
                let again = try JSONValue(encoding: configuration)
                #expect(again == draft.document, "encoding must give back what was stored")
                #expect(try again.decode(Configuration.self) == configuration)
                // A repeated document is no change.
                let repeated = draft.patched(example, isAtRest: false)
                #expect(repeated.problems == [])
                #expect(repeated.document == draft.document)
                // So is what GET shows, sent back.
                #expect(draft.patched(draft.visible, isAtRest: false).problems == [])
            }
        }
        try run(kind(name))
    }

    @Test(arguments: kinds) func everyFieldHasAPropertyOfItsType(_ name: String) throws {
        func run<Configuration: SourceConfiguration>(_ kind: Configuration.Type) throws {
            let document = kind.schema.sample("c2FtcGxl")
            var problems: [Problem] = []
            #expect(kind.schema.checked(document, at: kind.path, mode: .create, problems: &problems) == document)
            #expect(problems == [])
            #expect(try JSONValue(encoding: document.decode(kind)) == document)
        }
        try run(kind(name))
    }

    @Test(arguments: kinds) func everyListedValueDecodes(_ name: String) throws {
        func run<Configuration: SourceConfiguration>(_ kind: Configuration.Type) throws {
            for site in Site.all(of: kind.schema, at: kind.path) where !site.isPatchOnly {
                guard case .string(let rule) = site.field.schema else { continue }
                for value in rule.allowed {
                    #expect(throws: Never.self, "\(site.path) = \(value)") {
                        _ = try site.document(.string(value)).decode(kind)
                    }
                }
            }
        }
        try run(kind(name))
    }

    @Test(arguments: kinds) func aWrongTypeIsReportedWithItsPath(_ name: String) throws {
        let kind = try kind(name)
        let sites = Site.all(of: kind.schema, at: kind.path)
        #expect(sites.count >= kind.schema.fields.count)
        for site in sites {
            guard let wrong = site.field.schema.wrongType else { continue }
            for mode in site.isPatchOnly ? [SchemaMode.patch] : [.create, .patch, .strict] {
                var problems: [Problem] = []
                _ = kind.schema.checked(site.document(wrong), at: kind.path, mode: mode, problems: &problems)
                #expect(problems.map(\.field) == [site.path], "\(mode)")
            }
        }
    }

    @Test(arguments: kinds) func missingRequiredFieldsAreReported(_ name: String) throws {
        let kind = try kind(name)
        for site in Site.all(of: kind.schema, at: kind.path) where site.field.traits.contains(.required) && !site.isPatchOnly {
            var problems: [Problem] = []
            _ = kind.schema.checked(site.document(.null), at: kind.path, mode: .create, problems: &problems)
            #expect(problems.map(\.field) == [site.path])
            #expect(problems.first?.message == "is required")
        }
    }

    @Test(arguments: kinds) func unknownFieldsAreIgnoredInRequestsAndRefusedInFiles(_ name: String) throws {
        let kind = try kind(name)
        let known = kind.schema.sample("c2FtcGxl")
        var document = known
        document["fieldOfTheFuture"] = ["a": 1]
        var problems: [Problem] = []
        #expect(kind.schema.checked(document, at: kind.path, mode: .create, problems: &problems) == known)
        #expect(problems == [])
        _ = kind.schema.checked(document, at: kind.path, mode: .strict, problems: &problems)
        #expect(problems.map(\.field) == [kind.path["fieldOfTheFuture"]])
    }

    @Test(arguments: kinds) func secretsAreSeparatedAndNeverPrinted(_ name: String) throws {
        func run<Configuration: SourceConfiguration>(_ kind: Configuration.Type) throws {
            let secret = "VG9wU2VjcmV0"
            var document = kind.schema.sample("c2FtcGxl")
            var count = 0
            for field in kind.schema.fields where field.traits.contains(.secret) {
                document[field.name] = field.schema.sample(secret)
                count += 1
            }
            #expect(count > 0, "a source without credentials?")
            let (visible, secrets) = kind.schema.separated(document)
            #expect(!(try JSONText.string(visible)).contains(secret))
            #expect(ObjectSchema.joined(visible, secrets: secrets) == document)
            let configuration = try document.decode(kind)
            var dumped = ""
            dump(configuration, to: &dumped)
            for text in ["\(configuration)", String(reflecting: configuration), String(reflecting: [configuration]), dumped] {
                #expect(!text.contains(secret))
            }
        }
        try run(kind(name))
    }

    @Test(arguments: kinds) func examplesKeepTheirSecrets(_ name: String) throws {
        func run<Configuration: SourceConfiguration>(_: Configuration.Type) throws {
            for example in try #require(SourceExamples.all[name]) {
                let shown = try JSONText.string(SourceDraft<Configuration>(creating: example).visible)
                #expect(!shown.contains("s3cret") && !shown.contains("czNjcmV0"))
            }
        }
        try run(kind(name))
    }

    /// The user page names every field of the source.
    @Test(arguments: kinds) func thereIsAUserPage(_ name: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folders = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Connectors").path())
        let folder = try #require(folders.first { $0.lowercased() == name.lowercased() })
        let page = try String(contentsOf: root.appending(path: "Connectors/\(folder)/README.md"), encoding: .utf8)
        for field in try kind(name).schema.fields { #expect(page.contains("`\(field.name)`"), "README does not mention \(field.name)") }
    }
}

extension Site {
    var isPatchOnly: Bool { field.traits.contains(.patchOnly) || path.description.contains("tableMappingsTo") }
}
