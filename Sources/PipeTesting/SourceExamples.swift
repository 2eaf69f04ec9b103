public import PipeCore

/// Request bodies as the service's own reference shows them: one valid document for each way to use each source kind.
public enum SourceExamples {
    public static let kafka: JSONValue = [
        "type": "confluent", "format": "JSONEachRow", "brokers": "broker.example.com:9092", "topics": "my_topic",
        "consumerGroup": "clickpipes-consumer-group", "authentication": "PLAIN",
        "credentials": ["username": "my_user", "password": "s3cret-password"],
    ]

    public static let kinesis: JSONValue = [
        "format": "JSONEachRow", "streamName": "my-stream", "region": "us-east-1", "iteratorType": "TRIM_HORIZON",
        "authentication": "IAM_USER", "accessKey": ["accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretKey": "s3cret-key"],
    ]

    public static let s3: JSONValue = [
        "type": "s3", "url": "https://my-bucket.s3.amazonaws.com/data/*.json", "format": "JSONEachRow", "authentication": "IAM_USER",
        "accessKey": ["accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretKey": "s3cret-key"],
    ]

    public static let gcs: JSONValue = [
        "type": "gcs", "url": "gs://my-bucket/data/*.json", "format": "JSONEachRow", "authentication": "SERVICE_ACCOUNT",
        "serviceAccountKey": "czNjcmV0LWtleQ==",
    ]

    public static let azure: JSONValue = [
        "type": "azureblobstorage", "azureContainerName": "my-container", "path": "data/*.json", "format": "JSONEachRow",
        "authentication": "CONNECTION_STRING",
        "connectionString": "DefaultEndpointsProtocol=https;AccountName=me;AccountKey=s3cret;EndpointSuffix=core.windows.net",
    ]

    public static let pubsub: JSONValue = [
        "format": "JSONEachRow", "projectId": "my-gcp-project", "topic": "my-topic", "authentication": "SERVICE_ACCOUNT",
        "seekType": "earliest", "serviceAccountKey": ["serviceAccountFile": "czNjcmV0LWtleQ=="],
    ]

    public static let postgres: JSONValue = [
        "host": "postgres.example.com", "port": 5432, "database": "mydb",
        "credentials": ["username": "postgres_user", "password": "s3cret-password"],
        "settings": ["replicationMode": "cdc"],
        "tableMappings": [["sourceSchemaName": "public", "sourceTable": "users", "targetTable": "public_users"]],
    ]

    public static let mysql: JSONValue = [
        "host": "mysql.example.com", "port": 3306, "credentials": ["username": "mysql_user", "password": "s3cret-password"],
        "settings": ["replicationMode": "cdc"],
        "tableMappings": [["sourceSchemaName": "mydb", "sourceTable": "orders", "targetTable": "mydb_orders"]],
    ]

    public static let mongodb: JSONValue = [
        "uri": "mongodb+srv://cluster0.example.mongodb.net", "readPreference": "secondaryPreferred",
        "credentials": ["username": "mongo_user", "password": "s3cret-password"],
        "settings": ["replicationMode": "cdc"],
        "tableMappings": [["sourceDatabaseName": "mydb", "sourceCollection": "users", "targetTable": "mydb_users"]],
    ]

    public static let bigquery: JSONValue = [
        "snapshotStagingPath": "gs://my-staging-bucket/staging/", "credentials": ["serviceAccountFile": "czNjcmV0LWtleQ=="],
        "settings": ["replicationMode": "snapshot"],
        "tableMappings": [["sourceDatasetName": "my_dataset", "sourceTable": "my_table", "targetTable": "my_bigquery_table"]],
    ]

    /// All of them by the kind they belong to.
    public static let all: [String: [JSONValue]] = [
        "kafka": [kafka], "kinesis": [kinesis], "objectStorage": [s3, gcs, azure], "pubsub": [pubsub], "postgres": [postgres],
        "mysql": [mysql], "mongodb": [mongodb], "bigquery": [bigquery],
    ]
}
