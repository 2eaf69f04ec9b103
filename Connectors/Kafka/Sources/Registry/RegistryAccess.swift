internal import PipeCore

extension KafkaConfiguration.SchemaRegistry {
    /// A registry as it is configured, ready to be asked.
    struct Access {
        var source: any SchemaSource
        var header: SchemaHeader.Kind
        /// The configuration pins a schema.
        var hasPin: Bool

        /// Nil without a registry. Throws ``PipeError``.
        init?(_ configuration: KafkaConfiguration.SchemaRegistry?) throws(PipeError) {
            guard let configuration else { return nil }
            switch configuration.type ?? .confluent {
            case .confluent:
                let registry = try ConfluentRegistry(configuration)
                source = registry
                header = .confluent
                hasPin = registry.hasPin
            case .glue:
                source = try GlueRegistry(configuration)
                header = .glue
                hasPin = false
            }
        }
    }
}
