import PipeCore
import ProgramConfiguration
import Testing

@Suite struct ConfigurationFileTests {
    private func problems(_ yaml: String, environment: [String: String] = [:]) -> [String] {
        do {
            _ = try ConfigurationFile.read(yaml: yaml, environment: environment)
            return []
        } catch let error as InvalidConfiguration {
            return error.problems.map(\.description)
        } catch {
            return ["unexpected \(error)"]
        }
    }

    @Test func anEmptyFileIsTheDefaults() throws {
        let configuration = try ConfigurationFile.read(yaml: "")
        #expect(configuration.listen == "127.0.0.1:8686")
        #expect(configuration.embedded.enabled)
        #expect(configuration.embedded.memoryShare == 0.5)
        #expect(configuration.services.isEmpty)
        #expect(configuration.pipes.sourcePatienceSeconds == 3600)
        #expect(configuration.pipes.destinationPatienceSeconds == 3600)
        #expect(configuration.tls == nil)
    }

    @Test func nestedValuesAreReadAndPartsKeepTheirDefaults() throws {
        let configuration = try ConfigurationFile.read(
            yaml: """
                listen: "[::1]:9000"
                log: {level: debug}
                services:
                  - name: analytics
                    url: https://clickhouse.internal:8443
                    password: "12345"
                    cluster: main
                """)
        #expect(configuration.listenHost == "::1")
        #expect(configuration.listenPort == 9000)
        #expect(configuration.log.level == "debug")
        #expect(configuration.log.format == "text")
        #expect(configuration.services.map(\.user) == ["default"])
        #expect(configuration.services.first?.password == "12345")
        #expect("\(configuration.services)".contains("12345") == false)
    }

    @Test func unknownKeysAreErrorsAtEveryDepth() {
        #expect(problems("listne: 127.0.0.1:1").contains { $0.hasPrefix("listne is not a known key") })
        #expect(problems("log: {levle: info}").contains { $0.hasPrefix("log.levle is not a known key") })
        #expect(problems("services: [{name: a, url: 'http://a', passwrod: x}]").contains { $0.hasPrefix("services[0].passwrod") })
    }

    @Test func wrongValuesNameTheirKey() {
        #expect(problems("embedded: {memoryShare: 3}") == ["embedded.memoryShare must be <= 0.95, is 3"])
        #expect(problems("listen: here").first?.hasPrefix("listen must be HOST:PORT") == true)
        #expect(problems("services: [{name: a}]").contains("services[0].url is required"))
        #expect(
            problems("services: [{name: a, url: 'http://u:p@h'}]").first?.hasPrefix("services[0].url must not hold credentials") == true)
        #expect(problems("a: [").first?.contains("is not valid YAML") == true)
    }

    @Test func listeningToOthersWithoutTLSMustBeSaid() {
        #expect(problems("listen: 0.0.0.0:8686").first?.contains("allowInsecureListen") == true)
        #expect(problems("listen: 0.0.0.0:8686\nallowInsecureListen: true").isEmpty)
        #expect(problems("listen: 0.0.0.0:8686\ntls: {certificate: a, key: b}").isEmpty)
    }

    @Test func environmentWinsOverTheFileAndOptionsOverBoth() throws {
        let yaml = "log: {level: info}\nservices: [{name: my-ch, url: 'http://h:8123'}]"
        let environment = [
            "PENSTOCK_LOG_LEVEL": "warning", "PENSTOCK_EMBEDDED_HTTP_PORT": "9123", "PENSTOCK_SERVICES_MY_CH_PASSWORD": "s3cret",
        ]
        let configuration = try ConfigurationFile.read(yaml: yaml, environment: environment, overrides: ["log.level": "error"])
        #expect(configuration.log.level == "error")
        #expect(configuration.embedded.httpPort == 9123)
        #expect(configuration.services.first?.password == "s3cret")
        #expect(
            problems(yaml, environment: ["PENSTOCK_EMBEDDED_HTTP_PORT": "many"]) == ["embedded.httpPort must be an integer, not a string"])
    }

    @Test func aServiceOrTheEmbeddedServerIsNeeded() {
        #expect(problems("embedded: {enabled: false}").first?.hasPrefix("services must name at least one") == true)
        #expect(problems("services: [{name: default, url: 'http://h'}]").contains("services[0].name 'default' is used twice"))
    }

    @Test func theUserOfQueryEndpointsIsAnotherUser() throws {
        let service = "name: a, url: 'http://h', user: u"
        let configuration = try ConfigurationFile.read(
            yaml: "services: [{\(service), queryUser: api}]", environment: ["PENSTOCK_SERVICES_A_QUERY_PASSWORD": "s3cret"])
        #expect(configuration.services.first?.queryUser == "api")
        #expect(configuration.services.first?.queryPassword == "s3cret")
        #expect("\(configuration.services)".contains("s3cret") == false)
        #expect(configuration.queryEndpoints.cacheBytes == 64 << 20)
        #expect(configuration.queryEndpoints.cacheEntryBytes == 4 << 20)
        #expect(problems("services: [{\(service), queryPassword: x}]").first?.hasPrefix("services[0].queryUser is required") == true)
        #expect(problems("services: [{\(service), queryUser: u}]").first?.hasPrefix("services[0].queryUser must be another") == true)
    }

    @Test func theReferenceListsEveryKey() {
        let page = ConfigurationReference.markdown()
        for key in [
            "`dataDir`", "`tls.certificate`", "`services[].passwordFile`", "`PENSTOCK_SERVICES_<NAME>_PASSWORD_FILE`",
            "`PENSTOCK_PIPES_SOURCE_PATIENCE_SECONDS`",
        ] {
            #expect(page.contains(key), "\(key) is missing")
        }
    }
}
