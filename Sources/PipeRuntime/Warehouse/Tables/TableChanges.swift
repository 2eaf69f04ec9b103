internal import ClickHouse
internal import PipeCore

/// Changes mapped tables. Each change looks first at what is there, so that a repetition, also of one that was interrupted, ends where
/// the first try would have.
struct TableChanges: Sendable {
    let spec: PipeSpec
    let service: ClickHouseService
    let log: any PipeLog

    private var statements: TargetTableStatements {
        TargetTableStatements(database: spec.destination.database, cluster: service.cluster)
    }

    /// Whether there was anything to do. Throws ``PipeError``.
    func apply(_ change: TableChange) async throws -> Bool {
        switch change {
        case .create(let table): return try await create(table)
        case .addColumns(let table, let columns): return try await add(columns, to: table)
        case .dropColumns(let table, let columns): return try await drop(columns, of: table)
        case .renameColumn(let table, let from, let to): return try await rename(from, to: to, of: table)
        case .changeType(let table, let column, let type): return try await changeType(of: column, of: table, to: type)
        case .truncate(let table, let version): return try await truncate(table, before: version)
        case .exchange(let shadow, let target): return try await exchange(shadow, target)
        case .drop(let shadow): return try await drop(shadow: shadow)
        }
    }

    /// What keeps the table from being made or used as it is; empty when all is well.
    func problems(of table: TargetTable) async throws -> [String] {
        let problems = table.problems
        guard problems.isEmpty, let existing = try await find(table.name) else { return problems }
        return try await fit(of: table, existing).problems
    }

    /// Whether there are rows in the table.
    func holdsRows(_ table: String) async throws -> Bool { (try await find(table)?.rows ?? 0) > 0 }

    /// Drops the shadows of these targets; other tables of such a name are left alone.
    func dropShadows(of targets: [String]) async throws {
        for target in targets {
            let shadow = TargetTable.shadowName(of: target)
            if let existing = try await find(shadow), existing.isLoading || existing.isReplaced { _ = try await drop(shadow: shadow) }
        }
    }

    // MARK: Tables

    private func create(_ table: TargetTable) async throws -> Bool {
        try refuse(table.problems, of: table.name)
        if let existing = try await find(table.name) {
            if table.isShadow, !existing.isLoading { throw standsInTheWay(table.name) }
            return try await complete(table, existing)
        }
        let isNew = try await serverKnows(tableSetting: TargetTableStatements.cleanupSetting)
        try await run(statements.create(table, cleansUp: isNew), "making \(name(table.name))")
        return true
    }

    /// Checks an existing table and gives it what it lacks.
    private func complete(_ table: TargetTable, _ existing: ExistingTable) async throws -> Bool {
        let fit = try await fit(of: table, existing)
        try refuse(fit.problems, of: table.name)
        var isChanged = try await add(fit.missing, to: table.name, having: existing)
        for column in fit.missingMetadata {
            try await run(statements.add(column, to: table.name), "adding a column to \(name(table.name))")
            isChanged = true
        }
        if table.engine != .null {
            let deduplication = Deduplication(spec: spec, service: service)
            try await deduplication.widen(name(table.name))
            for problem in try await deduplication.problems(of: name(table.name)) {
                log.log(.warning, nil, "a batch that is repeated after a crash may count twice: \(problem)")
            }
        }
        return isChanged
    }

    private func truncate(_ table: String, before version: UInt64?) async throws -> Bool {
        guard let existing = try await find(table), existing.engine.hasSuffix("MergeTree") else { return false }
        // Of a cluster, other servers may hold rows that this one does not.
        if service.cluster == nil, existing.rows == 0 { return false }
        let what = "emptying \(name(table))"
        if let version {
            struct Found: Decodable, Sendable { var found: Int }
            func isThere(_ comparison: String) async throws -> Bool {
                try await !service.rows(Found.self, statements.anyRow(of: table, comparison, version), during: what).isEmpty
            }
            if try await isThere(">=") {
                guard try await isThere("<") else { return false }
                // Returns when it is done everywhere.
                try await run(statements.removeRows(of: table, before: version), what, settings: ["mutations_sync": "2"])
                return true
            }
        }
        try await run(statements.truncate(table), what, settings: Self.anySize)
        return true
    }

