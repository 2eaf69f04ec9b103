private import BigQueryConnector
private import KafkaConnector
private import KinesisConnector
private import MongoDBConnector
private import MySQLConnector
private import ObjectStorageConnector
public import PipeCore
private import PostgresConnector
private import PubSubConnector

/// The sources of this build: a new one is its folder, a line here and a call in Package.swift.
public enum Connectors {
    public static let all = SourceCatalog([
        KafkaConfiguration.self,
        KinesisConfiguration.self,
        PubSubConfiguration.self,
        ObjectStorageConfiguration.self,
        PostgresConfiguration.self,
        MySQLConfiguration.self,
        MongoDBConfiguration.self,
        BigQueryConfiguration.self,
    ])
}
