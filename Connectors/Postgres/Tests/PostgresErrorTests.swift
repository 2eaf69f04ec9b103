import PipeCore
import PostgresConnector
import Testing

struct PostgresErrorTests {
    @Test(arguments: [
        ("28P01", "password authentication failed for user \"u\"", "SOURCE_ACCESS_DENIED", "user", "credentials"),
        ("3D000", "database \"d\" does not exist", "SOURCE_NOT_FOUND", "user", "database"),
        ("42501", "permission denied for table t", "SOURCE_ACCESS_DENIED", "user", "credentials"),
        ("42704", "replication slot \"s\" does not exist", "SOURCE_NOT_FOUND", "user", "settings.replicationSlotName"),
        ("42704", "publication \"p\" does not exist", "SOURCE_NOT_FOUND", "user", "settings.publicationName"),
        ("58P01", "requested WAL segment 0000 has already been removed", "SOURCE_NOT_FOUND", "user", "settings.replicationSlotName"),
        ("55006", "replication slot \"s\" is active for PID 7", "SOURCE_UNREACHABLE", "retry", "settings.replicationSlotName"),
        ("57P01", "terminating connection due to administrator command", "SOURCE_UNREACHABLE", "retry", "host"),
        ("53400", "all replication slots are in use", "SOURCE_ACCESS_DENIED", "user", "settings.replicationMode"),
    ])
    func errorsSayWhoMustAct(_ state: String, _ message: String, _ code: String, _ disposition: String, _ field: String) {
        let error = PostgresError(state: state, message: message).about("db:5432")
        #expect(error.pipeError.code.rawValue == code)
        #expect(error.pipeError.disposition.rawValue == disposition)
        #expect(error.field == field)
        #expect(error.pipeError.message.contains(message) && error.pipeError.message.contains("db:5432"))
    }

    @Test func troubleOfTheConnectionIsTriedAgainOrNamesItsField() {
        let refused = PostgresError(message: "Connection refused", isConnection: true)
        #expect(refused.pipeError.disposition.rawValue == "retry" && refused.field == "host")
        let untrusted = PostgresError(message: "SSL error: certificate verify failed", isConnection: true)
        #expect(untrusted.pipeError.disposition.rawValue == "user" && untrusted.field == "caCertificate")
    }

    @Test func positionsAreWrittenAsPostgresDoes() throws {
        #expect(LogPosition("16/B374D848")?.description == "16/B374D848")
        #expect(LogPosition("0/0") == .zero)
        #expect(LogPosition("16") == nil && LogPosition("x/1") == nil)
    }
}