    private func fit(of table: TargetTable, _ existing: ExistingTable) async throws -> TableFit {
        TableFit(wanted: table, existing: existing, types: try await spelled(table.columns))
    }

    private func drop(shadow: String) async throws -> Bool {
        guard let existing = try await find(shadow) else { return false }
        guard existing.isLoading || existing.isReplaced else { throw standsInTheWay(shadow) }
        try await run(statements.drop(shadow), "removing \(name(shadow))", settings: Self.anySize)
        return true
    }

    /// Comments tell how far an earlier try came: that of the shadow says it is being loaded, that of the target is marked before the
    /// two change places, and each goes with its table.
    private func exchange(_ shadow: String, _ target: String) async throws -> Bool {
        let (loaded, old) = (try await find(shadow), try await find(target))
        if let loaded, loaded.isLoading {
            guard let old else {
                try await run(statements.rename(shadow, to: target), "putting \(name(shadow)) in its place")
                try await run(statements.comment("", on: target), "putting \(name(shadow)) in its place")
                return true
            }
            if !old.isReplaced {
                let comment = old.comment.isEmpty ? "" : old.comment + "; "
                try await run(
                    statements.comment(comment + TargetTableStatements.replacedMark, on: target), "marking \(name(target)) as replaced")
            }
            try await run(statements.exchange(shadow, target), "exchanging \(name(shadow)) and \(name(target))")
            try await restoreComment(of: target, from: old.comment)
            return true
        }
        if let old, old.isLoading {
            // Changed places already; the last step is missing.
            try await restoreComment(of: target, from: loaded?.comment ?? "")
            return true
        }
        if let loaded, !loaded.isReplaced { throw standsInTheWay(shadow) }
        guard old != nil else {
            throw PipeError(
                .destinationRefused, .user, side: .destination,
                "neither table \(name(shadow)), which was loaded anew, nor \(name(target)) exists any more: resynchronise the pipe")
        }
        return false
    }

    private func restoreComment(of target: String, from marked: String) async throws {
        var comment = marked
        for ending in ["; " + TargetTableStatements.replacedMark, TargetTableStatements.replacedMark] where comment.hasSuffix(ending) {
            comment.removeLast(ending.count)
        }
        try await run(statements.comment(comment, on: target), "putting the loaded table in the place of \(name(target))")
    }

    // MARK: Columns

    private func add(_ columns: [TargetTable.Column], to table: String) async throws -> Bool {
        try await add(columns, to: table, having: require(table))
    }

    private func add(_ columns: [TargetTable.Column], to table: String, having existing: ExistingTable) async throws -> Bool {
        var known = existing.columns.map(\.name)
        var isChanged = false
        for column in columns where !known.contains(column.name) {
            // Metadata columns stay last.
            let first = known.firstIndex { MetadataColumn(rawValue: $0) != nil }
            let place = first.map { $0 > 0 ? known[$0 - 1] : nil } ?? known.last
            try await add(column, to: table, after: place)
            known.insert(column.name, at: first ?? known.count)
            isChanged = true
        }
        return isChanged
    }

    private func add(_ column: TargetTable.Column, to table: String, after place: String?) async throws {
        let what = "adding column '\(column.name)' to \(name(table))"
        do {
            try await service.client.execute(statements.add(column, to: table, after: place), parameters: [:], settings: [:])
        } catch {
            try Task.checkCancellation()
            guard column.defaultText != nil, error.disposition == .user else { throw error.pipeError(during: what) }
            var plain = column
            plain.defaultText = nil
            try await run(statements.add(plain, to: table, after: place), what)
            log.log(
                .warning, .typeMismatch,
                "column '\(column.name)' of \(name(table)) was made without the source's default, which ClickHouse does not read as \(column.type): rows from before have the type's own"
            )
        }
    }

