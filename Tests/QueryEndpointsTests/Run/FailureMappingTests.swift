import ClickHouse
import QueryEndpoints
import Testing

@Suite struct FailureMappingTests {
    private let connection = ClickHouseConnection(url: "http://db.internal:8123", user: "penstock_query_7d1f2c0a", password: "secret-word")

    @Test(
        arguments: [
            (62, 400), (60, 400), (47, 400), (115, 400), (456, 400), (457, 400), (26, 400), (27, 400), (452, 400), (691, 400), (73, 400),
            (164, 403), (291, 403), (497, 403), (512, 403), (192, 502), (516, 502), (159, 504), (160, 504), (396, 400), (158, 400),
            (307, 400),
            (241, 503),
            (202, 503), (252, 503), (201, 429), (210, 503), (49, 502),
        ] as [(Int, Int)])
    func aServerErrorHasTheStatusOfWhoMustAct(code: Int, status: Int) {
        let error = ClickHouseError.server(
            text: "Code: \(code). DB::Exception: penstock_query_7d1f2c0a: trouble at db.internal:8123. (NAME) (version 25.8.2.1)",
            header: code,
            status: 500, queryID: "q", secrets: ["secret-word"])
        let failure = QueryFailure(error, connection: connection)
        #expect(failure.status == status)
        for word in ["penstock_query", "db.internal", "secret", "25.8", "DB::Exception"] { #expect(!failure.details.contains(word)) }
    }

    @Test func theWayToTheServerIsNotTold() {
        for (code, status) in [
            (ClickHouseError.Code.connectFailed, 503), (.connectionLost, 503), (.timedOut, 504), (.tlsFailed, 502),
            (.unexpectedAnswer, 502),
        ] as [(ClickHouseError.Code, Int)] {
            let failure = QueryFailure(ClickHouseError(code, "cannot connect to http://db.internal:8123"), connection: connection)
            #expect(failure.status == status)
            #expect(!failure.details.contains("db.internal"))
        }
    }
}
