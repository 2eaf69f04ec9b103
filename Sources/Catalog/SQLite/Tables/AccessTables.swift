internal import GRDB
internal import PipeCore

extension Table where Record == OrganizationRecord {
    static let organization = Table(
        name: "organization", key: "id",
        encode: {
            [
                "id": $0.id, "name": $0.name, "created_at": Milliseconds.since1970($0.createdAt),
                "enable_core_dumps": $0.enableCoreDumps,
            ]
        },
        decode: {
            OrganizationRecord(
                id: try $0.value("id"), name: try $0.value("name"), createdAt: try $0.date("created_at"),
                enableCoreDumps: try $0.value("enable_core_dumps"))
        })
}

extension Table where Record == KeyRecord {
    static let keys = Table(
        name: "api_key", key: "id",
        encode: {
            [
                "id": $0.id, "name": $0.name, "is_enabled": $0.isEnabled, "key_id_hash": $0.keyIDHash, "key_suffix": $0.keySuffix,
                "secret_hash": $0.secretHash, "roles": try JSONText.string($0.roles),
                "assigned_role_ids": try JSONText.string($0.assignedRoleIDs), "created_at": Milliseconds.since1970($0.createdAt),
                "expire_at": $0.expireAt.map(Milliseconds.since1970), "used_at": $0.usedAt.map(Milliseconds.since1970),
                "ip_access_list": try JSONText.string($0.ipAccessList),
            ]
        },
        decode: {
            KeyRecord(
                id: try $0.value("id"), name: try $0.value("name"), isEnabled: try $0.value("is_enabled"),
                keyIDHash: try $0.value("key_id_hash"), keySuffix: try $0.value("key_suffix"),
                secretHash: try $0.value("secret_hash"), roles: try $0.json("roles"),
                assignedRoleIDs: try $0.json("assigned_role_ids"), createdAt: try $0.date("created_at"),
                expireAt: try $0.optionalDate("expire_at"), usedAt: try $0.optionalDate("used_at"),
                ipAccessList: try $0.json("ip_access_list"))
        })
}

extension Table where Record == RoleRecord {
    static let roles = Table(
        name: "role", key: "id",
        encode: {
            [
                "id": $0.id, "name": $0.name, "actors": try JSONText.string($0.actors), "policies": try JSONText.string($0.policies),
                "created_at": Milliseconds.since1970($0.createdAt), "updated_at": Milliseconds.since1970($0.updatedAt),
            ]
        },
        decode: {
            RoleRecord(
                id: try $0.value("id"), name: try $0.value("name"), actors: try $0.json("actors"), policies: try $0.json("policies"),
                createdAt: try $0.date("created_at"), updatedAt: try $0.date("updated_at"))
        })
}

extension Table where Record == ActivityRecord {
    static let activities = Table(
        name: "activity", key: "id",
        encode: {
            [
                "id": $0.id, "created_at": Milliseconds.since1970($0.createdAt), "type": $0.type, "actor_type": $0.actorType,
                "actor_id": $0.actorID, "actor_details": $0.actorDetails, "actor_ip_address": $0.actorIPAddress,
                "user_agent": $0.userAgent, "service_id": $0.serviceID, "target_id": $0.targetID,
                "key_update_type": $0.keyUpdateType,
            ]
        },
        decode: {
            ActivityRecord(
                id: try $0.value("id"), createdAt: try $0.date("created_at"), type: try $0.value("type"),
                actorType: try $0.value("actor_type"), actorID: try $0.value("actor_id"),
                actorDetails: try $0.value("actor_details"), actorIPAddress: try $0.value("actor_ip_address"),
                userAgent: try $0.value("user_agent"), serviceID: try $0.optional("service_id"),
                targetID: try $0.optional("target_id"), keyUpdateType: try $0.optional("key_update_type"))
        })
}