    private func drop(_ columns: [String], of table: String) async throws -> Bool {
        let known = Set(try await require(table).columns.map(\.name))
        let present = columns.filter(known.contains)
        for column in present { try await run(statements.drop(column, of: table), "dropping column '\(column)' of \(name(table))") }
        return !present.isEmpty
    }

    private func rename(_ column: String, to new: String, of table: String) async throws -> Bool {
        let known = Set(try await require(table).columns.map(\.name))
        if known.contains(new) { return false }
        guard known.contains(column) else {
            throw PipeError(
                .destinationRefused, .user, side: .destination,
                "table \(name(table)) has neither column '\(column)', which the source renamed, nor '\(new)': add one of them, or resynchronise the table"
            )
        }
        try await run(statements.rename(column, to: new, of: table), "renaming column '\(column)' of \(name(table))")
        return true
    }

    private func changeType(of column: String, of table: String, to type: String) async throws -> Bool {
        guard let existing = try await require(table).columns.first(where: { $0.name == column }) else {
            throw PipeError(
                .destinationRefused, .user, side: .destination,
                "table \(name(table)) has no column '\(column)', whose type changed at the source: add it, or resynchronise the table")
        }
        let wanted = try await spelled([TargetTable.Column(column, type)])
        if wanted == [existing.type] { return false }
        try await run(statements.changeType(of: column, of: table, to: type), "changing the type of column '\(column)' of \(name(table))")
        return true
    }

    // MARK: The server

    /// Without the server's guard against dropping large tables: the pipe made them, or was told to empty them.
    private static let anySize = ["max_table_size_to_drop": "0", "max_partition_size_to_drop": "0"]

    private func name(_ table: String) -> TableName { statements.name(table) }

    private func find(_ table: String) async throws -> ExistingTable? { try await ExistingTable.find(name(table), service) }

    private func require(_ table: String) async throws -> ExistingTable {
        if let existing = try await find(table) { return existing }
        throw PipeError(
            .destinationRefused, .user, side: .destination,
            "table \(name(table)) does not exist any more: create it again, or resynchronise the pipe")
    }

    private func refuse(_ problems: [String], of table: String) throws(PipeError) {
        guard !problems.isEmpty else { return }
        throw PipeError(.destinationRefused, .user, side: .destination, "table \(name(table)) \(problems.joined(separator: "; it "))")
    }

    private func standsInTheWay(_ table: String) -> PipeError {
        PipeError(
            .destinationRefused, .user, side: .destination,
            "table \(name(table)) stands in the way of a resync, which needs its name: rename or drop it, then start the pipe again")
    }

    /// The server's spelling of types, one for each column.
    private func spelled(_ columns: [TargetTable.Column]) async throws -> [String] {
        if columns.isEmpty { return [] }
        struct Described: Decodable, Sendable { var type: String }
        let structure = columns.map { "\(Identifier.quoted($0.name)) \($0.type)" }.joined(separator: ", ")
        let rows = try await service.rows(
            Described.self, "DESCRIBE TABLE null({structure:String})", parameters: ["structure": structure],
            during: "looking at the types of a mapped table")
        guard rows.count == columns.count else {
            throw PipeError(.internalError, .bug, side: .source, "the source named a type that stands for several columns")
        }
        return rows.map(\.type)
    }

    private func serverKnows(tableSetting setting: String) async throws -> Bool {
        struct Row: Decodable, Sendable { var name: String }
        return try await !service.rows(
            Row.self, "SELECT name FROM system.merge_tree_settings WHERE name = {name:String}", parameters: ["name": setting],
            during: "looking at the settings of tables"
        ).isEmpty
    }

    private func run(_ sql: String, _ what: String, settings: [String: String] = [:]) async throws {
        try await service.execute(sql, settings: settings, during: what)
    }
}
