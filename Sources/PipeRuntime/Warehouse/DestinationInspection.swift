internal import ClickHouse
internal import PipeCore

/// Checks a destination against its server without changing anything.
struct DestinationInspection {
    let spec: PipeSpec
    let service: ClickHouseService

    private var destination: Destination { spec.destination }

    private struct Column: Decodable, Sendable {
        var name: String
        var type: String
        var default_kind: String
    }

    /// All that is wrong. A server that cannot be asked is one finding.
    func findings() async -> [Finding] {
        do {
            var findings = try await databaseAndRoles()
            guard findings.isEmpty, destination.table != nil else { return findings }
            findings += try await types()
            guard findings.isEmpty else { return findings }
            if destination.managedTable == true { findings += try await definition() }
            findings += try await existingTable()
            if findings.isEmpty { findings += try await staging() }
            if findings.isEmpty { findings += try await deduplication() }
            return findings
        } catch let error as ClickHouseError {
            return [unreachable(error)]
        } catch let error as PipeError {
            return [Finding(.failure, FieldPath("destination"), error.message)]
        } catch {
            return [Finding(.failure, FieldPath("destination"), "the check was interrupted")]
        }
    }

    /// What keeps the pipe from writing to the table as it is now; empty when all is well.
    func problemsOfExistingTable() async throws -> [String] {
        do {
            return try await existingTable().map { "\($0.field) \($0.message)" }
        } catch let error as ClickHouseError {
            throw error.pipeError(during: "looking at the destination table")
        }
    }

    /// The types of the columns that have no DEFAULT and can be written.
    func columnsWithoutDefault(of table: TableName) async throws -> [String: String] {
        do {
            let columns = try await service.client.rows(
                Column.self,
                "SELECT name, type, default_kind FROM system.columns WHERE database = {database:String} AND table = {table:String}",
                parameters: ["database": table.database, "table": table.name], settings: [:])
            return Dictionary(columns.lazy.filter(\.default_kind.isEmpty).map { ($0.name, $0.type) }) { $1 }
        } catch {
            throw error.pipeError(during: "looking at the destination table")
        }
    }

    private func unreachable(_ error: ClickHouseError) -> Finding {
        Finding(.failure, .root, "ClickHouse service '\(spec.serviceID)' failed to answer: \(error.shortMessage)")
    }

    private func databaseAndRoles() async throws -> [Finding] {
        struct Row: Decodable, Sendable { var name: String }
        var findings: [Finding] = []
        let databases = try await service.client.rows(
            Row.self, "SELECT name FROM system.databases WHERE name = {database:String}", parameters: ["database": destination.database],
            settings: [:])
        if databases.isEmpty {
            findings.append(
                Finding(
                    .failure, FieldPath("destination.database"),
                    "database '\(destination.database)' does not exist: create it, or choose another"))
        }
        // What the cloud gives a pipe whose request names none: with Penstock, the rights of the service's user.
        let roles = (destination.roles ?? []).enumerated().filter { $0.element != "default_role" }
        if roles.isEmpty { return findings }
        do {
            let known = Set(
                try await service.client.rows(Row.self, "SELECT name FROM system.roles", parameters: [:], settings: [:]).map(\.name))
            for (index, role) in roles where !known.contains(role) {
                findings.append(Finding(.failure, FieldPath("destination.roles[\(index)]"), "role '\(role)' does not exist"))
            }
        } catch {
            guard error.code == .accessDenied else { throw error }
            findings.append(
                Finding(.hint, FieldPath("destination.roles"), "the service's user may not list roles, so they were not checked"))
        }
        return findings
    }

    /// The server's spelling of each declared type.
    private func types() async throws -> [Finding] {
        var findings: [Finding] = []
        for (index, column) in (destination.columns ?? []).enumerated() {
            do {
                _ = try await normalised(column.type)
            } catch let error as ClickHouseError {
                guard error.disposition == .user else { throw error }
                findings.append(
                    Finding(
                        .failure, FieldPath("destination.columns[\(index)].type"),
                        "'\(column.type)' is not a type of this server: \(error.shortMessage)"))
            }
        }
        return findings
    }

    private func normalised(_ type: String) async throws -> String {
        struct Described: Decodable, Sendable { var type: String }
        let rows = try await service.client.rows(
            Described.self, "DESCRIBE TABLE null({structure:String})", parameters: ["structure": "`c` \(type)"], settings: [:])
        guard rows.count == 1, let only = rows.first else {
            // `UInt8, d String` and `Nested(…)` declare several columns.
            throw ClickHouseError(.syntaxError, "it must name one type; declare the columns of a Nested one by one")
        }
        return only.type
    }

