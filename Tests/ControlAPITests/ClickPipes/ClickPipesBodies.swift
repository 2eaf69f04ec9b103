import PipeCore

/// Request bodies of the shapes the official documentation and clients send.
enum PipeBodies {
    static let base64 = "eyJ0eXBlIjoic2VydmljZV9hY2NvdW50In0="

    static let table: JSONValue = [
        "table": "my_table", "managedTable": true, "tableDefinition": ["engine": ["type": "MergeTree"]],
        "columns": [["name": "id", "type": "UInt64"], ["name": "message", "type": "String"]],
    ]

    static let kafka = pipe(
        "kafka",
        [
            "type": "confluent", "format": "JSONEachRow", "brokers": "broker.example.com:9092", "topics": "my_topic",
            "consumerGroup": "clickpipes-consumer-group", "authentication": "PLAIN",
            "credentials": ["username": "my_user", "password": "my_password"],
        ])

    static let kinesis = pipe(
        "kinesis",
        [
            "format": "JSONEachRow", "streamName": "my-stream", "region": "us-east-1", "iteratorType": "TRIM_HORIZON",
            "authentication": "IAM_USER", "accessKey": ["accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretKey": "my_password"],
        ])

    static let s3 = pipe(
        "objectStorage",
        [
            "type": "s3", "url": "https://my-bucket.s3.amazonaws.com/data/*.json", "format": "JSONEachRow",
            "authentication": "IAM_USER", "accessKey": ["accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretKey": "my_password"],
        ])

    static let gcs = pipe(
        "objectStorage",
        [
            "type": "gcs", "url": "gs://my-bucket/data/*.json", "format": "JSONEachRow", "authentication": "SERVICE_ACCOUNT",
            "serviceAccountKey": .string(base64),
        ])

    static let azure = pipe(
        "objectStorage",
        [
            "type": "azureblobstorage", "azureContainerName": "my-container", "path": "data/*.json", "format": "JSONEachRow",
            "authentication": "CONNECTION_STRING",
            "connectionString":
                "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=my_password;EndpointSuffix=core.windows.net",
        ])

    static let pubsub = pipe(
        "pubsub",
        [
            "format": "JSONEachRow", "projectId": "my-project", "topic": "my-topic", "authentication": "SERVICE_ACCOUNT",
            "seekType": "earliest", "serviceAccountKey": ["serviceAccountFile": .string(base64)],
        ])

    static let postgres = pipe(
        "postgres",
        [
            "host": "postgres.example.com", "port": 5432, "database": "mydb",
            "credentials": ["username": "postgres_user", "password": "my_password"], "settings": ["replicationMode": "cdc"],
            "tableMappings": [["sourceSchemaName": "public", "sourceTable": "users", "targetTable": "public_users"]],
        ], ["database": "default"])

    static let mysql = pipe(
        "mysql",
        [
            "host": "mysql.example.com", "port": 3306, "credentials": ["username": "mysql_user", "password": "my_password"],
            "settings": ["replicationMode": "cdc"],
            "tableMappings": [["sourceSchemaName": "mydb", "sourceTable": "orders", "targetTable": "mydb_orders"]],
        ], ["database": "default"])

    static let mongodb = pipe(
        "mongodb",
        [
            "uri": "mongodb+srv://cluster0.example.mongodb.net", "readPreference": "secondaryPreferred",
            "credentials": ["username": "mongo_user", "password": "my_password"], "settings": ["replicationMode": "cdc"],
            "tableMappings": [["sourceDatabaseName": "mydb", "sourceCollection": "users", "targetTable": "mydb_users"]],
        ], ["database": "default"])

    static let bigquery = pipe(
        "bigquery",
        [
            "snapshotStagingPath": "gs://my-staging-bucket/staging/", "credentials": ["serviceAccountFile": .string(base64)],
            "settings": ["replicationMode": "snapshot"],
            "tableMappings": [["sourceDatasetName": "my_dataset", "sourceTable": "my_table", "targetTable": "my_target"]],
        ], ["database": "default"])

    static let all = [kafka, kinesis, s3, gcs, azure, pubsub, postgres, mysql, mongodb, bigquery]

    private static func pipe(_ kind: String, _ arm: JSONValue, _ destination: JSONValue = table) -> JSONValue {
        var source: JSONValue = [:]
        source[kind] = arm
        return ["name": .string("My \(kind) pipe"), "source": source, "destination": destination]
    }
}

extension JSONValue {
    /// This document with the member at a dotted path replaced; nil removes it.
    func setting(_ path: String, to value: JSONValue?) -> JSONValue {
        guard let dot = path.firstIndex(of: ".") else {
            var copy = self
            copy[path] = value
            return copy
        }
        let first = String(path[..<dot])
        var copy = self
        copy[first] = (self[first] ?? [:]).setting(String(path[path.index(after: dot)...]), to: value)
        return copy
    }

    func removing(_ path: String) -> JSONValue { setting(path, to: nil) }

    subscript(path path: String) -> JSONValue? {
        path.split(separator: ".").reduce(Optional(self)) { $0?[String($1)] }
    }

    /// Whether `self` holds every member of `other`, however deep.
    func contains(_ other: JSONValue) -> Bool {
        guard case .object(let members) = other else { return self == other }
        return members.allSatisfy { self[$0.key]?.contains($0.value) == true }
    }
}

/// Fixes the type of a literal, which the compiler otherwise tries to guess in comparisons, slowly.
func json(_ value: JSONValue) -> JSONValue { value }
