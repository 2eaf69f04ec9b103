import Catalog
import ControlAPI
import HTTPTypes
import PipeCore
import Testing

@Suite struct ClickPipesPrometheusTests {
    private static let families = [
        MetricFamily(
            name: "ClickPipes_SentEvents_Total", help: "Rows \\ written\nin total.", kind: .counter,
            samples: [.init(labels: [.init("clickpipe_name", #"a "quoted\" name"# + "\nline")], value: 12)]),
        MetricFamily(
            name: "penstock_batch_seconds", help: "Time.", kind: .histogram,
            samples: [
                .init(suffix: "_bucket", labels: [.init("le", "+Inf")], value: 3), .init(suffix: "_sum", labels: [], value: 0.25),
                .init(suffix: "_count", labels: [], value: 3),
            ]),
    ]

    @Test func theTextFormatIsWrittenAndEscaped() {
        let text = PrometheusText.render(Self.families)
        let expected = #"""
            # HELP ClickPipes_SentEvents_Total Rows \\ written\nin total.
            # TYPE ClickPipes_SentEvents_Total counter
            ClickPipes_SentEvents_Total{clickpipe_name="a \"quoted\\\" name\nline"} 12
            # HELP penstock_batch_seconds Time.
            # TYPE penstock_batch_seconds histogram
            penstock_batch_seconds_bucket{le="+Inf"} 3
            penstock_batch_seconds_sum 0.25
            penstock_batch_seconds_count 3

            """#
        #expect(text == expected)
    }

    @Test func specialNumbersHaveTheirNames() {
        let values = [Double.nan, .infinity, -.infinity, 1e17, 1_000_000, -0.5]
        let family = MetricFamily(name: "x", help: "", kind: .gauge, samples: values.map { .init(labels: [], value: $0) })
        let lines = PrometheusText.render([family]).split(separator: "\n").dropFirst(2)
        #expect(lines.map(String.init) == ["x NaN", "x +Inf", "x -Inf", "x 1e+17", "x 1000000", "x -0.5"])
    }

    @Test func oneNameIsOneFamily() {
        let text = PrometheusText.render([Self.families[0], Self.families[1], Self.families[0]])
        #expect(text.split(separator: "\n").count { $0.hasPrefix("# TYPE ClickPipes_SentEvents_Total") } == 1)
        #expect(text.split(separator: "\n").count { $0.hasPrefix("ClickPipes_SentEvents_Total{") } == 2)
        let empty = MetricFamily(name: "nothing", help: "", kind: .gauge, samples: [])
        #expect(PrometheusText.render([empty]).isEmpty)
    }

    @Test(arguments: ["~/prometheus", "~~/prometheus"]) func metricsCarryTheirService(_ path: String) async throws {
        let fixture = try await APIFixture()
        fixture.metrics.set(Self.families)
        try await fixture.run { client in
            let answer = try await client.send(.get, path)
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType]?.hasPrefix("text/plain; version=0.0.4") == true)
            let labels =
                #"{clickhouse_org="\#(APIFixture.organizationID)",clickhouse_service="\#(APIFixture.serviceID)",clickhouse_service_name="default","#
            #expect(answer.text.contains("ClickPipes_SentEvents_Total" + labels + #"clickpipe_name="a"#))
            #expect(answer.text.contains("penstock_batch_seconds_count"))
            let filtered = try await client.send(.get, "\(path)?filtered_metrics=true")
            #expect(filtered.text.contains("ClickPipes_SentEvents_Total") && !filtered.text.contains("penstock_"))
            #expect(try await client.send(.get, "\(path)?filtered_metrics=false").text == answer.text)
            let wrong = try await client.send(.get, "\(path)?filtered_metrics=yes")
            #expect(wrong.status == 400 && wrong.error.contains("filtered_metrics must be true or false"))
        }
    }

    @Test func theOrganizationShowsEveryService() async throws {
        let fixture = try await APIFixture()
        fixture.metrics.set(Self.families)
        try await fixture.catalog.create(
            ServiceRecord(
                id: "99999999-0000-4000-8000-000000000009", configurationName: "other", name: "other", createdAt: APIFixture.start))
        try await fixture.run { client in
            let text = try await client.send(.get, "~/prometheus").text
            #expect(text.contains(#"clickhouse_service_name="other""#) && text.contains(#"clickhouse_service_name="default""#))
            #expect(text.split(separator: "\n").count { $0.hasPrefix("# TYPE penstock_batch_seconds") } == 1)
        }
    }
}
