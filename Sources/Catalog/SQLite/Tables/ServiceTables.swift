internal import GRDB
internal import PipeCore

extension Table where Record == ServiceRecord {
    static let services = Table(
        name: "service", key: "id",
        encode: {
            [
                "id": $0.id, "configuration_name": $0.configurationName, "name": $0.name, "wanted": $0.wanted.rawValue,
                "created_at": Milliseconds.since1970($0.createdAt), "cdc_scaling": try $0.cdcScaling.map { try JSONText.string($0) },
            ]
        },
        decode: {
            ServiceRecord(
                id: try $0.value("id"), configurationName: try $0.value("configuration_name"), name: try $0.value("name"),
                wanted: try $0.word("wanted"), createdAt: try $0.date("created_at"), cdcScaling: try $0.optionalJSON("cdc_scaling"))
        })
}

extension Table where Record == PrivateEndpointRecord {
    static let privateEndpoints = Table(
        name: "private_endpoint", key: "id",
        encode: {
            [
                "id": $0.id, "service_id": $0.serviceID, "document": try JSONText.string($0.document),
                "created_at": Milliseconds.since1970($0.createdAt),
            ]
        },
        decode: {
            PrivateEndpointRecord(
                id: try $0.value("id"), serviceID: try $0.value("service_id"), document: try $0.json("document"),
                createdAt: try $0.date("created_at"))
        })
}