    /// Lets the server build the table as a temporary one, clause by clause.
    private func definition() async throws -> [Finding] {
        let builder: TableBuilder
        do {
            builder = try TableBuilder(destination, cluster: nil)
        } catch {
            return error.problems.map { Finding(.failure, $0.field, $0.message) }
        }
        let steps: [(TableBuilder.Trial, String)] = [
            (.partition, "partitionBy"), (.sorting, "sortingKey"), ([.sorting, .primary], "primaryKey"),
            ([.engine, .partition, .sorting, .primary], "engine"),
        ]
        for (trial, field) in steps {
            do {
                try await service.client.execute(builder.trial(trial), parameters: [:], settings: [:])
            } catch {
                // Whatever the server says of a table it does not keep is about the definition, unless it lacks time or room.
                let number = error.code.rawValue
                guard number > 0, !ClickHouseError.passingCodes.contains(number) else { throw error }
                return [
                    Finding(.failure, FieldPath("destination.tableDefinition.\(field)"), "is refused by ClickHouse: \(error.shortMessage)")
                ]
            }
        }
        return []
    }

    private func existingTable() async throws -> [Finding] {
        struct Table: Decodable, Sendable { var engine: String }
        guard let name = destination.table else { return [] }
        let key = ["database": destination.database, "table": name]
        let tables = try await service.client.rows(
            Table.self, "SELECT engine FROM system.tables WHERE database = {database:String} AND name = {table:String}", parameters: key,
            settings: [:])
        guard let table = tables.first else {
            guard destination.managedTable != true else { return [] }
            return [
                Finding(
                    .failure, FieldPath("destination.table"),
                    "table \(destination.database).\(name) does not exist: create it, or set managedTable to true")
            ]
        }
        var findings: [Finding] = []
        if spec.source.family == .objectStorage, !StagingPlan.isStageable(table.engine) {
            findings.append(
                Finding(
                    .failure, FieldPath("destination.table"),
                    "has engine \(table.engine), which cannot be loaded exactly once: use a table of the MergeTree family or a Null table"))
        }
        let existing = try await service.client.rows(
            Column.self,
            "SELECT name, type, default_kind FROM system.columns WHERE database = {database:String} AND table = {table:String}",
            parameters: key, settings: [:])
        for (index, column) in (destination.columns ?? []).enumerated() {
            guard let found = existing.first(where: { $0.name == column.name }) else {
                findings.append(
                    Finding(
                        .failure, FieldPath("destination.columns[\(index)].name"),
                        "column '\(column.name)' does not exist in \(destination.database).\(name)"))
                continue
            }
            if ["MATERIALIZED", "ALIAS"].contains(found.default_kind) {
                findings.append(
                    Finding(
                        .failure, FieldPath("destination.columns[\(index)].name"),
                        "column '\(column.name)' is \(found.default_kind) and cannot be written: map to another"))
            } else if let difference = try await difference(declared: column.type, existing: found.type) {
                findings.append(
                    Finding(.failure, FieldPath("destination.columns[\(index)].type"), "column '\(column.name)' \(difference)"))
            }
        }
        return findings
    }

    /// nil when values of the declared type can go into the column. A managed table must have exactly what was declared.
    private func difference(declared: String, existing: String) async throws -> String? {
        if declared == existing { return nil }
        let normal = try await normalised(declared)
        if normal == existing { return nil }
        if destination.managedTable == true {
            return "has type \(existing) in the existing table, not \(normal): drop the table, or declare the same type"
        }
        do {
            try await service.client.execute(
                "SELECT CAST(defaultValueOfTypeName({from:String}), {to:String}) FORMAT Null",
                parameters: ["from": normal, "to": existing],
                settings: [:])
            return nil
        } catch {
            guard error.disposition == .user else { throw error }
            // The default of a type may be no value of the other (an empty string is no number), which says nothing.
            if error.loadTrouble == .data, error.code != .typeMismatch { return nil }
            return "has type \(existing), which does not take \(normal): \(error.shortMessage)"
        }
    }

    private func deduplication() async throws -> [Finding] {
        guard spec.source.needsDeduplication, let name = destination.table else { return [] }
        if destination.managedTable == true, destination.tableDefinition?.engine.type.hasPrefix("Null") == true {
            return [
                Finding(
                    .failure, FieldPath("destination.tableDefinition.engine.type"),
                    "must be of the MergeTree family when the source is read exactly once: a Null table keeps nothing to recognise a repetition by"
                )
            ]
        }
        return try await Deduplication(spec: spec, service: service).problems(of: TableName(destination.database, name))
            .map { Finding(.failure, FieldPath("destination.table"), $0) }
    }

    /// Whether the table and the views behind it can be staged.
    private func staging() async throws -> [Finding] {
        guard spec.source.family == .objectStorage, let name = destination.table else { return [] }
        do {
            let target = TableName(destination.database, name)
            struct Row: Decodable, Sendable { var name: String }
            let exists = try await service.client.rows(
                Row.self, "SELECT name FROM system.tables WHERE database = {database:String} AND name = {table:String}",
                parameters: ["database": target.database, "table": target.name], settings: [:])
            if exists.isEmpty { return [] }
            _ = try await StagingPlan.make(target: target, pipe: spec.id, batch: BatchID("inspection"), attempt: 0, service: service)
            return []
        } catch let error as PipeError where error.disposition == .user {
            return [Finding(.failure, FieldPath("destination.table"), error.message)]
        }
    }
}
