public import PipeCore

extension BigQueryConfiguration {
    public static let schema = ObjectSchema(
        "ClickPipeBigQuerySource", "Tables of Google BigQuery. A BigQuery pipe cannot be changed after it was created.",
        fields: [
            Field(
                "authentication", .oneOf(Authentication.allCases.map(\.rawValue)),
                "How to authenticate: SERVICE_ACCOUNT unless said otherwise.",
                [.immutable, .emptyIsUnset]),
            Field("projectId", .text, "Google Cloud project of the datasets.", [.immutable, .emptyIsUnset]),
            Field("snapshotStagingPath", .text, "gs:// path that BigQuery exports to.", [.required, .immutable]),
            Field("settings", .object(settingsSchema), "How to replicate.", .immutable, default: [:]),
            Field("tableMappings", .list(.object(mappingSchema)), "The tables to replicate; at least one.", [.required, .immutable]),
            CredentialFields.serviceAccount("credentials", .immutable),
        ])

    private static let settingsSchema = ObjectSchema(
        "ClickPipeBigQueryPipeSettings", "How to replicate.",
        fields: [
            Field(
                "replicationMode", .oneOf(ReplicationMode.allCases.map(\.rawValue)),
                "`snapshot`: once. `cdc`: a snapshot, then changes. `cdc_only`: changes only.", default: "snapshot"),
            Field("replicationMethod", .oneOf(ReplicationMethod.allCases.map(\.rawValue)), "How changes are found.", .emptyIsUnset),
            Field("syncIntervalSeconds", count, "Seconds between two looks for changes."),
            Field("syncCron", .text, "Cron expression of the looks for changes, instead of syncIntervalSeconds.", .emptyIsUnset),
            Field("queryCdcPullSyncParallelism", count, "Tables queried at the same time."),
            Field("syncDelaySeconds", .integer(0...Int64(Int32.max)), "Age a change must have before it is read."),
            Field("pullWindowSizeSeconds", count, "Longest span of time that one look covers."),
            DatabaseFields.allowNullableColumns,
            DatabaseFields.initialLoadParallelism,
        ] + DatabaseFields.snapshotting)

    private static let mappingSchema = ObjectSchema(
        "ClickPipeBigQueryPipeTableMapping", "A table and its target.",
        fields: [
            Field("sourceDatasetName", .text, "Dataset of the source table.", .required),
            Field("sourceTable", .text, "Source table.", .required),
            DatabaseFields.targetTable,
        ] + DatabaseFields.columnChoice + [
            DatabaseFields.tableEngine,
            Field("queryCdcWatermarkColumn", .text, "Column that grows with every change, with query_based.", .emptyIsUnset),
            Field(
                "eventsFunction", .oneOf(EventsFunction.allCases.map(\.rawValue)), "BigQuery's function for changes, with events_based.",
                .emptyIsUnset),
        ])

    private static let count = Schema.integer(1...Int64(Int32.max))

    public func problems() -> [Problem] {
        var problems: [Problem] = []
        if authentication == .workloadIdentity {
            if credentials != nil {
                problems.append(Problem(Self.path["credentials"], "is not used for authentication SERVICE_ACCOUNT_WORKLOAD_IDENTITY"))
            }
        } else if credentials == nil {
            problems.append(Problem(Self.path["credentials"]["serviceAccountFile"], "is required"))
        }
        if snapshotStagingPath.wholeMatch(of: /gs:\/\/[a-z0-9][a-z0-9._-]+(\/\S*)?/) == nil {
            problems.append(Problem(Self.path["snapshotStagingPath"], "must be gs://<bucket>/<path>"))
        }
        return problems + changeProblems() + TableMappings.problems(tableMappings, at: Self.path)
    }

    /// Everything about changes is refused where no changes are read.
    private func changeProblems() -> [Problem] {
        let path = Self.path["settings"]
        var problems: [Problem] = []
        if settings.replicationMode == .snapshot {
            let given: [(String, Bool)] = [
                ("replicationMethod", settings.replicationMethod != nil), ("syncIntervalSeconds", settings.syncIntervalSeconds != nil),
                ("syncCron", settings.syncCron != nil), ("syncDelaySeconds", settings.syncDelaySeconds != nil),
                ("queryCdcPullSyncParallelism", settings.queryCdcPullSyncParallelism != nil),
                ("pullWindowSizeSeconds", settings.pullWindowSizeSeconds != nil),
            ]
            for (field, isGiven) in given where isGiven {
                problems.append(Problem(path[field], "is only for replicationMode cdc and cdc_only"))
            }
        } else if settings.replicationMethod == nil {
            problems.append(Problem(path["replicationMethod"], "is required for replicationMode \(settings.replicationMode.rawValue)"))
        }
        if settings.syncIntervalSeconds != nil, settings.syncCron != nil {
            problems.append(Problem(path["syncCron"], "cannot be used with syncIntervalSeconds"))
        }
        for (index, mapping) in tableMappings.enumerated() {
            let path = Self.path["tableMappings"][index]
            if mapping.queryCdcWatermarkColumn != nil, settings.replicationMethod != .queryBased {
                problems.append(Problem(path["queryCdcWatermarkColumn"], "is only for replicationMethod query_based"))
            }
            if mapping.eventsFunction != nil, settings.replicationMethod != .eventsBased {
                problems.append(Problem(path["eventsFunction"], "is only for replicationMethod events_based"))
            }
        }
        return problems
    }
}
