internal import FoundationEssentials
internal import GRDB
internal import PipeCore

extension Table where Record == PipeRecord {
    /// Secrets pass through `sealer` on their way in and out.
    static func pipes(_ sealer: SecretSealer) -> Table {
        Table(
            name: "pipe", key: "id",
            encode: {
                [
                    "id": $0.id.rawValue, "service_id": $0.serviceID, "name": $0.name, "kind": $0.kind,
                    "source": try JSONText.string($0.source), "secrets": Data(try sealer.seal($0.secrets, of: $0.id)),
                    "destination": try JSONText.string($0.destination),
                    "field_mappings": try $0.fieldMappings.map { try JSONText.string($0) },
                    "settings": try JSONText.string($0.settings), "scaling": try $0.scaling.map { try JSONText.string($0) },
                    "wanted": $0.wanted.rawValue, "generation": $0.generation, "state": $0.state.rawValue,
                    "state_message": $0.stateMessage, "created_at": Milliseconds.since1970($0.createdAt),
                    "updated_at": Milliseconds.since1970($0.updatedAt),
                ]
            },
            decode: {
                let id = PipeID(try $0.value("id"))
                let sealed: Data = try $0.value("secrets")
                return PipeRecord(
                    id: id, serviceID: try $0.value("service_id"), name: try $0.value("name"), kind: try $0.value("kind"),
                    source: try $0.json("source"), secrets: try sealer.open(Array(sealed), of: id),
                    destination: try $0.json("destination"), fieldMappings: try $0.optionalJSON("field_mappings"),
                    settings: try $0.json("settings"), scaling: try $0.optionalJSON("scaling"), wanted: try $0.word("wanted"),
                    generation: try $0.value("generation"), state: try $0.word("state"),
                    stateMessage: try $0.optional("state_message"), createdAt: try $0.date("created_at"),
                    updatedAt: try $0.date("updated_at"))
            })
    }
}
